"""Cron expressions: which moments they name, in which time zone.

Five fields as in Debian's cron (minute, hour, day of month, month, day of week; names, ranges,
lists, steps, `L`, `#`). A fixed time that a clock change skips comes at the first moment after the
gap, one that it repeats comes once; what comes every hour or minute comes in each of them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from gateway.domain.errors import Invalid

LONGEST = 120
_SPANS = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))


def expression(text: str, field: str = "expression") -> str:
    """The expression again, with single spaces. Raises Invalid for one that can't be read or names
    no moment of the next fifty years."""
    tidy = " ".join(text.split())
    if len(tidy.split()) != 5 or len(tidy) > LONGEST:
        raise Invalid("must have five fields, such as 0 1 * * *", field)
    try:
        if next(CronSim(tidy, datetime(2026, 1, 1, tzinfo=UTC)), None) is None:
            raise Invalid("names no moment", field)
    except (CronSimError, ValueError, AssertionError, TypeError) as objection:
        raise Invalid(f"can't be read: {objection}", field) from None
    return tidy


def following(text: str, zone: str, after: datetime) -> datetime | None:
    """The first moment (UTC) of an expression after this one, by the clock on the wall in `zone`;
    None when there is none in the next fifty years."""
    return next(_slots(text, zone, after), None)


def latest(text: str, zone: str, after: datetime, until: datetime) -> datetime | None:
    """The last moment (UTC) of an expression after `after` and not after `until`; None when there
    is none. However long that is, few moments are counted."""
    begun = after
    for span in (*_SPANS, None):
        begun = after if span is None else max(after, until - span)
        found = None
        for slot in _slots(text, zone, begun):
            if slot > until:
                break
            found = slot
        if found is not None or begun == after:
            return found
    return None


def _slots(text: str, zone: str, after: datetime) -> Iterator[datetime]:
    for slot in CronSim(text, after.astimezone(ZoneInfo(zone))):
        at = slot.astimezone(UTC)
        # In the hour that a clock change repeats, the clock on the wall does not tell what is over.
        if at > after:
            yield at
