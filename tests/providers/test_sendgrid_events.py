"""SendGrid's event webhook: who it comes from, and what each event says."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.callback import Callback, EventKind, Forbidden, ProviderEvent, Unreadable
from gateway.domain.lifecycle import MessageState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.providers.sendgrid import SendGridProvider
from tests.providers.kits import ATTEMPT, NOW, settings
from tests.providers.message_kits import EMAIL_ID, SendGridKit, email_event, sendgrid_callback

DATA = json.loads((Path(__file__).parent / "data/sendgrid.json").read_text())
KIT = SendGridKit()
PROVIDER = KIT.make(settings(**KIT.live))
M, P = MessageState, FailureClass.PERMANENT


def parse(body: bytes) -> list[ProviderEvent]:
    callback = sendgrid_callback("c0ffee", body)
    return list(PROVIDER.parse(callback, PROVIDER.verify(callback, NOW)))


def told(word: str = "delivered", **changes: Any) -> ProviderEvent:
    (event,) = parse(json.dumps([email_event(word, **changes)]).encode())
    return event


def payload(name: str) -> list[ProviderEvent]:
    (body,) = (item["body"] for item in DATA["payloads"] if item["id"] == name)
    return parse(body.encode())


@pytest.mark.row("F3")
@pytest.mark.parametrize("vector", DATA["vectors"], ids=lambda vector: vector["id"])
def test_signatures_are_judged_as_they_should_be(vector: dict[str, Any]) -> None:
    live = {**KIT.live, "sendgrid_webhook_public_key": vector["key"]}
    provider = SendGridProvider(settings(**live, sandbox_url="http://127.0.0.1:1"))
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    body = vector["body"].encode()
    callback = Callback("POST", "sendgrid/events", "", "", headers, body)
    now = datetime.fromtimestamp(vector["now"], UTC)
    if vector["valid"]:
        assert provider.verify(callback, now).accounts == ("sendgrid:live",)
    else:
        with pytest.raises(Forbidden):
            provider.verify(callback, now)


@pytest.mark.row("F3")
def test_a_delivery_is_taken_as_long_as_it_is_repeated_and_no_longer() -> None:
    callback = sendgrid_callback("c0ffee", b"[]")
    for age in (timedelta(seconds=-299), timedelta(0), timedelta(hours=24, minutes=59)):
        assert PROVIDER.verify(callback, NOW + age).key == "current"
    for age in (timedelta(seconds=-301), timedelta(hours=25, seconds=1)):
        with pytest.raises(Forbidden):
            PROVIDER.verify(callback, NOW + age)


@pytest.mark.row("F3")
def test_a_signature_in_another_spelling_is_none() -> None:
    good = sendgrid_callback("c0ffee", b"[]")
    name = "x-twilio-email-event-webhook-signature"
    raw = good.headers[name]
    for odd in (raw + "\n", f" {raw}", raw.rstrip("="), base64.b64decode(raw).hex(), ""):
        if odd != raw:
            headers = {**good.headers, name: odd}
            with pytest.raises(Forbidden):
                PROVIDER.verify(Callback(**{**good.__dict__, "headers": headers}), NOW)


@pytest.mark.parametrize(
    ("name", "kind", "state", "failure"),
    [
        ("sg-anymail-processed-1", EventKind.MESSAGE_STATUS, M.SENT, None),
        ("sg-anymail-delivered-1", EventKind.MESSAGE_STATUS, M.DELIVERED, None),
        ("sg-anymail-dropped-1", EventKind.MESSAGE_STATUS, M.FAILED,
         Failure(P, Reason.INVALID_ADDRESS)),
        ("sg-anymail-dropped-2", EventKind.MESSAGE_STATUS, M.FAILED,
         Failure(P, Reason.UNREACHABLE, "5.0.0")),
        ("sg-anymail-dropped-3", EventKind.MESSAGE_STATUS, M.FAILED, Failure(P, Reason.OPTED_OUT)),
        ("sg-anymail-deferred-1", EventKind.MESSAGE_STATUS, None, None),
        ("sg-anymail-open-1", EventKind.MESSAGE_STATUS, M.READ, None),
        ("sg-anymail-click-1", EventKind.MESSAGE_STATUS, None, None),
    ],
)  # fmt: skip
def test_captured_events_are_understood(
    name: str, kind: EventKind, state: MessageState | None, failure: Failure | None
) -> None:
    (event,) = payload(name)
    assert (event.kind, event.state, event.failure) == (kind, state, failure)
    assert event.account == "sendgrid:live"
    assert event.occurred_at is not None


@pytest.mark.row("C9")
def test_every_event_of_the_documentation_is_one_of_its_own() -> None:
    events = payload("sg-doc-all-events")
    words = ["processed", "deferred", "delivered", "open", "click", "bounce", "dropped",
             "spamreport", "unsubscribe", "group_unsubscribe", "group_resubscribe"]  # fmt: skip
    assert [event.provider_status for event in events] == words
    assert len({event.dedup_key for event in events}) == len(words)
    opted_out = [event.provider_status for event in events if event.kind is EventKind.OPT_OUT]
    assert opted_out == ["spamreport", "unsubscribe", "group_unsubscribe"]
    states = [M.SENT, None, M.DELIVERED, M.READ, None, M.UNDELIVERED, M.FAILED] + [None] * 4
    assert [event.state for event in events] == states


@pytest.mark.row("D3")
def test_a_part_read_again_gives_the_same_event() -> None:
    for item in DATA["payloads"]:
        for event in payload(item["id"]):
            assert event.part is not None
            assert parse(event.part.encode()) == [event]


@pytest.mark.row("D3")
def test_two_deliveries_of_one_event_are_equal_and_two_events_are_not() -> None:
    one, other = email_event("delivered"), email_event("open")
    together = parse(json.dumps([one, other]).encode())
    apart = parse(json.dumps([one]).encode()) + parse(json.dumps([other]).encode())
    assert [event.dedup_key for event in together] == [event.dedup_key for event in apart]
    assert together[0].dedup_key != together[1].dedup_key
    assert told(sg_event_id="a").dedup_key != told(sg_event_id="b").dedup_key


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ({}, EMAIL_ID),
        ({"sg_message_id": f"{EMAIL_ID}.recvd-5f54b5d587-pczjm-1-6259B0D7-7.0"}, EMAIL_ID),
        ({"sg_message_id": f"{EMAIL_ID}.something-else-0"}, EMAIL_ID),
        ({"sg_message_id": EMAIL_ID}, EMAIL_ID),
        ({"sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"},
         "14c5d75ce93.dfd.64b469"),
        ({"sg_message_id": "filter0093p1las1.9128.5717FB8127.0"}, EMAIL_ID),
        ({"sg_message_id": None}, EMAIL_ID),
        ({"sg_message_id": "odd", "smtp-id": None}, "odd"),
    ],
)  # fmt: skip
def test_the_message_is_named_as_it_was_when_it_was_taken(
    ids: dict[str, Any], expected: str
) -> None:
    event = told(**ids)
    assert (event.external_id, event.attempt_id) == (expected, ATTEMPT)


@pytest.mark.parametrize(
    ("facts", "kind", "reason", "code"),
    [
        ({"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no"}, "permanent",
         "unreachable", "5.1.1"),
        ({"type": "bounce", "status": "5.2.2", "reason": "552 full"}, "permanent", "undeliverable",
         "5.2.2"),
        ({"type": "bounce", "reason": "550 5.7.1 go away"}, "permanent", "blocked", "5.7.1"),
        ({"type": "bounce", "reason": "500 unknown recipient"}, "permanent", "unreachable", "5"),
        ({"type": "blocked", "status": "5.7.1", "reason": "550 spam"}, "temporary", "blocked",
         "5.7.1"),
        ({"type": "bounce", "status": "4.4.1", "reason": "421 later"}, "temporary",
         "undeliverable", "4.4.1"),
        ({}, "permanent", "unreachable", None),
    ],
)  # fmt: skip
def test_a_bounce_says_whether_the_address_is_any_good(
    facts: dict[str, str], kind: str, reason: str, code: str | None
) -> None:
    event = told("bounce", **facts)
    assert event.state is M.UNDELIVERED
    assert event.failure is not None
    assert (event.failure.failure_class, event.failure.reason) == (kind, reason)
    assert (event.failure.provider_code or "").startswith(code or "")


def test_a_machine_that_opens_every_mail_has_read_none() -> None:
    assert told("open", sg_machine_open=True).state is None
    assert told("open", sg_machine_open=False).state is M.READ


def test_times_are_seconds_or_milliseconds() -> None:
    expected = datetime(2026, 11, 21, 19, 59, 50, tzinfo=UTC)
    for value in (1795291190, "1795291190", 1795291190000):
        assert told(timestamp=value).occurred_at == expected
    odds: list[Any] = [None, -1, 0, 1.5, True, "soon", 10**30, {}]
    for odd in odds:
        assert told(timestamp=odd).occurred_at is None


@pytest.mark.row("D3")
def test_an_event_that_cant_be_read_stops_no_other_and_is_kept() -> None:
    odd: list[Any] = [None, 7, [], {}, {"event": "open"}, {"event": 5, "sg_message_id": "x"}]
    events = parse(json.dumps([email_event(), *odd, email_event("open")]).encode())
    assert [event.state for event in events] == [M.DELIVERED, *[None] * len(odd), M.READ]
    assert len({event.dedup_key for event in events}) == len(events)
    for event in events[1:-1]:
        with pytest.raises(Unreadable):
            parse(str(event.part).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]\r\n", b"{}", b"null", b"[1]", b"\xff", b"[" * 100_000, b"[" * 5000 + b"]" * 5000],
)
def test_what_is_no_batch_is_kept_as_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(body)
