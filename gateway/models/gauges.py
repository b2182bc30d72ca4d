"""How all work stands at a moment, over all organizations, for those who watch over the machines.

Everything goes through an index that has only what is unfinished: it takes as long as there is work
to do, however much was done before.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from gateway.domain.lifecycle import NotificationState as N
from gateway.kinds import PRIORITIES
from gateway.models import attempts
from gateway.models.base import UTCField
from gateway.models.booking import Booking
from gateway.models.dead_letter import EVENT, DeadLetter
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent
from gateway.models.queue_counts import JOBS, NOTIFICATIONS
from gateway.models.work_views import Work

Counts = Counter[tuple[str, str, str]]  # by queue, kind of work and state
MODES = ("live", "test")
EVENT_KIND = "apply_event"  # as its actor is called


def unfinished(now: datetime) -> Counts:
    """Work that is not done, by queue, kind and one of waiting, active, delayed and stalled."""
    found: Counts = Counter()
    for work, where in _open():
        row = work.table
        counted = row.select(work.queue(), work.kind, work.standing(now), fn.COUNT(row.id))
        counted = counted.where(*where).group_by(SQL("1"), work.kind, SQL("3"))
        for queue, kind, state, count in counted.tuples():
            found[queue, kind, state] += count
    found.update(_events(now))
    return found


def _open() -> Iterator[tuple[Work, tuple[Any, ...]]]:
    """The parts of what is not done, each with an index of its own; no row is in two of them."""
    for work in (NOTIFICATIONS, JOBS):
        row = work.table
        waits, leased = row.next_attempt_at.is_null(False), row.lease_until.is_null(False)
        yield work, (waits,)
        yield work, (~waits, leased)
        if work is JOBS:
            yield work, (~waits, ~leased, row.held_by.is_null(False))
    row = Notification
    at_the_provider = row.state.in_([N.SENDING, N.UNKNOWN]) & row.finished_at.is_null()
    yield NOTIFICATIONS, (*_of_anybody(row), at_the_provider, row.lease_until.is_null())


def _of_anybody(row: Any) -> tuple[Any, Any]:
    """A condition that changes nothing but lets the indexes that begin with them be used."""
    return row.organization.in_(Organization.select(Organization.id)), row.mode.in_(MODES)


def _events(now: datetime) -> Counts:
    """What waits in the inbox: not tried yet, or to be tried again later."""
    row = ProviderEvent
    found: Counts = Counter()
    counted: Any = row.select(row.state, fn.COUNT(row.id)).where(row.next_attempt_at.is_null(False))
    for state, count in counted.group_by(row.state).tuples():
        word = "waiting" if state == "received" else "delayed"
        found["events", EVENT_KIND, word] += count
    return found


def dead() -> Counts:
    """What failed for good and nobody looked after, by queue, kind and what it was."""
    found: Counts = Counter()
    for work in (NOTIFICATIONS, JOBS):
        row = work.table
        buried: Any = (
            DeadLetter.select(work.queue(), work.kind, fn.COUNT(DeadLetter.id))
            .join(row, on=(DeadLetter.object_id == row.id))
            .where(DeadLetter.object == work.object, DeadLetter.resolved_at.is_null())
            .group_by(SQL("1"), work.kind)
        )
        for queue, kind, count in buried.tuples():
            found[queue, kind, work.object] += count
    lost = DeadLetter.select().where(DeadLetter.object == EVENT, DeadLetter.resolved_at.is_null())
    found["events", EVENT_KIND, EVENT] += lost.count()
    return found


def inbox() -> tuple[int, datetime | None]:
    """How many events were stored and not applied yet, and when the oldest of them came."""
    row = ProviderEvent
    waits = (row.next_attempt_at.is_null(False), row.state == "received")
    counted: Any = row.select(fn.COUNT(row.id), fn.MIN(row.received_at)).where(*waits).tuples()
    count, oldest = next(iter(counted))
    return count, UTCField().python_value(oldest)


def unknown_placements() -> dict[str, int]:
    """Attempts of which it is not known whether the provider has them, by what they are."""
    found = {}
    for table in attempts.TABLES:
        row: Any = table
        asked = row.select().where(row.lookup_at.is_null(False), row.state == table.UNKNOWN)
        found[table.OBJECT] = int(asked.count())
    return found


def overdue() -> int:
    """Appointments that should have begun."""
    return int(Booking.select().where(Booking.overdue, *_of_anybody(Booking)).count())


def done_since(moment: datetime) -> int:
    """Notifications that came to their end, jobs that were done and events that were applied since
    a moment."""
    told = Notification.select().where(
        *_of_anybody(Notification), Notification.finished_at >= moment
    )
    done = Job.select().where(Job.kind.in_(list(PRIORITIES)), Job.finished_at >= moment)
    everybody = Organization.select(Organization.id)
    applied = ProviderEvent.select().where(
        ProviderEvent.organization.in_(everybody), ProviderEvent.applied_at >= moment
    )
    return sum(int(query.count()) for query in (told, done, applied))
