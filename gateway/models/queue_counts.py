"""Counting the rows of each queue, as far as the queue views still show them."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import SQL, Case, fn

from gateway.domain.lifecycle import JobState as J
from gateway.domain.lifecycle import NotificationState as N
from gateway.kinds import Kept
from gateway.models import attempts
from gateway.models.booking import Booking
from gateway.models.dead_letter import JOB, NOTIFICATION, DeadLetter
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import Reach
from gateway.models.work_views import Work

NAMES = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
DONE = (N.REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED)
DONE_JOBS = (J.DONE, J.CANCELED)
FAILED = (N.NOT_REACHED, N.UNKNOWN)
FAILED_JOBS = (J.FAILED,)
_ACTIVE = (N.SENDING, N.UNKNOWN)
_UNAPPLIED = {"parked": "delayed", "dead": "dead", "discarded": "failed"}
_APPLIED = {"received": "waiting", "applied": "completed"}

Row = Notification
Counts = Mapping[tuple[str, str], Counter[str]]  # by queue and kind of work


def _standing(now: datetime) -> Any:
    return Case(
        None,
        (
            (Row.lease_until < now, "stalled"),
            (Row.state == N.DUE, "waiting"),
            ((Row.state == N.SCHEDULED) & (Row.next_attempt_at <= now), "waiting"),
            ((Row.state == N.SCHEDULED) & Row.held_by.is_null(False), "waiting"),
            (Row.state == N.SCHEDULED, "delayed"),
            (Row.state.in_(_ACTIVE) & Row.finished_at.is_null(), "active"),
            (Row.state.in_(DONE), "completed"),
        ),
        "failed",
    )


def _standing_of_job(now: datetime) -> Any:
    return Case(
        None,
        (
            (Job.lease_until < now, "stalled"),
            (Job.state == J.DUE, "waiting"),
            ((Job.state == J.SCHEDULED) & (Job.next_attempt_at <= now), "waiting"),
            ((Job.state == J.SCHEDULED) & Job.held_by.is_null(False), "waiting"),
            (Job.state == J.SCHEDULED, "delayed"),
            (Job.state == J.ACTIVE, "active"),
            (Job.state.in_(DONE_JOBS), "completed"),
        ),
        "failed",
    )


def _queue() -> Any:
    return Case(None, ((Row.lane.startswith("voice:"), "voice"),), "messages")


def _queue_of_job() -> Any:
    return Case(None, ((Job.lane.startswith("timers:"), "timers"),), "background")


NOTIFICATIONS = Work(Row, NOTIFICATION, Row.purpose, DONE, FAILED, _queue, _standing)
JOBS = Work(
    Job, JOB, Job.kind, DONE_JOBS, FAILED_JOBS, _queue_of_job, _standing_of_job, shared=True
)


def of_work(
    work: Work,
    organization_id: str,
    mode: str,
    now: datetime,
    kept: Mapping[str, Kept],
    cleared: Mapping[str, datetime],
) -> Counts:
    """Counts of one organization and mode."""
    row = work.table
    counted: Any = row.select(work.queue(), work.kind, work.standing(now), fn.COUNT(row.id))
    counted = counted.where(work.mine(Reach(organization_id, mode)))
    counted = counted.where(work.in_view(kept, cleared, now)).group_by(*map(SQL, "123"))
    counts: dict[tuple[str, str], Counter[str]] = {}
    for name, kind, word, count in [*counted.tuples(), *_dead(work, organization_id, mode)]:
        most = {"completed": kept.get(kind, Kept()).done, "failed": kept.get(kind, Kept()).failed}
        shown = min(count, most.get(word) or count)
        counts.setdefault((name, kind), Counter())[word] += shown
    return counts


def _dead(work: Work, organization_id: str, mode: str) -> list[tuple[str, str, str, int]]:
    row = work.table
    buried: Any = (
        DeadLetter.select(work.queue(), work.kind, SQL("'dead'"), fn.COUNT(DeadLetter.id))
        .join(row, on=(DeadLetter.object_id == row.id))
        .where(
            DeadLetter.object == work.object,
            DeadLetter.resolved_at.is_null(),
            work.mine(Reach(organization_id, mode)),
        )
        .group_by(SQL("1"), work.kind)
    )
    return list(buried.tuples())


def events(
    organization_id: str, reach: Reach, now: datetime, cleared: datetime | None
) -> Counter[str]:
    """Counts of the inbox: of events that are known to be this organization's, and of all that are
    within reach and could not be applied. Applied ones are shown for a day, discarded ones for
    seven."""
    row, ages = ProviderEvent, Kept()
    since = max(filter(None, (now - ages.done_for, cleared)))
    week = max(filter(None, (now - ages.failed_for, cleared)))
    gone = (row.state == "applied") & (row.received_at < since)
    gone |= (row.state == "discarded") & (row.received_at < week)
    own = row.state.in_(list(_APPLIED)) & (row.organization == organization_id)
    open_ = (row.state.in_(list(_UNAPPLIED)) & reach.events()) | own
    # One that could not be read is parked and not tried again by itself.
    given_up = (row.state == "parked") & row.next_attempt_at.is_null()
    state = Case(None, ((given_up, "dead"),), row.state)
    counts: Counter[str] = Counter()
    # Two queries: each has an index of its own, and the second looks at none that was done before.
    for part in (row.applied_at.is_null() & open_, own & (row.applied_at >= since)):
        counted: Any = row.select(state, fn.COUNT(row.id)).where(part, ~gone)
        for word, count in counted.group_by(SQL("1")).tuples():
            counts[(_UNAPPLIED | _APPLIED)[word]] += count
    return counts


def timers(organization_id: str, mode: str, now: datetime) -> Counter[str]:
    """Steps of plans and appointments whose moment is to come, or has come and is not handled."""
    return _moments(((Row, "step_until"), (Booking, "overdue_at")), organization_id, mode, now)


def look_ups(organization_id: str, mode: str, now: datetime) -> Counter[str]:
    """Attempts that a provider is to be asked about."""
    tables = tuple((table, "lookup_at") for table in attempts.TABLES)
    return _moments(tables, organization_id, mode, now)


def _moments(
    columns: tuple[tuple[Any, str], ...], organization_id: str, mode: str, now: datetime
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table, name in columns:
        moment = getattr(table, name)
        word = Case(None, ((moment <= now, "waiting"),), "delayed")
        found = table.select(word, fn.COUNT(table.id)).where(
            moment.is_null(False), table.organization == organization_id, table.mode == mode
        )
        counts.update(dict(found.group_by(SQL("1")).tuples()))
    return counts


def overdue(organization_id: str, mode: str) -> int:
    """How many appointments are marked overdue."""
    mine = (Booking.organization == organization_id, Booking.mode == mode)
    return int(Booking.select().where(*mine, Booking.overdue).count())
