"""The figures of each day: counted an hour after the day's end where the organization lives, and
again whenever there is news about a day that is counted already."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from gateway.domain import local_days, times
from gateway.domain.errors import Invalid
from gateway.models import snapshot, snapshot_news
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.organization import Organization
from gateway.models.snapshot import Snapshot, SnapshotReading
from gateway.models.snapshot_facts import Span
from gateway.usecases import jobs, snapshot_figures
from gateway.usecases.accounts import Caller

log = structlog.get_logger(__name__)

JOB = "snapshot.day"
MOST_DAYS = 366
AT_ONCE = 200  # days planned in one transaction


@dataclass(frozen=True)
class Whose:
    """Whose days: of one organization in one mode."""

    organization: Organization
    mode: str

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.organization.id), self.mode

    def plan(self, day: str, now: datetime) -> None:
        """Have a day be counted. Call it inside a transaction."""
        organization_id, mode = self.pair
        jobs.plan(JOB, f"{organization_id}|{mode}|{day}", now, now, organization_id, mode)


def plan_days(now: datetime) -> int:
    """Have the first day be counted that is over for an hour and is not counted yet, for every
    organization and mode for which there is one; each plans the next one when it is done, so that a
    long outage is caught up one day at a time. Safe to call at any time. Returns how many."""
    missing = list(_missing(now))
    for start in range(0, len(missing), AT_ONCE):
        with atomic():
            for whose, day in missing[start : start + AT_ONCE]:
                whose.plan(day, now)
    log.info("days to be counted", count=len(missing))
    return len(missing)


def _missing(now: datetime) -> Iterator[tuple[Whose, str]]:
    newest, modes = Snapshot.newest_of_all(), snapshot.modes_in_use()
    for organization in Organization.listed():
        for mode in modes.get(organization.id, ()):
            whose = Whose(organization, mode)
            day = _next_day(whose, newest.get(whose.pair), now)
            if day is not None:
                yield whose, day.isoformat()


def _next_day(whose: Whose, newest: str | None, now: datetime) -> date | None:
    """The first day that is over and not counted."""
    organization = whose.organization
    if newest is None:
        day = times.local_day(organization.created_at, organization.time_zone)
    else:
        day = date.fromisoformat(newest) + local_days.A_DAY
    return day if day <= local_days.last_over(now, organization.time_zone) else None


def count(key: str, now: datetime) -> None:
    """The job: count one day that is over. When it is the first one missing, those before it are
    counted again about which there was news since the last time. The next one missing follows."""
    organization_id, mode, day = key.split("|")
    with atomic():
        Snapshot.take_turn(organization_id, mode)
        organization = Organization.get_by_id(organization_id)
        whose = Whose(organization, mode)
        newest = Snapshot.newest(organization_id, mode)
        missing = _next_day(whose, newest, now)
        if newest is not None and day <= newest:
            _count(whose, day)
        elif missing is not None and day == missing.isoformat():
            _read_news(whose, missing, now)
            _count(whose, day)
            missing = _next_day(whose, day, now)
        if missing is not None:  # none is left out, whichever was asked for
            whose.plan(missing.isoformat(), now)


def _count(whose: Whose, day: str) -> None:
    span, zone = _span(whose, date.fromisoformat(day))
    figures = snapshot_figures.of(span)
    Snapshot.write(*whose.pair, day, figures, zone, (span.begin, span.end))


def _span(whose: Whose, day: date) -> tuple[Span, str]:
    """A day's span of time and its zone: as it was counted before, else from the end of the day
    before, where that was counted, to midnight in the organization's zone."""
    known = Snapshot.of(*whose.pair, day.isoformat())
    if known is not None:
        return Span(*whose.pair, known.starts_at, known.ends_at), known.time_zone
    zone: str = whose.organization.time_zone
    before = Snapshot.of(*whose.pair, (day - local_days.A_DAY).isoformat())
    begin = before.ends_at if before is not None else local_days.begin(day, zone)
    return Span(*whose.pair, begin, max(begin, local_days.end(day, zone))), zone


def _read_news(whose: Whose, day: date, now: datetime) -> None:
    """Have those days before this one be counted again about which there was news."""
    span, _ = _span(whose, day)
    reading, horizon = SnapshotReading.of(*whose.pair), snapshot_news.horizon()
    if reading is not None:
        about = snapshot_news.since(reading, horizon, span.begin)
        days = Snapshot.within(*whose.pair, about)
        for day_again in days:
            whose.plan(day_again, now)
        if days:
            log.info("news about past days", days=len(days))
    SnapshotReading.note(*whose.pair, horizon, now)


def moved(before: Booking, after: Booking, now: datetime) -> None:
    """An appointment was moved: where its former start is past, that day may be counted already.
    Call it in the transaction of the change."""
    if before.starts_at == after.starts_at or before.starts_at > now:
        return
    whose = Whose(after.organization, after.mode)
    for day in Snapshot.within(*whose.pair, [(before.starts_at, before.starts_at + _A_MOMENT)]):
        whose.plan(day, now)


_A_MOMENT = timedelta(microseconds=1)


def recompute(caller: Caller, first: date, last: date, now: datetime) -> list[str]:
    """Have these days be counted again, both among them: those that are over, from the day on which
    the organization began. Returns them. Raises Invalid for days that are not over, and for too
    many at once."""
    whose, zone = Whose(caller.organization, caller.mode), caller.organization.time_zone
    if last >= times.local_day(now, zone):
        raise Invalid("must be a day that is over", "to")
    began = times.local_day(caller.organization.created_at, zone)
    wanted = [day.isoformat() for day in _days(first, last) if day >= began]
    with atomic():
        for day in wanted:
            whose.plan(day, now)
    return wanted


def _days(first: date, last: date) -> Iterator[date]:
    if first > last:
        raise Invalid("must not lie after to", "from")
    if (last - first).days >= MOST_DAYS:
        raise Invalid(f"must be at most {MOST_DAYS} days before to", "from")
    return local_days.span(first, last)


def search(
    caller: Caller, filters: dict[str, date], limit: int, before: tuple[datetime, str] | None = None
) -> list[Snapshot]:
    """Days newest first, at most `limit`, older than `before` (starts_at, id). Filters: from_, to,
    days both among them."""
    return Snapshot.find(caller.organization_id, caller.mode, filters, limit, before)
