"""Notifications as answers show them: where each stands, its channel plan, its attempts."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.channel_plan import CHANNELS, UNLESS
from gateway.domain.lifecycle import NotificationState
from gateway.http.answers import moment, text, when, whole
from gateway.http.attempt_answer import AttemptSummary, attempt_summary
from gateway.models.attempts import AnyAttempt
from gateway.models.notification import Notification

Planned = Sequence[tuple[Notification, list[AnyAttempt]]]
PASSED, PRESENT, AHEAD, UNUSED = "passed", "present", "ahead", "unused"


class StepAnswer(Schema):
    """One step of a channel plan, and what became of it."""

    channel = text(enum=list(CHANNELS))
    unless = text("what makes the next step unnecessary", null=True, enum=[*UNLESS, None])
    within_minutes = whole(null=True)
    state = text(
        "`passed`: the next one took over; `present`: it stands or ended here; `ahead`: its turn "
        "may come; `unused`: there was no need",
        enum=[PASSED, PRESENT, AHEAD, UNUSED],
    )
    reason = text("why it was passed", null=True)


class ReminderAnswer(Schema):
    """One notification."""

    id = text()
    kind = text()
    number = whole()
    channel = text("the one of the present step", enum=list(CHANNELS))
    channels = fields.List(fields.Nested(StepAnswer), required=True)
    due_at = when()
    expires_at = when()
    state = text(enum=[str(state) for state in NotificationState])
    reason = text("why it is in this state", null=True)


class ReminderDetail(ReminderAnswer):
    """One notification and its attempts, calls and messages."""

    attempts = fields.List(fields.Nested(AttemptSummary), required=True)


def reminder(row: Notification) -> dict[str, Any]:
    """One notification."""
    return {
        "id": row.id,
        "kind": row.kind,
        "number": row.number,
        "channel": row.channel,
        "channels": [_step(row, number) for number in range(len(row.plan))],
        "due_at": moment(row.due_at),
        "expires_at": moment(row.expires_at),
        "state": str(row.state),
        "reason": str(row.reason) if row.reason else None,
    }


def reminders_answer(planned: Planned) -> list[dict[str, Any]]:
    """Each notification with its attempts."""
    return [
        {**reminder(row), "attempts": [attempt_summary(one) for one in attempts]}
        for row, attempts in planned
    ]


def _step(row: Notification, number: int) -> dict[str, Any]:
    kept = row.plan[number]
    return {
        "channel": kept["channel"],
        "unless": kept.get("unless"),
        "within_minutes": kept.get("within_minutes"),
        "state": _state(row, number),
        "reason": kept.get("ended"),
    }


def _state(row: Notification, number: int) -> str:
    if number < row.step:
        return PASSED
    if number == row.step:
        return PRESENT
    return UNUSED if row.finished_at is not None else AHEAD
