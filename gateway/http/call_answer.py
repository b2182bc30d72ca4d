"""Calls as answers show them."""

from typing import Any

from marshmallow import Schema, fields

from gateway.domain.lifecycle import CallState
from gateway.http.answers import moment, text, when, whole
from gateway.models.call_log import CallLog
from gateway.usecases.calls import CallView


class Failure(Schema):
    """Why a call did not reach anybody."""

    class_ = text("temporary, permanent or technical", null=True, name="class")
    reason = text(null=True)
    provider_code = text("the provider's own code", null=True)


class CallSummary(Schema):
    """One attempt of a notification."""

    id = text()
    attempt = whole()
    provider = text()
    external_id = text(null=True)
    state = text(enum=[str(state) for state in CallState])
    created_at = when()
    started_at = when(null=True)
    ended_at = when(null=True)
    failure = fields.Nested(Failure, required=True, allow_none=True)


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


class CallAnswer(CallSummary):
    """One call."""

    direction = text()
    from_ = text(
        "E.164; null where the provider calls from a number of its own",
        name="from",
        null=True,
    )
    to = text("E.164")
    provider_status = text("the provider's own word", null=True)
    answered_by = text(null=True)
    duration_seconds = whole(null=True)
    booking_id = text(null=True)
    notification_id = text(null=True)
    transcript = fields.Nested(
        TranscriptAnswer,
        required=True,
        allow_none=True,
        metadata={"description": "null for keys without the scope transcripts:read"},
    )


class TimelineEvent(Schema):
    """One thing that was heard about a call."""

    at = when()
    received_at = when()
    status = text("the provider's own word", null=True)
    source = text("webhook or lookup")


class CallDetail(CallAnswer):
    """One call with its timeline."""

    events = fields.List(fields.Nested(TimelineEvent), required=True)


class CallPage(Schema):
    """A page of calls."""

    data = fields.List(fields.Nested(CallAnswer), required=True)
    next_cursor = text(null=True)


def call_summary(call: CallLog) -> dict[str, Any]:
    """A call as an attempt of its notification."""
    failed = call.failure_class is not None or call.reason is not None
    return {
        "id": call.id,
        "attempt": call.attempt,
        "provider": call.provider,
        "external_id": call.external_id,
        "state": str(call.state),
        "created_at": moment(call.created_at),
        "started_at": moment(call.started_at),
        "ended_at": moment(call.ended_at),
        "failure": {
            "class": call.failure_class,
            "reason": call.reason,
            "provider_code": call.provider_code,
        }
        if failed
        else None,
    }


def call_answer(view: CallView, *, transcripts: bool) -> dict[str, Any]:
    """A whole call without its timeline; what was said only if `transcripts`."""
    call = view.call
    return {
        **call_summary(call),
        "direction": call.direction,
        "from": _number(call.from_address),
        "to": call.to_address,
        "provider_status": call.provider_status,
        "answered_by": call.answered_by,
        "duration_seconds": call.duration_seconds,
        "booking_id": call.booking_id,
        "notification_id": call.notification_id,
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


def timeline(view: CallView) -> list[dict[str, Any]]:
    """What was heard about a call, in the order in which it happened."""
    return [
        {
            "at": moment(event.occurred_at or event.received_at),
            "received_at": moment(event.received_at),
            "status": event.status,
            "source": event.source,
        }
        for event in view.events
    ]


def _number(address: str) -> str | None:
    """A number is shown; what stands for a carrier's own line in our rows is not."""
    return address if address.startswith("+") else None
