"""Jobs of the queues as answers show them: ids and words, no addresses, no texts."""

from typing import Any

from marshmallow import Schema, fields

from gateway import kinds
from gateway.http.answers import moment, text, when, whole
from gateway.models.notification import Notification


class Job(Schema):
    """One job: a notification on its way."""

    id = text("of the notification")
    queue = text()
    kind = text("of work")
    state = text("waiting, active, delayed, completed, failed or stalled")
    status = text("the notification's own state")
    dead = fields.Boolean(required=True, metadata={"description": "given up, with a dead letter"})
    held_by = text("the hold or rate that it waits for", null=True)
    reason = text("why it failed, or waits", null=True)
    failure_class = text(null=True)
    attempts = whole()
    failures = fields.Integer(
        required=True, metadata={"description": "technical ones in a row, since the last success"}
    )
    booking_id = text(null=True)
    created_at = when()
    due_at = when()
    next_attempt_at = when(null=True)
    expires_at = when()
    finished_at = when(null=True)


class JobPage(Schema):
    """A page of jobs."""

    data = fields.List(fields.Nested(Job), required=True)
    next_cursor = text(null=True)


def job_answer(row: Notification) -> dict[str, Any]:
    """A job without anything of the person that it is about."""
    found: Any = row
    return {
        "id": row.id,
        "queue": found.queue,
        "kind": kinds.shown(row.purpose),
        "state": found.standing,
        "status": str(row.state),
        "dead": bool(found.dead),
        "held_by": row.held_by,
        "reason": row.reason,
        "failure_class": row.failure_class,
        "attempts": row.tries,
        "failures": row.failures,
        "booking_id": row.booking_id,
        "created_at": moment(row.created_at),
        "due_at": moment(row.due_at),
        "next_attempt_at": moment(row.next_attempt_at),
        "expires_at": moment(row.expires_at),
        "finished_at": moment(row.finished_at),
    }
