"""Meta's webhooks: who they come from, and what is in them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.callback import Callback, EventKind, Forbidden, ProviderEvent, Unreadable
from gateway.domain.lifecycle import MessageState
from gateway.providers.meta import MetaProvider
from tests.providers.kits import ATTEMPT, FROM, NOW, settings
from tests.providers.message_kits import MetaKit, meta_body, meta_callback, meta_status

DATA = json.loads((Path(__file__).parent / "data/meta.json").read_text())
KIT = MetaKit()
M, STATUS, INBOUND, NOTICE = (
    MessageState,
    EventKind.MESSAGE_STATUS,
    EventKind.INBOUND,
    EventKind.NOTICE,
)
# Each captured body with the sender it is about, and what is in it.
CAPTURED: dict[str, list[tuple[EventKind, object]]] = {
    "me-sent-2023": [(STATUS, M.SENT)],
    "me-read-2025": [(STATUS, M.READ)],
    "me-sent-2024-utility": [(STATUS, M.SENT)],
    "me-inbound-text-2024": [(INBOUND, "B")],
    "me-inbound-text-pywa-signed-2024": [(INBOUND, "Hey there! I am using PyWa.")],
    "me-doc-sent-marketing": [(STATUS, M.SENT)],
    "me-doc-failed-131049": [(STATUS, M.FAILED)],
    "me-doc-inbound-text": [(INBOUND, "Does it come in another color?")],
    "me-test-three-statuses": [(STATUS, M.SENT), (STATUS, M.READ), (STATUS, M.FAILED)],
    "me-test-131047": [(STATUS, M.FAILED)],
    "me-pywa-delivered": [(STATUS, M.DELIVERED)],
    "me-pywa-played": [(STATUS, M.READ)],
    "me-pywa-group": [(STATUS, M.READ)],
    "me-pywa-button": [(INBOUND, "title")],
    "me-pywa-call-status": [(NOTICE, None)],
    "me-pywa-call-terminate": [(NOTICE, None), (NOTICE, None)],
    "me-courier-duplicate": [(INBOUND, "Hello World"), (INBOUND, "Hello World")],
    "me-courier-error-status": [(STATUS, M.FAILED)],
    "me-courier-error-errors": [(NOTICE, None)],
    "me-courier-voice": [(INBOUND, "")],
    "me-courier-error-msg": [(INBOUND, "Hello World")],
}


def about(body: str) -> MetaProvider:
    """A provider whose sender is the one that this body is about."""
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    sender = value.get("metadata", {}).get("phone_number_id", "106540352242922")
    return MetaProvider(settings(**{**KIT.live, "meta_phone_number_id": sender}))


def parse(body: bytes, provider: MetaProvider | None = None) -> list[ProviderEvent]:
    provider = provider or MetaProvider(settings(**KIT.live))
    callback = meta_callback(KIT.current_secret, body)
    return list(provider.parse(callback, provider.verify(callback, NOW)))


def captured(name: str) -> list[ProviderEvent]:
    (body,) = (item["body"] for item in DATA["payloads"] if item["id"] == name)
    return parse(body.encode(), about(body))


def told(word: str = "delivered", **changes: Any) -> ProviderEvent:
    (event,) = parse(meta_body(statuses=[meta_status(word, **changes)]))
    return event


def written(**message: Any) -> ProviderEvent:
    given = {"from": "15005550011", "id": "wamid.in", "timestamp": "1795291190", **message}
    (event,) = parse(meta_body(messages=[given]))
    return event


@pytest.mark.row("F3")
@pytest.mark.parametrize("vector", DATA["vectors"], ids=lambda vector: vector["id"])
def test_signatures_are_judged_as_they_should_be(vector: dict[str, Any]) -> None:
    provider = MetaProvider(settings(**{**KIT.live, "meta_app_secret": vector["key"]}))
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    callback = Callback("POST", "meta/events", "", "", headers, vector["body"].encode())
    if vector["valid"]:
        assert provider.verify(callback, NOW).key == "current"
    else:
        with pytest.raises(Forbidden):
            provider.verify(callback, NOW)


@pytest.mark.parametrize("name", [item["id"] for item in DATA["payloads"]])
def test_captured_deliveries_are_understood(name: str) -> None:
    events = captured(name)
    found = [(event.kind, event.inbound.text if event.inbound else event.state) for event in events]
    assert found == CAPTURED[name]
    assert all(event.account for event in events)


@pytest.mark.row("D3")
def test_a_part_read_again_gives_the_same_event() -> None:
    for item in DATA["payloads"]:
        for event in captured(item["id"]):
            assert event.part is not None
            assert parse(event.part.encode(), about(item["body"])) == [event]
            assert "Test User" not in event.part  # names are no use to us


@pytest.mark.row("D3")
def test_one_message_told_twice_in_a_delivery_is_one_event() -> None:
    one, other = captured("me-courier-duplicate")
    assert one.dedup_key == other.dedup_key
    keys = {told(word).dedup_key for word in ("sent", "delivered", "read", "failed")}
    assert len(keys) == 4
    assert told("read").dedup_key == told("read", timestamp="1795291999").dedup_key


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        (131047, "permanent", "window_closed"),
        (131026, "permanent", "undeliverable"),
        (131049, "permanent", "carrier_filtered"),
        (131056, "temporary", "throttled"),
        (131000, "temporary", "provider_error"),
        (132012, "technical", "template"),
        (131042, "technical", "configuration"),
        (131014, "technical", "provider_error"),
    ],
)
def test_a_failure_says_why(code: int, kind: str, reason: str) -> None:
    event = told("failed", errors=[{"title": "no code"}, {"code": code}])
    assert event.state is M.FAILED
    assert event.failure is not None
    assert (event.failure.failure_class, event.failure.reason) == (kind, reason)
    assert event.failure.provider_code == str(code)


def test_a_failure_without_a_code_is_a_failure() -> None:
    odds: list[Any] = [None, [], {}, [None], [{"code": "131026"}], [{"code": True}]]
    for errors in odds:
        event = told("failed", errors=errors)
        assert (event.state, event.failure) == (M.FAILED, None)


def test_a_status_names_attempt_and_moment() -> None:
    event = told("read")
    assert (event.attempt_id, event.state) == (ATTEMPT, M.READ)
    assert event.occurred_at == datetime(2026, 11, 21, 19, 59, 50, tzinfo=UTC)
    odd = told("warning", timestamp="soon", biz_opaque_callback_data="somebody else's")
    assert (odd.state, odd.occurred_at, odd.attempt_id) == (None, None, None)


@pytest.mark.parametrize(
    ("message", "text", "media"),
    [
        ({"type": "text", "text": {"body": "1"}}, "1", 0),
        ({"type": "image", "image": {"id": "9", "caption": "see"}}, "see", 1),
        ({"type": "sticker", "sticker": {"id": "9"}}, "", 1),
        ({"type": "button", "button": {"text": "Yes", "payload": "p"}}, "Yes", 0),
        ({"type": "interactive", "interactive": {"list_reply": {"title": "Two"}}}, "Two", 0),
        ({"type": "location", "location": {"latitude": 1}}, "", 0),
        ({"type": "text", "text": "odd"}, "", 0),
    ],
)
def test_what_somebody_wrote_is_read_and_attachments_are_counted(
    message: dict[str, Any], text: str, media: int
) -> None:
    event = written(**message, context={"id": "wamid.out"})
    assert event.inbound is not None
    assert (event.inbound.text, event.inbound.media) == (text, media)
    assert (event.inbound.from_, event.inbound.to) == ("+15005550011", FROM)
    assert (event.inbound.channel, event.inbound.reply_to) == ("whatsapp", "wamid.out")


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        ({"type": "button", "button": {"text": "Yes", "payload": "confirm"}}, "confirm"),
        ({"type": "interactive", "interactive": {"button_reply": {"id": "3", "title": "No"}}}, "3"),
        ({"type": "interactive", "interactive": {"list_reply": {"id": "move"}}}, "move"),
        ({"type": "interactive", "interactive": {"button_reply": {"id": 3}}}, None),
        ({"type": "text", "text": {"body": "1"}}, None),
    ],
)
def test_a_button_that_was_pressed_brings_what_it_stands_for(
    message: dict[str, Any], payload: str | None
) -> None:
    event = written(**message)
    assert event.inbound is not None
    assert event.inbound.payload == payload


def test_what_nobody_said_and_what_is_anothers_is_only_noticed() -> None:
    assert written(type="reaction", reaction={"emoji": "x"}).kind is NOTICE
    assert written(type="system", system={"body": "new number"}).kind is NOTICE
    other = {"phone_number_id": "999"}
    for value in ({"statuses": [meta_status()]}, {"messages": [{"id": "x", "from": "1"}]}):
        (event,) = parse(meta_body(metadata=other, **value))
        assert (event.kind, event.attempt_id, event.inbound) == (NOTICE, None, None)
    (event,) = parse(meta_body("message_template_status_update", event="APPROVED"))
    assert (event.kind, event.provider_status) == (NOTICE, "message_template_status_update")


@pytest.mark.row("D3")
def test_a_thing_that_cant_be_read_stops_no_other_and_is_kept() -> None:
    odd: list[Any] = [None, 7, {}, {"id": 5}, {"id": "x"}, {"id": "x" * 201, "status": "sent"}]
    events = parse(meta_body(statuses=[meta_status("sent"), *odd, meta_status("read")]))
    assert [event.state for event in events] == [M.SENT, *[None] * len(odd), M.READ]
    assert len({event.dedup_key for event in events}) == len(events)
    for event in events[1:-1]:
        with pytest.raises(Unreadable):
            parse(str(event.part).encode())
    whole = json.loads(meta_body(statuses=[meta_status()]))
    whole["entry"] += [None, {"changes": [5, {"value": None}]}]
    events = parse(json.dumps(whole).encode())
    assert [event.state for event in events] == [M.DELIVERED, None, None, None]
    for event in events[1:]:
        with pytest.raises(Unreadable):
            parse(str(event.part).encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"null", b'{"entry": []}', b"\xff", b"[" * 100_000,
     b'{"entry": [{"changes": []}]}', b'{"entry":' + b"[" * 5000 + b"]" * 5000 + b"}"],
)  # fmt: skip
def test_what_is_no_delivery_is_kept_as_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(body)
