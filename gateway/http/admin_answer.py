"""Dead letters and parked events as answers show them: ids and words, no addresses, no bodies."""

from datetime import datetime
from typing import Any

from marshmallow import Schema, fields

from gateway import kinds
from gateway.domain.lifecycle import JobState, NotificationState
from gateway.http.answers import moment, text, when, whole
from gateway.models import event_search
from gateway.models.dead_letter import DeadLetter
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.provider_event import UNREADABLE, ProviderEvent
from gateway.usecases.operators import Tally


class FailedNotification(Schema):
    """The notification that a letter is about, as it stands now."""

    id = text()
    kind = text()
    channel = text()
    state = text(enum=[str(state) for state in NotificationState])
    reason = text(null=True)
    booking_id = text(null=True)
    tries = whole()
    due_at = when()
    expires_at = when()


class EventAnswer(Schema):
    """A provider event, as it stands now."""

    id = text()
    kind = text()
    provider = text()
    account = text("the provider account that it came through")
    external_id = text("the provider's id of the call", null=True)
    status = text("the provider's own word", null=True)
    state = text("received, parked, dead, unreadable, applied or discarded")
    reason = text(null=True)
    tries = whole()
    received_at = when()
    next_attempt_at = when(null=True)


class FailedJob(Schema):
    """The job that a letter is about, as it stands now."""

    id = text()
    name = text("what is to be done")
    key = text("for what")
    kind = text("of work")
    state = text(enum=[str(state) for state in JobState])
    reason = text(null=True)
    failures = whole()
    due_at = when()


class LetterAnswer(Schema):
    """One dead letter; `notification`, `event` or `job` is what it is about."""

    id = text()
    object = text("notification, event or job")
    object_id = text()
    reason = text()
    created_at = when()
    resolved_at = when(null=True)
    resolution = text("replayed or discarded; null while it is open", null=True)
    notification = fields.Nested(FailedNotification, required=True, allow_none=True)
    event = fields.Nested(EventAnswer, required=True, allow_none=True)
    job = fields.Nested(FailedJob, required=True, allow_none=True)


class Step(Schema):
    """One thing that happened before the letter was written."""

    at = when()
    what = text("attempt, received, buried, replayed or discarded")
    attempt = whole(null=True)
    call_id = text(null=True)
    state = text("of the call", null=True)
    reason = text(null=True)
    provider_status = text("the provider's own word", null=True)
    provider_code = text("the provider's own code", null=True)


class LetterDetail(LetterAnswer):
    """One dead letter with the whole history of what it is about."""

    history = fields.List(fields.Nested(Step), required=True)


class LetterPage(Schema):
    """A page of dead letters."""

    data = fields.List(fields.Nested(LetterAnswer), required=True)
    next_cursor = text(null=True)


class EventPage(Schema):
    """A page of events that could not be applied."""

    data = fields.List(fields.Nested(EventAnswer), required=True)
    next_cursor = text(null=True)


class TallyAnswer(Schema):
    """What was done, or with `dry_run` what would be."""

    dry_run = fields.Boolean(required=True)
    notifications = whole()
    people = fields.Integer(
        required=True, metadata={"description": "distinct addresses of these notifications"}
    )
    events = whole()
    jobs = whole()
    expired = fields.Integer(
        required=True, metadata={"description": "left alone: their time is over"}
    )
    skipped = fields.Integer(
        required=True, metadata={"description": "left alone: no longer where they failed"}
    )
    remaining = fields.Integer(
        required=True, metadata={"description": "beyond what one call takes on: call again"}
    )
    ids = fields.List(
        fields.String(), required=True, metadata={"description": "of what was taken on"}
    )


def letter_answer(letter: DeadLetter) -> dict[str, Any]:
    """A letter, without its history."""
    subject, event, job = (getattr(letter, name, None) for name in ("subject", "event", "job"))
    return {
        "id": letter.id,
        "object": letter.object,
        "object_id": letter.object_id,
        "reason": letter.reason,
        "created_at": moment(letter.created_at),
        "resolved_at": moment(letter.resolved_at),
        "resolution": letter.resolution,
        "notification": _notification(subject) if subject else None,
        "event": event_answer(event) if event else None,
        "job": _job(job) if job else None,
    }


def letter_detail(letter: DeadLetter) -> dict[str, Any]:
    """A letter with its history."""
    return {**letter_answer(letter), "history": [_step(step) for step in letter.history]}


def event_answer(event: ProviderEvent) -> dict[str, Any]:
    """An event without anything that the provider sent but its word."""
    unread = event.kind == UNREADABLE and event.state == event_search.PARKED
    return {
        "id": event.id,
        "kind": event.kind,
        "provider": event.provider,
        "account": event.account,
        "external_id": event.external_id,
        "status": event.status,
        "state": UNREADABLE if unread else event.state,
        "reason": event.reason,
        "tries": event.tries,
        "received_at": moment(event.received_at),
        "next_attempt_at": moment(event.next_attempt_at),
    }


def _notification(row: Notification) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "booking_id": row.booking_id,
        "tries": row.tries,
        "due_at": moment(row.due_at),
        "expires_at": moment(row.expires_at),
    }


def _job(row: Job) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "key": row.key,
        "kind": kinds.shown(row.kind),
        "state": row.state,
        "reason": row.reason,
        "failures": row.failures,
        "due_at": moment(row.due_at),
    }


def _step(step: dict[str, Any]) -> dict[str, Any]:
    names = ("what", "attempt", "call_id", "state", "reason", "provider_status", "provider_code")
    at = moment(datetime.fromisoformat(step["at"]))
    return {"at": at, **{name: step.get(name) for name in names}}


def tally(done: Tally, *, dry_run: bool) -> dict[str, Any]:
    """A tally as answers show it: the number of people, not who they are."""
    return {
        "dry_run": dry_run,
        "notifications": done.notifications,
        "people": len(done.people),
        "events": done.events,
        "jobs": done.jobs,
        "expired": done.expired,
        "skipped": done.skipped,
        "remaining": done.remaining,
        "ids": done.ids,
    }
