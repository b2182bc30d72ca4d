"""Callbacks about calls in the gateway's words
(https://www.twilio.com/docs/voice/api/call-resource#statuscallback and the pages named below)."""

import hashlib
import json
import re

from gateway.domain.callback import EventKind, ProviderEvent, Segment, Unreadable
from gateway.providers.reading import clean, count, dedup_key, moment
from gateway.providers.twilio import codes
from gateway.providers.twilio.parameters import Parameters

_KEYS = re.compile("[0-9*#A-D]{1,32}")


def voice(p: Parameters) -> ProviderEvent:
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
        state=codes.CALL_STATES.get(status),
        provider_status=status,
        sequence=sequence,
        occurred_at=moment(at),
        duration_seconds=count(p.get("CallDuration")),
        answered_by=codes.ANSWERED_BY.get(answered_by, "unknown") if answered_by else None,
        failure=codes.ending(status, p.code("ErrorCode"), p.code("SipResponseCode")),
    )


def amd(p: Parameters) -> ProviderEvent:
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


def recording(p: Parameters) -> ProviderEvent:
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


def transcription(p: Parameters) -> ProviderEvent:
    """What was said: a recording's whole text, or one utterance."""
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


def digits(p: Parameters) -> ProviderEvent:
    """Keys that were pressed (https://www.twilio.com/docs/voice/twiml/gather)."""
    sid, keys = p.sid("CallSid", "CA"), p.get("Digits")
    if keys is not None and not _KEYS.fullmatch(keys):
        raise Unreadable("Digits are not keys")
    return ProviderEvent(
        kind=EventKind.DIGITS if keys else EventKind.NOTICE,
        dedup_key=dedup_key("digits", sid, keys or ""),
        external_id=sid,
        account="",
        digits=keys,
    )
