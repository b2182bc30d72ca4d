"""Twilio's callbacks in the gateway's words
(https://www.twilio.com/docs/voice/api/call-resource#statuscallback and the pages named below)."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl

from gateway.domain.provider import (
    Callback,
    EventKind,
    ProviderEvent,
    Segment,
    Unreadable,
    Verified,
)
from gateway.providers.reading import attempt_id, clean, count, dedup_key, moment
from gateway.providers.twilio import codes
from gateway.providers.twilio.callbacks import form, is_json

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Parameters:
    """A callback's parameters, each read strictly where it is used."""

    def __init__(self, callback: Callback) -> None:
        if is_json(callback.headers.get("content-type", "")):
            raise Unreadable("JSON events of Twilio are not handled yet")
        self._values: dict[str, str] = {}
        try:
            for raw_name, raw_value in form(callback.body):
                name, value = raw_name.decode(), clean(raw_value.decode())
                if name in self._values:
                    raise Unreadable("a parameter is repeated")
                self._values[name] = value
        except UnicodeDecodeError:
            raise Unreadable("the body is not UTF-8") from None

    def get(self, name: str) -> str | None:
        """The value; None when absent or empty."""
        return self._values.get(name) or None

    def sid(self, name: str, *prefixes: str) -> str:
        """A SID with one of these prefixes. Raises Unreadable."""
        value = self._values.get(name, "")
        if not _SID.fullmatch(value) or value[:2] not in prefixes:
            raise Unreadable(f"{name} is not a SID")
        return value

    def word(self, name: str) -> str:
        """A status word. Raises Unreadable."""
        value = self._values.get(name, "")
        if not _WORD.fullmatch(value):
            raise Unreadable(f"{name} is not a word")
        return value

    def sequence(self, name: str) -> int | None:
        """A running number when there is one. Raises Unreadable."""
        raw = self.get(name)
        if raw is not None and count(raw, 10**9) is None:
            raise Unreadable(f"{name} is not a number")
        return count(raw, 10**9)


def parse(callback: Callback, verified: Verified) -> ProviderEvent:
    """Translate an authentic callback. Raises Unreadable."""
    read = _READERS.get(callback.path)
    if read is None:
        raise Unreadable("this event of Twilio is not handled yet")
    parameters = Parameters(callback)
    account = parameters.get("AccountSid") or ""
    if account not in verified.accounts:
        raise Unreadable("foreign account")
    event = read(parameters)
    named = [value for name, value in parse_qsl(callback.query) if name == "attempt"]
    # The leg of a <Dial> is another call than the one this attempt placed.
    alone = len(named) == 1 and parameters.get("ParentCallSid") is None
    attempt = attempt_id(named[0]) if alone else None
    return replace(event, account=account, attempt_id=attempt)


def _voice(p: Parameters) -> ProviderEvent:
    """A step of a call. "Answered" arrives as in-progress."""
    sid, status = p.sid("CallSid", "CA"), p.word("CallStatus")
    sequence, at = p.sequence("SequenceNumber"), p.get("Timestamp")
    order = at or "" if sequence is None else f"#{sequence}"
    answered_by = p.get("AnsweredBy")
    return ProviderEvent(
        kind=EventKind.CALL_STATUS,
        dedup_key=dedup_key("call-status", sid, status, order),
        external_id=sid,
        account="",
        state=codes.STATES.get(status),
        provider_status=status,
        sequence=sequence,
        occurred_at=moment(at),
        duration_seconds=count(p.get("CallDuration")),
        answered_by=codes.ANSWERED_BY.get(answered_by, "unknown") if answered_by else None,
        failure=codes.ending(status, _code(p.get("ErrorCode")), _code(p.get("SipResponseCode"))),
    )


def _code(raw: str | None) -> str | None:
    return raw if raw != "0" and count(raw) is not None else None


def _amd(p: Parameters) -> ProviderEvent:
    """Who answered (https://www.twilio.com/docs/voice/answering-machine-detection)."""
    sid, who = p.sid("CallSid", "CA"), p.word("AnsweredBy")
    return ProviderEvent(
        kind=EventKind.ANSWERED_BY,
        dedup_key=dedup_key("answered-by", sid, who),
        external_id=sid,
        account="",
        provider_status=who,
        answered_by=codes.ANSWERED_BY.get(who, "unknown"),
    )


def _recording(p: Parameters) -> ProviderEvent:
    """A recording's progress (https://www.twilio.com/docs/voice/api/recording)."""
    source, status = p.sid("RecordingSid", "RE"), p.word("RecordingStatus")
    return ProviderEvent(
        kind=EventKind.RECORDING,
        dedup_key=dedup_key("recording", source, status),
        external_id=p.sid("CallSid", "CA"),
        account="",
        provider_status=status,
        occurred_at=moment(p.get("RecordingStartTime")),
        duration_seconds=count(p.get("RecordingDuration")),
        source_id=source,
    )


def _transcription(p: Parameters) -> ProviderEvent:
    return _transcript(p) if p.get("TranscriptionEvent") is None else _utterance(p)


def _transcript(p: Parameters) -> ProviderEvent:
    """A recording's whole text (https://www.twilio.com/docs/voice/twiml/record)."""
    source, status = p.sid("TranscriptionSid", "TR", "GT"), p.word("TranscriptionStatus")
    done = status == "completed"
    text = p.get("TranscriptionText") or ""
    content = hashlib.sha256(text.encode()).hexdigest()
    return ProviderEvent(
        kind=EventKind.TRANSCRIPT if done else EventKind.NOTICE,
        dedup_key=dedup_key("transcript", source, status, content),
        external_id=p.sid("CallSid", "CA"),
        account="",
        provider_status=status,
        source_id=source,
        text=text if done else None,
    )


def _utterance(p: Parameters) -> ProviderEvent:
    """Real-time transcription (https://www.twilio.com/docs/voice/twiml/transcription). Numbers are
    ordered within one track only; a corrected text under the same number is another event."""
    source, word = p.sid("TranscriptionSid", "GT", "TR"), p.word("TranscriptionEvent")
    sequence, track = p.sequence("SequenceId"), p.get("Track") or ""
    data, final = p.get("TranscriptionData") or "", p.get("Final") or ""
    content = hashlib.sha256(f"{final} {data}".encode()).hexdigest()
    spoken = word == "transcription-content" and final.lower() == "true"
    segments = (_segment(p, track, data, sequence),) if spoken else ()
    return ProviderEvent(
        kind=EventKind.TRANSCRIPT_SEGMENT if spoken else EventKind.NOTICE,
        dedup_key=dedup_key("utterance", source, word, str(sequence), track, content),
        external_id=p.sid("CallSid", "CA"),
        account="",
        provider_status=word,
        sequence=sequence,
        occurred_at=moment(p.get("Timestamp")),
        source_id=source,
        segments=segments,
    )


def _segment(p: Parameters, track: str, data: str, sequence: int | None) -> Segment:
    try:
        words = json.loads(data)["transcript"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Unreadable("TranscriptionData is not its JSON") from None
    if track not in codes.SPEAKERS or not isinstance(words, str) or sequence is None:
        raise Unreadable("an utterance without text, track or number")
    return Segment(codes.SPEAKERS[track], clean(words), moment(p.get("Timestamp")), sequence)


_READERS: dict[str, Callable[[Parameters], ProviderEvent]] = {
    "twilio/voice": _voice,
    "twilio/amd": _amd,
    "twilio/recording": _recording,
    "twilio/transcription": _transcription,
}
