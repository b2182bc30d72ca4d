"""What happened over a span of time, counted in steps of equal length: one query for each chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import SQL, Case, ModelSelect, fn

from gateway.domain.lifecycle import JobState as J
from gateway.domain.lifecycle import NotificationState as N
from gateway.kinds import PRIORITIES
from gateway.models.base import dialect
from gateway.models.call_log import CallLog
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.reach import Reach

NOTIFICATIONS, JOBS, GIVEN_UP = "notifications", "jobs", "jobs given up"
WORST, AVERAGE = "worst", "average"
DELIVERED = (N.REACHED, N.NOT_REACHED, N.EXPIRED, N.UNKNOWN)

Points = Mapping[tuple[int, str], float]  # by step, counted from 0, and by the name of the line


@dataclass(frozen=True)
class Span:
    """So many steps of so many seconds; the first begins at `since`, a whole second."""

    since: datetime
    step: int
    count: int

    @classmethod
    def ending(cls, now: datetime, step: int, count: int) -> "Span":
        """The span whose last step is the one that `now` is in."""
        last = int(now.timestamp()) // step * step
        return cls(datetime.fromtimestamp(last - (count - 1) * step, UTC), step, count)

    @property
    def until(self) -> datetime:
        """The first moment after it."""
        return self.since + timedelta(seconds=self.step * self.count)

    def begins(self) -> list[datetime]:
        """When each step begins."""
        return [self.since + timedelta(seconds=n * self.step) for n in range(self.count)]

    def holds(self, column: Any) -> Any:
        """The condition on a column of moments."""
        return (column >= self.since) & (column < self.until)

    def step_of(self, column: Any) -> Any:
        """The number of the step that a column's moment is in."""
        first = int(self.since.timestamp())
        if dialect() == "sqlite":
            told = fn.STRFTIME("%s", column).coerce(False).cast("INTEGER")
            return (told - first) / self.step
        seconds = fn.DATE_PART("epoch", column).coerce(False)
        return fn.FLOOR((seconds - first) / self.step).coerce(False).cast("INTEGER")


def throughput(reach: Reach, span: Span) -> Points:
    """What came to its end, notifications and jobs. Of a job that comes back only the last time is
    known."""
    told = _counted(Notification, span, Notification.finished_at, NOTIFICATIONS)
    done = _counted(Job, span, Job.finished_at, JOBS)
    done = done.where(Job.kind.in_(list(PRIORITIES)), *_jobs_of(reach))
    return _sums(told.where(reach.rows(Notification)).union_all(done))


def delivery(reach: Reach, span: Span) -> Points:
    """How notifications that were meant to be sent ended; what was canceled or held back on
    purpose is left out."""
    row = Notification
    counted = _counted(row, span, row.finished_at, row.state)
    return _sums(counted.where(reach.rows(row), row.state.in_(DELIVERED)))


def lateness(reach: Reach, span: Span) -> Points:
    """Seconds from a notification's moment to its first attempt, the worst and on average. What
    was kept back on purpose (quiet hours, caps, holds) counts as well."""
    parts = []
    for table in (CallLog, MessageLog):
        first: Any = table
        late = _seconds(first.created_at, Notification.due_at)
        parts.append(
            first.select(span.step_of(first.created_at), fn.MAX(late), fn.SUM(late), fn.COUNT(late))
            .join(Notification)
            .where(reach.rows(first), span.holds(first.created_at))
            .where(first.attempt == 1, first.step == 0)
            .group_by(SQL("1"))
        )
    worst: dict[int, float] = {}
    total: dict[int, tuple[float, int]] = {}
    for step, most, seconds, count in parts[0].union_all(parts[1]).tuples():
        worst[step] = max(worst.get(step, 0.0), float(most))
        sum_, so_far = total.get(step, (0.0, 0))
        total[step] = (sum_ + float(seconds), so_far + count)
    points = {(step, WORST): round(seconds, 2) for step, seconds in worst.items()}
    means = {(step, AVERAGE): round(sum_ / n, 2) for step, (sum_, n) in total.items()}
    return points | means


def failures(reach: Reach, span: Span) -> Points:
    """Attempts that failed, by the class of the failure, and jobs that were given up."""
    calls, messages = (
        _counted(table, span, table.created_at, table.failure_class).where(
            reach.rows(table), table.failure_class.is_null(False)
        )
        for table in (CallLog, MessageLog)
    )
    lost = _counted(Job, span, Job.finished_at, GIVEN_UP)
    lost = lost.where(Job.kind.in_(list(PRIORITIES)), Job.state == J.FAILED, *_jobs_of(reach))
    return _sums(calls.union_all(messages).union_all(lost))


def _counted(table: Any, span: Span, moment: Any, line: Any) -> "ModelSelect[Any]":
    name = SQL(f"'{line}'") if isinstance(line, str) else line
    query: ModelSelect[Any] = table.select(span.step_of(moment), name, fn.COUNT(table.id))
    return query.where(span.holds(moment)).group_by(SQL("1"), SQL("2"))


def _sums(query: Any) -> Points:
    found: dict[tuple[int, str], float] = {}
    for step, line, count in query.tuples():
        key = (int(step), str(line))
        found[key] = found.get(key, 0) + count
    return found


def _jobs_of(reach: Reach) -> list[Any]:
    """The condition on jobs within reach, some of which are the house's own."""
    found: list[Any] = []
    if reach.organization_id is not None:
        found.append(Job.organization == reach.organization_id)
    if reach.mode is not None:
        found.append((Job.mode == reach.mode) | Job.mode.is_null())
    return found


def _seconds(later: Any, earlier: Any) -> Any:
    """The time from one column's moment to another's, none below zero."""
    gap: Any
    if dialect() == "sqlite":
        gap = (fn.JULIANDAY(later).coerce(False) - fn.JULIANDAY(earlier).coerce(False)) * 86400.0
    else:
        gap = fn.DATE_PART("epoch", later - earlier).coerce(False)
    return Case(None, ((gap > 0, gap),), 0.0)
