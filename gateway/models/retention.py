"""What is older than its policy's time, cleaned in small batches, each in a transaction of its own.
Nothing is cleaned that somebody still waits for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from gateway.domain.lifecycle import JobState
from gateway.kinds import Kept
from gateway.models import personal
from gateway.models.attempts import TABLES as ATTEMPTS
from gateway.models.attempts import AnyAttempt
from gateway.models.base import dialect, lock
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.dead_letter import EVENT, NOTIFICATION, DeadLetter
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.personal import OVER, Holding
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript

BATCH = 200


def clean_logs(
    table: type[AnyAttempt], organization_id: str, before: datetime, now: datetime
) -> int:
    """Take addresses and words out of calls or messages from before then that are over. Returns how
    many, as everything here does: nothing is left when it is none."""
    row: Any = Notification
    busy = row.select(SQL("1")).where(row.id == table.notification, row.finished_at.is_null())
    old = table.select(table.id).where(
        table.organization == organization_id,
        table.erased_at.is_null(),
        table.created_at < before,
        *_over(table),
        ~fn.EXISTS(busy),
        ~fn.EXISTS(_open_letter(NOTIFICATION, table.notification)),
    )
    ids = _batch(old, table.created_at)
    personal.clean_attempts(ids, now)
    return len(ids)


def clean_calls(organization_id: str, before: datetime, now: datetime) -> int:
    """Calls."""
    return clean_logs(CallLog, organization_id, before, now)


def clean_messages(organization_id: str, before: datetime, now: datetime) -> int:
    """Messages, in and out."""
    return clean_logs(MessageLog, organization_id, before, now)


def clean_transcripts(organization_id: str, before: datetime, now: datetime) -> int:
    """Delete what was said in calls that are over."""
    old = (
        Transcript.select(Transcript.id, Transcript.call)
        .join(CallLog)
        .where(
            Transcript.organization == organization_id,
            Transcript.received_at < before,
            *_over(CallLog),
        )
    )
    rows = list(old.order_by(Transcript.received_at).limit(BATCH))
    personal.forget_transcripts(sorted({row.call_id for row in rows}))
    return len(rows)


def clean_events(organization_id: str | None, before: datetime, now: datetime) -> int:
    """Empty what carriers sent and was applied or given up; the keys by which it is known stay.
    Without an organization, what belongs to none."""
    row: Any = ProviderEvent
    whose = row.organization.is_null() if organization_id is None else (
        row.organization == organization_id
    )  # fmt: skip
    watched = [
        fn.EXISTS(table.select(SQL("1")).where(table.id == about, table.lookup_at.is_null(False)))
        for table, about in zip(ATTEMPTS, (row.call, row.message), strict=True)
    ]
    old = row.select(row.id).where(
        whose,
        row.body.is_null(False),
        row.received_at < before,
        row.next_attempt_at.is_null(),
        ~fn.EXISTS(_open_letter(EVENT, row.id)),
        *[~looked_up for looked_up in watched],
    )
    ids = _batch(old, row.received_at)
    row.update(body=None, query="").where(row.id.in_(ids)).execute()
    return len(ids)


def clean_notifications(organization_id: str, before: datetime, now: datetime) -> int:
    """Take the words out of what was finished before then."""
    row: Any = Notification
    old = row.select(row.id).where(
        row.organization == organization_id,
        row.erased_at.is_null(),
        row.finished_at.is_null(False),
        row.finished_at < before,
        ~fn.EXISTS(_open_letter(NOTIFICATION, row.id)),
    )
    ids = _batch(old, row.finished_at)
    personal.clean_notifications(ids, now)
    return len(ids)


def clean_bookings(organization_id: str, before: datetime, now: datetime) -> int:
    """Take out of appointments that were before then what the client gave along."""
    row: Any = Booking
    busy = Notification.select(SQL("1")).where(
        Notification.booking == row.id, Notification.finished_at.is_null()
    )
    old = row.select(row.id).where(
        row.organization == organization_id,
        row.erased_at.is_null(),
        row.starts_at < before,
        ~fn.EXISTS(busy),
    )
    ids = _batch(old, row.starts_at)
    personal.clean_bookings(ids, now, service=False)
    return len(ids)


def clean_people(
    organization_id: str, before: datetime, now: datetime, further: Sequence[Holding]
) -> list[Contact]:
    """Blank people of whom nothing was heard since then and nothing is open, with what was booked
    for them and what `further` tables keep of them. What was sent to them has a time of its own.
    Returns them as they were."""
    row: Any = Contact
    since = [
        Booking.select(SQL("1")).where(
            (Booking.contact == row.id) | (Booking.staff == row.id), Booking.starts_at >= before
        ),
        Notification.select(SQL("1")).where(
            Notification.contact == row.id,
            Notification.finished_at.is_null() | (Notification.finished_at >= before),
        ),
        *[holding.open(row.id, before) for holding in further if holding.open],
    ]
    old: Any = row.select(row.id).where(
        row.organization == organization_id,
        row.erased_at.is_null(),
        row.updated_at < before,
        *[~fn.EXISTS(found) for found in since],
    )
    batch = old.order_by(row.updated_at).limit(BATCH)
    if dialect() != "sqlite":
        batch = batch.for_update("FOR UPDATE", skip_locked=True)
    # Once more, now that nobody can write about them: somebody may have booked just before.
    still = old.where(row.id.in_([one.id for one in batch]))
    gone = list(row.select().where(row.id.in_([one.id for one in still])))
    for contact in gone:
        personal.fade(contact, now, further)
    return gone


def delete_jobs(kind: str, kept: Kept, now: datetime) -> int:
    """Delete finished jobs of a kind that the queue views show no more: by their age, and all but
    the newest so many."""
    return sum(
        _delete_jobs(kind, states, most, now - age)
        for states, most, age in (
            ([JobState.DONE, JobState.CANCELED], kept.done, kept.done_for),
            ([JobState.FAILED], kept.failed, kept.failed_for),
        )
    )


def _delete_jobs(kind: str, states: list[JobState], most: int | None, before: datetime) -> int:
    mine = (Job.kind == kind, Job.state.in_(states), Job.finished_at.is_null(False))
    gone: Any = Job.finished_at < before
    if most is not None:
        newest = Job.select(Job.finished_at).where(*mine).order_by(Job.finished_at.desc())
        last = next(iter(newest.offset(most).limit(1)), None)
        if last is not None:
            gone |= Job.finished_at <= last.finished_at
    letter = DeadLetter.select(SQL("1")).where(
        DeadLetter.object == "job", DeadLetter.object_id == Job.id, DeadLetter.resolved_at.is_null()
    )
    old = Job.select(Job.id).where(*mine, gone, ~fn.EXISTS(letter))
    ids = [one.id for one in lock(old.order_by(Job.finished_at).limit(BATCH), skip_locked=True)]
    return int(Job.delete().where(Job.id.in_(ids)).execute())


def _batch(query: Any, column: Any) -> list[str]:
    """Ids of the oldest rows, locked; those that somebody is at are passed over."""
    return [row.id for row in lock(query.order_by(column).limit(BATCH), skip_locked=True)]


def _over(table: type[AnyAttempt]) -> list[Any]:
    """The attempt has ended, and nobody asks the carrier about it any more."""
    ended = [table.state.in_(OVER), table.lookup_at.is_null()]
    return [*ended, CallLog.end_at.is_null()] if table is CallLog else ended


def _open_letter(object_: str, object_id: Any) -> Any:
    open_ = DeadLetter.resolved_at.is_null()
    about = (DeadLetter.object == object_, DeadLetter.object_id == object_id)
    return DeadLetter.select(SQL("1")).where(*about, open_)
