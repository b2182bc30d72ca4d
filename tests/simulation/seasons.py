"""The customers of a run: which organizations there are, and who books, moves and cancels what
and when. All of it is planned from the seed before the first virtual second."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.decisions import Dice
from tests.simulation.promises import Rule, micro, utc_of

AUTUMN = datetime(2026, 10, 3, 0, 0, tzinfo=UTC)
SPRING = datetime(2027, 3, 10, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Town:
    """One organization: its zone, the days on which its clocks change within the two seasons, its
    carrier, the calls a second of a number of its own, its plan for busy and unanswered calls."""

    name: str
    zone: str
    changes: tuple[date, ...]
    carrier: str = "open"
    rate: float | None = None
    repeats: dict[str, list[int]] = field(default_factory=dict)


TOWNS = (
    Town("Berlin", "Europe/Berlin", (date(2026, 10, 25), date(2027, 3, 28)),
         repeats={"busy": [300, 900], "no_answer": [900]}),
    Town("New York", "America/New_York", (date(2026, 11, 1), date(2027, 3, 14))),
    Town("Lord Howe", "Australia/Lord_Howe", (date(2026, 10, 4), date(2027, 4, 4)), rate=0.5,
         repeats={"busy": [120]}),
    Town("London", "Europe/London", (date(2026, 10, 25), date(2027, 3, 28)), carrier="mute"),
)  # fmt: skip
USUAL = (Rule("before", 1440), Rule("before", 180))
PLANS: tuple[tuple[Rule, ...] | None, ...] = (
    None, None, USUAL, (Rule("before", 180),), (Rule("every", 120, 360),), (Rule("before", 15),),
    (Rule("before", 1440), Rule("every", 120, 1440)),
)  # fmt: skip

CLASS = 5


@dataclass(frozen=True)
class Action:
    """Something a customer does. `subject` is the booking or request it is about."""

    name: str
    at: datetime
    kind: str
    town: int
    subject: str
    details: dict[str, Any]


def begins(seed: int) -> datetime:
    """When a run starts: even seeds in October, odd ones in March, so that all clocks change
    within its 30 days, once back and once forth."""
    return AUTUMN if seed % 2 == 0 else SPRING


def actions(dice: Dice, days: float, a_day: float) -> list[Action]:
    """Everything customers will do, in time order; `a_day` are the bookings of one organization
    each day."""
    start = begins(dice.seed)
    found: list[Action] = []
    for town in range(len(TOWNS)):
        for number in range(max(1, round(days * a_day))):
            name = f"b{town}.{number}"
            found += _life(dice, name, town, start, days)
        for number in range(max(1, round(days * a_day / 4))):
            name = f"r{town}.{number}"
            found.append(_request(dice.stream(name), name, town, start, days))
    return sorted(found, key=lambda action: (action.at, action.name))


def _life(dice: Dice, name: str, town: int, start: datetime, days: float) -> list[Action]:
    """A booking and all that its customer does about it later."""
    chance = dice.stream(name)
    number = int(name.rpartition(".")[2])
    at = start + timedelta(days=chance.uniform(0, days))
    if number < 2:  # two of each town come just before its clocks change
        change = _next_change(town, start) - timedelta(days=chance.uniform(0.2, 2))
        at = change if start <= change < start + timedelta(days=days) else at
    starts, plan = _appointment(chance, at, town), chance.choice(PLANS)
    if 2 <= number < 2 + CLASS:  # and some go to the same class, and are called at one moment
        together = dice.stream(f"class {town}")
        opens = start + timedelta(days=together.uniform(0, max(0.1, days - 3)))
        starts, plan = (
            _appointment(together, opens + timedelta(days=2), town),
            together.choice(PLANS),
        )
        at = opens + timedelta(days=chance.uniform(0, 0.5))
    found = [Action(name, at, "book", town, name,
                    {"starts": starts, "rules": plan, "phone": _phone(chance)})]  # fmt: skip
    moments = due_moments(found[0])
    for turn in range(chance.choice((0, 0, 1, 1, 2, 3))):
        then = _when(chance, at, _utc(starts, town), moments)
        kind, details = _change(chance, then, town)
        found.append(Action(f"{name}.{kind}{turn}", then, kind, town, name, details))
    return found


def due_moments(booking: Action) -> list[int]:
    """When calls fall due by a booking as it was first made, in microseconds since 1970."""
    starts = micro(_utc(booking.details["starts"], booking.town))
    rules = booking.details["rules"] or USUAL
    return sorted(due for rule in rules for due in rule.moments(micro(booking.at), starts))


def _next_change(town: int, start: datetime) -> datetime:
    """Midnight UTC of the next day on which the clocks of a town change."""
    days = (datetime.combine(day, time(), UTC) for day in TOWNS[town].changes)
    return min((day for day in days if day >= start), default=start)


def _change(chance: Random, at: datetime, town: int) -> tuple[str, dict[str, Any]]:
    kind = chance.choices(
        ("move", "cancel", "confirm", "check_in", "phone", "replan", "again", "stop"),
        (6, 5, 2, 1, 2, 2, 2, 1),
    )[0]
    details: dict[str, Any] = {}
    if kind == "move":
        details["starts"] = _appointment(chance, at, town)
    elif kind == "phone":
        details["phone"] = _phone(chance)
    elif kind == "replan":
        details["rules"] = chance.choice([plan for plan in PLANS if plan])
    elif kind == "stop":
        details["for"] = chance.uniform(600, 200_000)
    return kind, details


def _when(chance: Random, at: datetime, ends: datetime, moments: list[int]) -> datetime:
    """Half of the time just when a call is about to leave: that is where races are."""
    if moments and chance.random() < 0.5:
        close = datetime.fromtimestamp(chance.choice(moments) / 1e6, UTC)
        then = close + timedelta(seconds=chance.uniform(-3, 20))
    else:
        then = at + (ends - at) * chance.random()
    return max(then, at + timedelta(seconds=chance.uniform(0.001, 2)))


def _appointment(chance: Random, at: datetime, town: int) -> datetime:
    """A local start, later than `at`: often on the day on which the clocks change or around it."""
    lead = chance.choice((0.7, 2.0, 4.0, 26.0, 50.0, 120.0)) * chance.uniform(0.8, 1.2)
    at_least = at + timedelta(minutes=20)
    for day in TOWNS[town].changes:
        near = datetime.combine(day, time(), UTC)
        if timedelta() < near - at < timedelta(days=2) and chance.random() < 0.9:
            local = datetime.combine(day, time(chance.randrange(0, 12), chance.choice((0, 15, 45))))
            local += timedelta(hours=chance.choice((3, 12, 12, 24)))
            if _utc(local, town) > at_least:
                return local.replace(fold=chance.randrange(2))
    then = (at + timedelta(hours=lead)).replace(second=0, microsecond=0)
    local = datetime.fromtimestamp(then.timestamp(), _zone(town)).replace(tzinfo=None)
    local = local.replace(minute=local.minute // 15 * 15)
    return local if _utc(local, town) > at_least else local + timedelta(minutes=45)


def _utc(local: datetime, town: int) -> datetime:
    return utc_of(local, TOWNS[town].zone)


def _zone(town: int) -> ZoneInfo:
    return ZoneInfo(TOWNS[town].zone)


def _phone(chance: Random) -> str:
    """Few numbers, so that bookings share people and lines."""
    return f"+1202555{chance.randrange(100, 125):04d}"


def _request(chance: Random, name: str, town: int, start: datetime, days: float) -> Action:
    at = start + timedelta(days=chance.uniform(0, days))
    wait = chance.choice((None, 5.0, 600.0, 40_000.0))
    lasts = chance.choice((None, 60.0, 1800.0))
    details = {"phone": _phone(chance), "wait": wait, "lasts": lasts}
    return Action(name, at, "request", town, name, details)
