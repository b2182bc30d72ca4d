"""Since when the oldest thing that could be done waits, by queue and kind of work."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from gateway.kinds import REMINDERS
from gateway.models import attempts
from gateway.models.base import UTCField
from gateway.models.booking import Booking
from gateway.models.job_search import TABLES
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import Reach

Ages = dict[tuple[str, str | None], datetime]  # by queue and kind; without a kind for what has none


def waiting(reach: Reach, now: datetime) -> Ages:
    """The moment for which the oldest was planned that waits now: for a worker, for a second look,
    or because it is held back. What waits for a retry to come does not."""
    found: Ages = {}
    for key, value in (*_work(reach, now), *_others(reach, now)):
        moment = UTCField().python_value(value)
        if moment is not None:
            found[key] = min(found.get(key, moment), moment)
    return found


def _work(reach: Reach, now: datetime) -> Iterator[tuple[tuple[str, str | None], Any]]:
    for work in TABLES:
        row = work.table
        due = row.next_attempt_at <= now
        # One query for each, since each has an index of only what is not finished.
        for part in (due, row.lease_until.is_null(False), row.held_by.is_null(False)):
            oldest = row.select(work.queue(), work.kind, fn.MIN(row.due_at)).where(
                part, work.mine(reach), work.standing(now) == "waiting"
            )
            for queue, kind, moment in oldest.group_by(SQL("1"), work.kind).tuples():
                yield (queue, kind), moment


def _others(reach: Reach, now: datetime) -> Iterator[tuple[tuple[str, str | None], Any]]:
    for queue, table, column in _moments():
        mine = reach.events() if table is ProviderEvent else reach.rows(table)
        yield (queue, None), table.select(fn.MIN(column)).where(column <= now, mine).scalar()


def of_queue(ages: Ages, name: str) -> datetime | None:
    """The earliest of one queue."""
    return min((at for (queue, _), at in ages.items() if queue == name), default=None)


def of_kind(ages: Ages, name: str) -> datetime | None:
    """The earliest of one kind of work."""
    return min((at for (_, kind), at in ages.items() if kind == name), default=None)


def reminders(reach: Reach, since: datetime) -> dict[str, int]:
    """How many reminders stand where: those that are not finished, and those that ended since a
    moment."""
    row = Notification
    recent = row.finished_at.is_null() | (row.finished_at >= since)
    counted: Any = row.select(row.state, fn.COUNT(row.id)).where(
        reach.rows(row), recent, row.purpose.in_(REMINDERS)
    )
    return {str(state): int(count) for state, count in counted.group_by(row.state).tuples()}


def _moments() -> list[tuple[str, Any, Any]]:
    look_ups = [("background", table, table.lookup_at) for table in attempts.TABLES]
    return [
        ("timers", Notification, Notification.step_until),
        ("timers", Booking, Booking.overdue_at),
        ("events", ProviderEvent, ProviderEvent.next_attempt_at),
        *look_ups,
    ]
