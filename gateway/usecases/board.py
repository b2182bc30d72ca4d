"""How the queues stand, as the board for operators shows it: of one organization and mode, or of
all organizations together."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway import kinds
from gateway.domain import lanes
from gateway.models import charts, oldest
from gateway.models.charts import Points, Span
from gateway.models.hold import Hold, kind_scope, queue_scope, reminders_scope
from gateway.models.oldest import Ages
from gateway.models.reach import Reach
from gateway.usecases import holds, queues, switches
from gateway.usecases.accounts import Caller
from gateway.usecases.figures import Figures

STATES = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
LATELY = timedelta(hours=24)  # how long ago a reminder may have ended to be counted
SPANS = {"hour": (60, 60), "day": (900, 96)}  # seconds of a step, and how many steps
CHARTS: dict[str, Callable[[Reach, Span], Points]] = {
    "throughput": charts.throughput,
    "delivery": charts.delivery,
    "lateness": charts.lateness,
    "failures": charts.failures,
}


@dataclass(frozen=True)
class Line:
    """One queue or kind of work. `counts` by STATES; without `completed` where all organizations
    are looked at together. `oldest` is since when the oldest that could be done waits; `own_pause`
    says that what pauses it is the reader's to end."""

    name: str
    counts: Mapping[str, int]
    oldest: datetime | None
    paused: bool
    own_pause: bool


@dataclass(frozen=True)
class Board:
    """One look. The reminders are `on`, `off`, or `off for everybody`."""

    queues: list[Line]
    kinds: list[Line]
    overdue: int
    reminders: Mapping[str, int]
    switch: str


def look(reach: Reach, who: Caller | Figures, now: datetime) -> Board:
    """The board of a caller's organization and mode, or by the figures of all organizations."""
    ages, over = oldest.waiting(reach, now), [hold.scope for hold in Hold.listed()]
    own = reach.organization_id
    if isinstance(who, Caller):
        stats = queues.stats(who, now)
        by_queue = {row["queue"]: row for row in stats["queues"]}
        by_kind = {row["kind"]: row for row in stats["kinds"]}
        overdue = int(stats["overdue"])
    else:
        by_queue, by_kind, overdue = _of(who, 0), _of(who, 1), who.overdue
    return Board(
        [_queue(name, by_queue, ages, own, over) for name in lanes.QUEUES],
        [_kind(name, by_kind, ages, own, over) for name in lanes.KINDS],
        overdue,
        oldest.reminders(reach, now - LATELY),
        _switch(own, over),
    )


def _queue(
    name: str, rows: Mapping[str, Any], ages: Ages, own: str | None, over: list[str]
) -> Line:
    paused = switches.queue_paused(name, own, over)
    since, own_pause = oldest.of_queue(ages, name), queue_scope(name, own) in over
    return Line(name, _counts(rows.get(name, {})), since, paused, own_pause)


def _kind(name: str, rows: Mapping[str, Any], ages: Ages, own: str | None, over: list[str]) -> Line:
    shown, paused = kinds.shown(name), switches.kind_paused(name, own, over)
    since, own_pause = oldest.of_kind(ages, name), kind_scope(name, own) in over
    return Line(shown, _counts(rows.get(shown, {})), since, paused, own_pause)


def _switch(own: str | None, over: list[str]) -> str:
    if (reminders_scope() in over and own is not None) or holds.switched_off(reminders_scope()):
        return "off for everybody"
    return "off" if reminders_scope(own) in over else "on"


def _of(figures: Figures, part: int) -> dict[str, dict[str, int]]:
    """What the figures tell by queue (0) or by kind (1)."""
    found: dict[str, Counter[str]] = {}
    for key, count in figures.work.items():
        name = key[part] if part == 0 else kinds.shown(key[part])
        found.setdefault(name, Counter())[key[2]] += count
    for key, count in figures.dead.items():
        name = key[part] if part == 0 else kinds.shown(key[part])
        found.setdefault(name, Counter())["dead"] += count
    return {name: dict(counts) for name, counts in found.items()}


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {state: int(row.get(state, 0)) for state in STATES}


def chart(name: str, reach: Reach, span: Span) -> Points:
    """The lines of one of CHARTS. Raises KeyError."""
    return CHARTS[name](reach, span)


def span(name: str, now: datetime) -> Span:
    """The last hour by minutes, or the last day by quarters of an hour. Raises KeyError."""
    step, count = SPANS[name]
    return Span.ending(now, step, count)
