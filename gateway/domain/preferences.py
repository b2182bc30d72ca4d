"""What a customer usually books, counted from appointments, and how well an appointment fits it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain import times
from gateway.domain.lifecycle import BookingState

# What was chosen counts, whether or not the customer came in the end.
COUNTED = frozenset(BookingState) - {BookingState.CANCELED}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FACETS = ("service", "staff", "weekday", "hour")
MOST_VALUES = 24  # of each facet that are kept: every hour of a day
WHOLE = 1000  # the score of one facet that is the same in all appointments
Counts = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Visit:
    """One appointment: its service as booked ({"id", "name"}), the id of the staff member's
    contact, its start (UTC) and the IANA zone that it is local to."""

    starts_at: datetime
    time_zone: str
    service: Mapping[str, Any] | None = None
    staff: str | None = None

    @property
    def local(self) -> datetime:
        """Its start as the wall shows it."""
        return self.starts_at.astimezone(ZoneInfo(self.time_zone))


def _service(visit: Visit) -> str | None:
    known = visit.service or {}
    for name in ("id", "name"):
        if known.get(name):
            return f"{name}:{known[name]}"
    return None


_VALUES: Mapping[str, Callable[[Visit], Any]] = {
    "service": _service,
    "staff": lambda visit: visit.staff,
    "weekday": lambda visit: WEEKDAYS[visit.local.weekday()],
    "hour": lambda visit: visit.local.hour,
}


def counts(visits: Iterable[Visit]) -> Counts:
    """How often each service, staff member, weekday and hour was chosen, the favourite first: the
    highest count, among equals the one of the latest appointment, then by name. The same visits
    give the same answer in whatever order they come. A service goes by its latest name."""
    ordered = sorted(visits, key=_order)
    return {facet: _ranked(facet, ordered) for facet in FACETS}


def _order(visit: Visit) -> tuple[Any, ...]:
    known = visit.service or {}
    named = tuple(str(known.get(name) or "") for name in ("id", "name"))
    return (visit.starts_at, *named, visit.staff or "", visit.time_zone)


def _ranked(facet: str, ordered: Sequence[Visit]) -> list[dict[str, Any]]:
    found: dict[Any, tuple[int, Visit]] = {}
    for visit in ordered:
        value = _VALUES[facet](visit)
        if value is not None:
            found[value] = (found.get(value, (0, visit))[0] + 1, visit)
    by_name = sorted(found.items(), key=lambda item: _name_of(facet, *item))
    newest = sorted(by_name, key=lambda item: item[1][1].starts_at, reverse=True)
    best = sorted(newest, key=lambda item: item[1][0], reverse=True)
    return [
        {"value": value, **_shown(facet, last), "count": count, "last": times.shown(last.starts_at)}
        for value, (count, last) in best[:MOST_VALUES]
    ]


def _name_of(facet: str, value: Any, found: tuple[int, Visit]) -> tuple[Any, ...]:
    if facet == "service":
        return (str((found[1].service or {}).get("name") or ""), value)
    return (WEEKDAYS.index(value),) if facet == "weekday" else (value,)


def _shown(facet: str, visit: Visit) -> dict[str, Any]:
    if facet != "service":
        return {}
    known = visit.service or {}
    return {name: known.get(name) for name in ("id", "name")}


def score(kept: Mapping[str, Sequence[Mapping[str, Any]]], bookings: int, slot: Visit) -> int:
    """How well an appointment fits what was counted over so many bookings: for each facet the
    share of those that were the same, in thousandths, added up; 0 to 4,000. Nothing known is 0."""
    if not bookings:
        return 0
    total = 0
    for facet in FACETS:
        value = _VALUES[facet](slot)
        same = sum(one["count"] for one in kept.get(facet, ()) if one["value"] == value)
        total += same * WHOLE // bookings
    return total
