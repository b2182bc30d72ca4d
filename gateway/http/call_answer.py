"""Calls as answers show them."""

from typing import Any

from marshmallow import Schema, fields

from gateway.http.answers import moment, text, when, whole
from gateway.http.attempt_answer import (
    CALL_STATES,
    Correspondence,
    TimelineEvent,
    address,
    correspondence,
)
from gateway.usecases.calls import CallView


class Segment(Schema):
    """One utterance."""

    speaker = text("gateway or contact")
    start_seconds = fields.Float(required=True, allow_none=True)
    text = text()


class TranscriptAnswer(Schema):
    """What was said."""

    text = text()
    segments = fields.List(fields.Nested(Segment), required=True)
    received_at = when()


class CallAnswer(Correspondence):
    """One call."""

    state = text(enum=CALL_STATES)
    started_at = when(null=True)
    from_ = text(
        "E.164; null where the provider calls from a number of its own",
        name="from",
        null=True,
    )
    to = text("E.164; null once the person was erased or the call is older than is kept", null=True)
    answered_by = text(null=True)
    duration_seconds = whole(null=True)
    digits = text("the keys that were pressed", null=True)
    text = text("what the voice said; null for keys without the scope transcripts:read", null=True)
    transcript = fields.Nested(
        TranscriptAnswer,
        required=True,
        allow_none=True,
        metadata={"description": "null for keys without the scope transcripts:read"},
    )


class CallDetail(CallAnswer):
    """One call with its timeline."""

    events = fields.List(fields.Nested(TimelineEvent), required=True)


class CallPage(Schema):
    """A page of calls."""

    data = fields.List(fields.Nested(CallAnswer), required=True)
    next_cursor = text(null=True)


def call_answer(view: CallView, *, transcripts: bool) -> dict[str, Any]:
    """A whole call without its timeline; what was said only if `transcripts`."""
    call = view.call
    return {
        **correspondence(call),
        "started_at": moment(call.started_at),
        "from": address(call.from_address),
        "to": call.to_address or None,
        "answered_by": call.answered_by,
        "duration_seconds": call.duration_seconds,
        "digits": call.digits,
        "text": call.text if transcripts else None,
        "transcript": _transcript(view) if transcripts else None,
    }


def _transcript(view: CallView) -> dict[str, Any] | None:
    if view.transcript is None:
        return None
    return {
        "text": view.transcript.text,
        "segments": [
            {
                "speaker": segment.speaker,
                "start_seconds": segment.start_seconds,
                "text": segment.text,
            }
            for segment in view.segments
        ],
        "received_at": moment(view.transcript.received_at),
    }
