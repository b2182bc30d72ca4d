"""How everything stands, over all organizations: what /metrics and /health/… tell."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import lanes
from gateway.models import agenda, gauges, store_figures
from gateway.models.agenda import Agenda
from gateway.models.cron_job import CronJob
from gateway.models.gauges import Counts
from gateway.models.hold import EVERYTHING, Hold, queue_scope
from gateway.models.store_figures import StoreFigures
from gateway.usecases import cron

STATES = ("waiting", "active", "delayed", "failed", "stalled")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Figures:
    """One look. `work` has the unfinished work and what failed for good, by queue, kind and one of
    STATES; `dead` the latter by queue, kind and what it is. `due` is for how many seconds the
    earliest has been due that nobody took, by queue, and what is held back does not count."""

    at: datetime
    work: Counts
    dead: Counts
    due: Mapping[str, float]
    per_minute: int
    inbox: int
    inbox_since: datetime | None
    unknown: Mapping[str, int]
    overdue: int
    holds: tuple[Hold, ...]
    cron: "tuple[CronFigures, ...]"
    store: StoreFigures

    def count(self, queue: str, state: str) -> int:
        """How much work of a queue is in a state, all kinds together."""
        return sum(
            count for (name, _, word), count in self.work.items() if (name, word) == (queue, state)
        )

    def paused(self, queue: str) -> bool:
        """Whether a queue is held back for everybody."""
        over = {hold.scope for hold in self.holds}
        frozen = queue in lanes.SENDING and EVERYTHING in over
        return frozen or queue_scope(queue) in over


@dataclass(frozen=True)
class CronFigures:
    """One cron job. `late` is for how many seconds a clock should have looked at it by now."""

    name: str
    enabled: bool
    last_run_at: datetime | None
    next_run_at: datetime | None
    last_result: str | None
    late: float
    known: bool = True  # a clock wrote it down


def look(now: datetime) -> Figures:
    """Count everything, by some twenty queries."""
    work, dead = gauges.unfinished(now), gauges.dead()
    for (queue, kind, _), count in dead.items():
        work[queue, kind, "failed"] += count
    inbox, since = gauges.inbox()
    return Figures(
        at=now,
        work=work,
        dead=dead,
        due=_due(agenda.read(), now),
        per_minute=gauges.done_since(now - MINUTE),
        inbox=inbox,
        inbox_since=since,
        unknown=gauges.unknown_placements(),
        overdue=gauges.overdue(),
        holds=tuple(Hold.listed()),
        cron=tuple(cron_figures(now)),
        store=store_figures.look(),
    )


def cron_figures(now: datetime) -> list[CronFigures]:
    """All cron jobs by name; one that no clock has written yet was never looked at."""
    rows = {row.name: row for row in CronJob.listed()}
    return [_cron_figures(name, rows.get(name), now) for name in sorted({*cron.BUILT_IN, *rows})]


def _cron_figures(name: str, row: CronJob | None, now: datetime) -> CronFigures:
    if row is None:
        return CronFigures(name, True, None, None, None, 0.0, known=False)
    late = (now - row.next_at).total_seconds() if row.enabled and row.next_at else 0.0
    return CronFigures(
        name,
        row.enabled,
        row.last_run_at,
        cron.following(row, now),
        row.last_result,
        max(late, 0.0),
    )


def _due(plan: Agenda, now: datetime) -> dict[str, float]:
    """For how long the earliest of each queue has been due."""
    heads: dict[str, list[datetime | None]] = {queue: [] for queue in lanes.QUEUES}
    for lane, at in plan.claims.items():
        heads[lanes.queue_of_lane(lane)].append(at)
    heads["voice"].append(plan.ending)
    heads["timers"] += [plan.step, plan.overdue]
    heads["events"].append(plan.event)
    heads["background"] += [plan.look_up, plan.check]
    return {queue: _age(moments, now) for queue, moments in heads.items()}


def _age(moments: list[datetime | None], now: datetime) -> float:
    first = min(filter(None, moments), default=now)
    return max((now - first).total_seconds(), 0.0)


def dead_by_object(dead: Counts) -> Counter[str]:
    """What failed for good, by what it is."""
    found: Counter[str] = Counter()
    for (_, _, object_), count in dead.items():
        found[object_] += count
    return found
