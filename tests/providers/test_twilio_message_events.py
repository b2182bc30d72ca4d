"""What Twilio's callbacks about messages become."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlencode

import pytest

from gateway.domain.callback import EventKind, Inbound, ProviderEvent, Unreadable, Verified
from gateway.domain.lifecycle import MessageState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.providers.twilio import TwilioProvider
from tests.providers.kits import (
    ATTEMPT,
    CALL_SID,
    FROM,
    LIVE_SID,
    MESSAGE_SID,
    NOW,
    TO,
    settings,
    twilio_callback,
)

CAPTURED = json.loads((Path(__file__).parent / "data" / "twilio_messages.json").read_text())
NUMBER = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX1"
PROVIDER = TwilioProvider(settings(twilio_account_sid=NUMBER, twilio_auth_token="token"))

UNREADABLE = {
    "tw-courier-status-stop",  # no account
    "tw-courier-status-rate-limit",
    "tw-sms-rapidpro-delivered",  # ids shortened or replaced by the publisher
    "tw-sms-va-delivered",
    "tw-sms-inbound-addons",
    "tw-sms-botbuilder-nomediapayload",
    "tw-sms-botbuilder-mediapayload",
    "sw-sms-rapidpro-sent",  # another carrier's ids
}


def parse(
    path: str, parameters: dict[str, str], query: str = f"attempt={ATTEMPT}"
) -> ProviderEvent:
    callback = twilio_callback("token", urlencode(parameters).encode(), path, query)
    (event,) = PROVIDER.parse(callback, Verified((LIVE_SID,), "current", "digest"))
    return event


def status(word: str | None, **parameters: str) -> ProviderEvent:
    known = {"AccountSid": LIVE_SID, "MessageSid": MESSAGE_SID, "To": TO, "From": FROM}
    words = {"MessageStatus": word, "SmsStatus": word} if word is not None else {}
    return parse("twilio/messages", {**known, **words, **parameters})


@pytest.mark.row("F2")
@pytest.mark.row("F3")
@pytest.mark.parametrize("payload", CAPTURED, ids=lambda payload: payload["id"])
def test_captured_callbacks_are_verified_and_read_or_kept_with_a_reason(
    payload: dict[str, str],
) -> None:
    callback = twilio_callback("token", payload["body"].encode(), payload["path"], "")
    verified = PROVIDER.verify(callback, NOW)
    assert verified.accounts == (NUMBER,)
    if payload["id"] in UNREADABLE:
        with pytest.raises(Unreadable, match=r"\w"):
            PROVIDER.parse(callback, verified)
        return
    (event,) = PROVIDER.parse(callback, verified)
    told = {name: values[0] for name, values in parse_qs(payload["body"]).items()}
    assert (event.account, event.external_id) == (NUMBER, told["MessageSid"])
    if payload["path"] == "twilio/messages":
        assert (event.kind, event.provider_status) == (
            EventKind.MESSAGE_STATUS,
            told["MessageStatus"],
        )
        assert event.state == told["MessageStatus"]
    else:
        whatsapp = told["From"].startswith("whatsapp:")
        assert event.kind is EventKind.INBOUND
        assert event.inbound == Inbound(
            channel="whatsapp" if whatsapp else "sms",
            from_=told["From"].removeprefix("whatsapp:"),
            to=told["To"].removeprefix("whatsapp:"),
            text=told.get("Body", ""),
            media=int(told["NumMedia"]),
            payload=told.get("ButtonPayload"),
        )


def test_all_published_callbacks_about_messages_are_here() -> None:
    assert len(CAPTURED) == 22


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("accepted", MessageState.QUEUED),
        ("scheduled", MessageState.QUEUED),
        ("queued", MessageState.QUEUED),
        ("sending", MessageState.QUEUED),
        ("sent", MessageState.SENT),
        ("delivered", MessageState.DELIVERED),
        ("undelivered", MessageState.UNDELIVERED),
        ("failed", MessageState.FAILED),
        ("canceled", MessageState.CANCELED),
        ("read", MessageState.READ),
        ("teleported", None),
    ],
)
def test_twilios_words_become_ours_and_an_unknown_one_is_kept(
    word: str, state: MessageState | None
) -> None:
    event = status(word)
    assert (event.kind, event.state) == (EventKind.MESSAGE_STATUS, state)
    assert (event.provider_status, event.attempt_id) == (word, ATTEMPT)
    assert (event.external_id, event.account) == (MESSAGE_SID, LIVE_SID)


ENDINGS = [
    ("failed", "21610", FailureClass.PERMANENT, Reason.OPTED_OUT),
    ("undelivered", "30003", FailureClass.TEMPORARY, Reason.UNREACHABLE),
    ("undelivered", "30004", FailureClass.PERMANENT, Reason.BLOCKED),
    ("undelivered", "30005", FailureClass.PERMANENT, Reason.UNREACHABLE),
    ("undelivered", "30006", FailureClass.PERMANENT, Reason.UNREACHABLE),
    ("undelivered", "30007", FailureClass.PERMANENT, Reason.CARRIER_FILTERED),
    ("undelivered", "30008", FailureClass.PERMANENT, Reason.UNDELIVERABLE),
    ("undelivered", "30034", FailureClass.TECHNICAL, Reason.CONFIGURATION),
    ("failed", "30001", FailureClass.TEMPORARY, Reason.THROTTLED),
    ("failed", "30500", FailureClass.TEMPORARY, Reason.PROVIDER_ERROR),
    ("failed", "60005", FailureClass.TEMPORARY, Reason.PROVIDER_ERROR),
    ("failed", "63003", FailureClass.PERMANENT, Reason.INVALID_NUMBER),
    ("failed", "63016", FailureClass.PERMANENT, Reason.WINDOW_CLOSED),
    ("failed", "63018", FailureClass.TEMPORARY, Reason.THROTTLED),
    ("undelivered", "63026", FailureClass.PERMANENT, Reason.UNDELIVERABLE),
    ("failed", "39999", FailureClass.TEMPORARY, Reason.PROVIDER_ERROR),
    ("undelivered", "39999", FailureClass.PERMANENT, Reason.UNDELIVERABLE),
    ("failed", "", FailureClass.TEMPORARY, Reason.PROVIDER_ERROR),
    ("canceled", "0", FailureClass.TECHNICAL, Reason.CANCELED),
]


@pytest.mark.parametrize(("word", "code", "kind", "reason"), ENDINGS)
def test_an_ending_without_success_says_why(
    word: str, code: str, kind: FailureClass, reason: Reason
) -> None:
    failure = status(word, ErrorCode=code).failure
    assert failure is not None
    assert (failure.failure_class, failure.reason) == (kind, reason)
    assert failure.provider_code == (code if code not in ("", "0") else None)


def test_what_arrived_has_no_failure_whatever_code_came_along() -> None:
    assert status("delivered", ErrorCode="30008").failure is None


def test_the_parameters_of_a_channel_change_nothing() -> None:
    event = status(
        "read",
        EventType="READ",
        ChannelPrefix="whatsapp",
        ChannelToAddress="+91848951XXXX",
        ChannelInstallSid="XE" + "0" * 32,
        ChannelStatusMessage="",
        StructuredMessage="false",
        RawDlrDoneDate="2303222338",
        MessagingServiceSid="MG" + "0" * 32,
    )
    assert (event.state, event.dedup_key) == (MessageState.READ, status("read").dedup_key)


def test_the_older_name_of_the_status_will_do() -> None:
    assert status(None, SmsStatus="sent").state is MessageState.SENT


@pytest.mark.parametrize("word", ["receiving", "received"])
def test_a_status_of_what_somebody_else_sent_is_only_a_notice(word: str) -> None:
    event = status(word)
    assert (event.kind, event.state) == (EventKind.NOTICE, None)


def test_equal_news_have_equal_keys_and_other_news_have_others() -> None:
    assert status("sent").dedup_key == status("sent", To="+12").dedup_key
    different = [
        status("sent"),
        status("delivered"),
        status("undelivered"),
        status("undelivered", ErrorCode="30008"),
        status("sent", MessageSid="SM" + "1" * 32),
    ]
    assert len({event.dedup_key for event in different}) == len(different)


@pytest.mark.parametrize(
    "parameters",
    [{"MessageSid": "SM1"}, {"MessageSid": ""}, {"MessageSid": CALL_SID}, {"MessageStatus": "a b"}],
)
def test_a_broken_status_is_unreadable(parameters: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        status("sent", **parameters)
    with pytest.raises(Unreadable):
        status(None)
