"""What the answers about calls and about messages share: an attempt, why it failed, what was heard
about it."""

from collections.abc import Iterable
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.channel_plan import CHANNELS
from gateway.domain.lifecycle import CallState, MessageState
from gateway.http.answers import moment, text, when, whole
from gateway.models.attempt import Attempt
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent

CALL_STATES = [str(state) for state in CallState]
MESSAGE_STATES = [str(state) for state in MessageState]


class Failure(Schema):
    """Why a call or a message did not reach anybody."""

    class_ = text("temporary, permanent or technical", null=True, name="class")
    reason = text(null=True)
    provider_code = text("the provider's own code", null=True)


class TemplateUsed(Schema):
    """The template that the words came from."""

    name = text()
    version = whole()


class AttemptAnswer(Schema):
    """What every attempt has."""

    id = text()
    attempt = whole()
    provider = text()
    external_id = text("the provider's own id", null=True)
    state = text(enum=list(dict.fromkeys(CALL_STATES + MESSAGE_STATES)))
    created_at = when()
    ended_at = when(null=True)
    failure = fields.Nested(Failure, required=True, allow_none=True)


class AttemptSummary(AttemptAnswer):
    """One attempt of a notification: a call, or a message. What only the other has is null."""

    channel = text(enum=list(CHANNELS))
    step = fields.Integer(
        required=True, metadata={"description": "which of the reminder's `channels`, from 0"}
    )
    started_at = when(null=True)
    sent_at = when(null=True)
    delivered_at = when(null=True)
    read_at = when(null=True)


class Correspondence(AttemptAnswer):
    """What whole calls and whole messages have."""

    direction = text("outbound or inbound")
    provider_status = text("the provider's own word", null=True)
    booking_id = text(null=True)
    notification_id = text(null=True)
    template = fields.Nested(TemplateUsed, required=True, allow_none=True)


class TimelineEvent(Schema):
    """One thing that was heard about a call or a message."""

    at = when()
    received_at = when()
    status = text("the provider's own word", null=True)
    source = text("webhook or lookup")


def attempt_answer(row: Attempt) -> dict[str, Any]:
    """What every attempt has."""
    failed = row.failure_class is not None or row.reason is not None
    return {
        "id": row.id,
        "attempt": row.attempt,
        "provider": row.provider,
        "external_id": row.external_id,
        "state": str(row.state),
        "created_at": moment(row.created_at),
        "ended_at": moment(row.ended_at),
        "failure": {
            "class": row.failure_class,
            "reason": row.reason,
            "provider_code": row.provider_code,
        }
        if failed
        else None,
    }


def attempt_summary(row: AnyAttempt) -> dict[str, Any]:
    """An attempt of a notification."""
    call = isinstance(row, CallLog)
    own = ("started_at",) if call else ("sent_at", "delivered_at", "read_at")
    others = ("sent_at", "delivered_at", "read_at") if call else ("started_at",)
    return {
        **attempt_answer(row),
        "channel": row.channel,
        "step": row.step,
        **{name: moment(getattr(row, name)) for name in own},
        **dict.fromkeys(others),
    }


def correspondence(row: Attempt) -> dict[str, Any]:
    """What whole calls and whole messages have."""
    used = {"name": row.template, "version": row.template_version or 0}
    return {
        **attempt_answer(row),
        "direction": row.direction,
        "provider_status": row.provider_status,
        "booking_id": row.booking_id,
        "notification_id": row.notification_id,
        "template": used if row.template else None,
    }


def timeline(events: Iterable[ProviderEvent]) -> list[dict[str, Any]]:
    """What was heard about a call or a message, in the order in which it happened."""
    return [
        {
            "at": moment(event.occurred_at or event.received_at),
            "received_at": moment(event.received_at),
            "status": event.status,
            "source": event.source,
        }
        for event in events
    ]


def address(text: str) -> str | None:
    """A number or an e-mail address is shown; what stands for a carrier's own line is not."""
    return text if text.startswith("+") or "@" in text else None
