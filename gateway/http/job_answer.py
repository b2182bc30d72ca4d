"""Jobs of the queues as answers show them: ids and words, no addresses, no texts."""

from typing import Any

from marshmallow import Schema, fields

from gateway import kinds
from gateway.http.answers import moment, text, when, whole
from gateway.models.job import Job as JobRow
from gateway.models.notification import Notification


class Job(Schema):
    """One job: a notification on its way, or something to be done without telling anybody."""

    id = text("of the notification, or of the job")
    name = text("what is to be done; null for a notification", null=True)
    key = text("for what; null for a notification", null=True)
    queue = text()
    kind = text("of work")
    state = text("waiting, active, delayed, completed, failed or stalled")
    status = text("its own state")
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
    expires_at = when(null=True)
    finished_at = when(null=True)


class JobPage(Schema):
    """A page of jobs."""

    data = fields.List(fields.Nested(Job), required=True)
    next_cursor = text(null=True)


def job_answer(row: Notification | JobRow) -> dict[str, Any]:
    """A job without anything of the person that it is about."""
    return {**_shared(row), **(_told(row) if isinstance(row, Notification) else _done(row))}


def _told(row: Notification) -> dict[str, Any]:
    return {
        "name": None,
        "key": None,
        "kind": kinds.shown(row.purpose),
        "failure_class": row.failure_class,
        "attempts": row.tries,
        "booking_id": row.booking_id,
        "expires_at": moment(row.expires_at),
    }


def _done(row: JobRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "key": row.key,
        "kind": kinds.shown(row.kind),
        "failure_class": "technical" if row.reason else None,
        "attempts": row.claim,
        "booking_id": None,
        "expires_at": None,
    }


def _shared(row: Notification | JobRow) -> dict[str, Any]:
    found: Any = row
    return {
        "id": row.id,
        "queue": found.queue,
        "state": found.standing,
        "status": str(row.state),
        "dead": bool(found.dead),
        "held_by": row.held_by,
        "reason": row.reason,
        "failures": row.failures,
        "created_at": moment(row.created_at),
        "due_at": moment(row.due_at),
        "next_attempt_at": moment(row.next_attempt_at),
        "finished_at": moment(row.finished_at),
    }
