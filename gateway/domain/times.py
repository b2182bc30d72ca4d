"""Moments and time zones as clients write them, read strictly."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from gateway.domain.errors import Invalid

_MOMENT = re.compile(
    r"(?P<local>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)"
    r"(?P<offset>Z|[+-][0-9]{2}:[0-9]{2})?"
)
_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe",
    "Indian", "Pacific",
)  # fmt: skip


@dataclass(frozen=True)
class Instant:
    """A moment in UTC, and the IANA zone it was given with, if any."""

    at: datetime
    zone: str | None


@cache
def zones() -> frozenset[str]:
    """Names that are taken as a time zone: those of a region, and UTC. Abbreviations, fixed
    offsets and the file system's own aliases are not."""
    named = {name for name in available_timezones() if name.split("/")[0] in _REGIONS}
    return frozenset({name for name in named if "/" in name} | {"UTC", "Etc/UTC"})


def zone(name: str, field: str = "time_zone") -> str:
    """The name again, when it is an IANA zone we take. Raises Invalid."""
    if name not in zones():
        raise Invalid("is not an IANA time zone such as Europe/Berlin", field)
    return name


def instant(text: str, time_zone: str | None, field: str) -> Instant:
    """Read RFC 3339 with an offset, or a local time in `time_zone`. Raises Invalid for anything
    else, for an offset that the zone did not have then, and for a local time that a clock change
    skipped or repeated."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise Invalid("must be a time such as 2026-12-01T14:30:00+01:00", field)
    if time_zone is not None:
        zone(time_zone)
    try:
        local = datetime.fromisoformat(match["local"])
        if match["offset"] is None:
            return Instant(_from_local(local, time_zone, field), time_zone)
        given = datetime.fromisoformat(text)
        at = given.astimezone(UTC)
        shown = at.astimezone(ZoneInfo(time_zone)) if time_zone else None
    except (ValueError, OverflowError):
        raise Invalid("is not a time that exists", field) from None
    if shown is not None and match["offset"] != "Z" and shown.utcoffset() != given.utcoffset():
        raise Invalid("has an offset that its time zone does not have then", field)
    return Instant(at, time_zone)


def _from_local(local: datetime, time_zone: str | None, field: str) -> datetime:
    if time_zone is None:
        raise Invalid("needs an offset, or a time_zone beside it", field)
    info = ZoneInfo(time_zone)
    first, second = (local.replace(tzinfo=info, fold=fold) for fold in (0, 1))
    at = first.astimezone(UTC)
    if at.astimezone(info).replace(tzinfo=None) != local:
        raise Invalid("does not exist there: a clock change skips it", field)
    if first.utcoffset() != second.utcoffset():
        raise Invalid("exists twice there: give the offset", field)
    return at


def shown(at: datetime) -> str:
    """A moment as answers show it: UTC with Z, microseconds only when there are any."""
    text = at.astimezone(UTC).isoformat()
    return text.removesuffix("+00:00") + "Z"


def within(at: datetime, earliest: timedelta, latest: timedelta, now: datetime) -> bool:
    """Whether a moment lies between now + earliest and now + latest."""
    return now + earliest <= at <= now + latest


def local_day(at: datetime, time_zone: str) -> date:
    """The day that the calendar on the wall shows in an IANA zone."""
    return at.astimezone(ZoneInfo(time_zone)).date()
