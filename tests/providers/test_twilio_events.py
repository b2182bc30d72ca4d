"""What Twilio's callbacks become."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.domain.callback import EventKind, ProviderEvent, Unreadable, Verified
from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.providers.twilio import TwilioProvider
from tests.providers.kits import ATTEMPT, CALL_SID, LIVE_SID, settings, twilio_callback

PAYLOADS = json.loads((Path(__file__).parent / "data" / "payloads.json").read_text())
CAPTURED = [payload for payload in PAYLOADS if payload["path"].startswith("twilio/")]
PROVIDER = TwilioProvider(settings())
NUMBER = "ACXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX1"
GT = "GT" + "0" * 32

UNREADABLE = {
    "tw-voice-test-completed",  # no account, a made-up SID
    "tw-voice-test-amd-in-answer-request",
    "tw-voice-test-busy",
    "tw-voice-test-child-busy-errorcode",
    "tw-amd-test-machine",
    "tw-voice-inbound-ringing-stir-2023",  # inbound calls are not handled yet
    "tw-voice-inbound-ringing-stir-2024",
    "tw-voice-intelligence",  # JSON
}


def parse(path: str, body: bytes | dict[str, str], query: str = f"attempt={ATTEMPT}") -> Any:
    raw = body if isinstance(body, bytes) else urlencode(body).encode()
    callback = twilio_callback("token", raw, path, query)
    (event,) = PROVIDER.parse(callback, Verified((LIVE_SID, NUMBER), "current", "digest"))
    return event


def voice(**parameters: str) -> ProviderEvent:
    known = {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "CallStatus": "completed"}
    event: ProviderEvent = parse("twilio/voice", {**known, **parameters})
    return event


def utterance(**parameters: str) -> ProviderEvent:
    known = {
        "AccountSid": LIVE_SID,
        "CallSid": CALL_SID,
        "TranscriptionSid": GT,
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": '{"transcript": "Sim, obrigada", "confidence": 0.9}',
        "Track": "inbound_track",
        "Final": "true",
        "SequenceId": "4",
        "Timestamp": "2026-11-21T10:00:05.123456789Z",
    }
    event: ProviderEvent = parse("twilio/transcription", {**known, **parameters})
    return event


@pytest.mark.parametrize("payload", CAPTURED, ids=lambda payload: payload["id"])
def test_captured_callbacks_are_read_or_kept_with_a_reason(payload: dict[str, str]) -> None:
    callback = twilio_callback("token", payload["body"].encode(), payload["path"], "")
    callback = type(callback)(
        **{**callback.__dict__, "headers": {"content-type": payload["content_type"]}}
    )
    verified = Verified((NUMBER,), "current", "digest")
    if payload["id"] in UNREADABLE:
        with pytest.raises(Unreadable, match=r"\w"):
            PROVIDER.parse(callback, verified)
    else:
        (event,) = PROVIDER.parse(callback, verified)
        assert event.account == NUMBER
        assert event.external_id.startswith("CA")


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("queued", CallState.QUEUED),
        ("initiated", CallState.INITIATED),
        ("ringing", CallState.RINGING),
        ("in-progress", CallState.IN_PROGRESS),
        ("completed", CallState.COMPLETED),
        ("busy", CallState.BUSY),
        ("no-answer", CallState.NO_ANSWER),
        ("failed", CallState.FAILED),
        ("canceled", CallState.CANCELED),
        ("paused-by-aliens", None),
    ],
)
def test_twilios_words_become_ours_and_an_unknown_one_is_kept(
    status: str, state: CallState | None
) -> None:
    event = voice(CallStatus=status)
    assert (event.state, event.provider_status) == (state, status)


@pytest.mark.parametrize(
    ("status", "sip", "error", "kind", "reason"),
    [
        ("busy", "486", "", FailureClass.TEMPORARY, Reason.BUSY),
        ("busy", "603", "", FailureClass.TEMPORARY, Reason.DECLINED),
        ("no-answer", "487", "", FailureClass.TEMPORARY, Reason.NO_ANSWER),
        ("failed", "404", "", FailureClass.PERMANENT, Reason.UNREACHABLE),
        ("failed", "484", "", FailureClass.PERMANENT, Reason.INVALID_NUMBER),
        ("failed", "503", "", FailureClass.TECHNICAL, Reason.PROVIDER_ERROR),
        ("failed", "", "13225", FailureClass.PERMANENT, Reason.BLOCKED),
        ("failed", "", "", FailureClass.TEMPORARY, Reason.UNREACHABLE),
        ("canceled", "487", "0", FailureClass.TECHNICAL, Reason.CANCELED),
    ],
)
def test_an_ending_without_success_says_why(
    status: str, sip: str, error: str, kind: FailureClass, reason: Reason
) -> None:
    failure = voice(CallStatus=status, SipResponseCode=sip, ErrorCode=error).failure
    assert failure is not None
    assert (failure.failure_class, failure.reason) == (kind, reason)
    assert failure.provider_code == ((error if error != "0" else "") or sip or None)


def test_a_call_that_was_answered_has_no_failure() -> None:
    event = voice(
        SipResponseCode="200",
        CallDuration="42",
        SequenceNumber="3",
        AnsweredBy="machine_end_beep",
        Timestamp="Sat, 21 Nov 2026 10:00:03 +0000",
    )
    assert event.failure is None
    assert (event.duration_seconds, event.sequence, event.answered_by) == (42, 3, "machine")
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2026-11-21T10:00:03+00:00"


@pytest.mark.parametrize("duration", ["-1", "1000000000000", "long", "4.5", " 4"])
def test_a_broken_duration_is_left_out(duration: str) -> None:
    assert voice(CallDuration=duration).duration_seconds is None


@pytest.mark.parametrize("sid", ["", "ca" + "0" * 32, "CA" + "0" * 31, "CA" + "0" * 33, "' OR 1=1"])
def test_a_broken_call_sid_is_unreadable(sid: str) -> None:
    with pytest.raises(Unreadable):
        voice(CallSid=sid)


@pytest.mark.parametrize("account", ["", "AC" + "2" * 32])
def test_a_foreign_account_is_unreadable(account: str) -> None:
    with pytest.raises(Unreadable, match="foreign account"):
        voice(AccountSid=account)


def test_a_repeated_parameter_is_unreadable() -> None:
    body = f"AccountSid={LIVE_SID}&CallSid={CALL_SID}&CallStatus=busy&CallStatus=completed"
    with pytest.raises(Unreadable, match="repeated"):
        parse("twilio/voice", body.encode())


def test_a_body_that_is_not_utf8_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="UTF-8"):
        parse("twilio/voice", b"AccountSid=%ff")


@pytest.mark.parametrize(
    ("query", "attempt"),
    [
        (f"attempt={ATTEMPT}", ATTEMPT),
        (f"attempt={ATTEMPT}&attempt={ATTEMPT}", None),
        ("attempt=rem_42", None),
        ("attempt=%ff", None),
        ("", None),
    ],
)
def test_only_an_attempt_id_of_ours_is_taken_from_the_query(
    query: str, attempt: str | None
) -> None:
    body = {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "CallStatus": "ringing"}
    assert parse("twilio/voice", body, query).attempt_id == attempt


def test_the_leg_of_a_dial_is_not_our_attempt() -> None:
    assert voice(ParentCallSid="CA" + "9" * 32).attempt_id is None


def test_equal_news_have_equal_keys_and_other_news_have_others() -> None:
    same = [voice(SequenceNumber="3"), voice(SequenceNumber="3", CallDuration="1")]
    assert len({event.dedup_key for event in same}) == 1
    different = [
        voice(SequenceNumber="3"),
        voice(SequenceNumber="4"),
        voice(SequenceNumber="3", CallStatus="busy"),
        voice(Timestamp="Sat, 21 Nov 2026 10:00:03 +0000"),
        voice(),
        utterance(),
        utterance(Track="outbound_track"),
        utterance(SequenceId="5"),
        utterance(TranscriptionData='{"transcript": "Sim, obrigado"}'),
        utterance(Final="false"),
    ]
    assert len({event.dedup_key for event in different}) == len(different)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("human", "human"), ("machine_start", "machine"), ("fax", "fax"), ("robot", "unknown")],
)
def test_who_answered_is_told_in_four_words(word: str, ours: str) -> None:
    event = parse("twilio/amd", {"AccountSid": LIVE_SID, "CallSid": CALL_SID, "AnsweredBy": word})
    assert (event.kind, event.answered_by) == (EventKind.ANSWERED_BY, ours)
