"""Days as the calendar on the wall of a time zone shows them, as spans of UTC."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.domain import times

A_DAY = timedelta(days=1)
SETTLED = timedelta(hours=1)  # after its end, a day is looked at: at one o'clock


def begin(day: date, time_zone: str) -> datetime:
    """The first moment of a day in an IANA zone, in UTC. Where the clocks skip midnight it is the
    moment of the change; where they repeat it, the first one. A day has 23 or 25 hours when the
    clocks change, and none at all where the calendar skips it."""
    return datetime.combine(day, time(), ZoneInfo(time_zone)).astimezone(UTC)


def end(day: date, time_zone: str) -> datetime:
    """The first moment after it."""
    return begin(day + A_DAY, time_zone)


def last_over(now: datetime, time_zone: str) -> date:
    """The newest day that ended an hour ago or earlier."""
    return times.local_day(now - SETTLED, time_zone) - A_DAY


def span(first: date, last: date) -> Iterator[date]:
    """The days from the first to the last, both among them."""
    for number in range((last - first).days + 1):
        yield first + number * A_DAY
