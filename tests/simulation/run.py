"""One run: the world of a seed from its first day to its rest, and what was wrong in it."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from gateway import failpoints
from gateway.models import base
from gateway.models.feed import FeedEntry
from tests.simulation import audit, ground, seasons
from tests.simulation.chronicle import Chronicle, Violated
from tests.simulation.decisions import Dice
from tests.simulation.timeline import Halted
from tests.simulation.world import World

Twist = Callable[[World], None]


@dataclass(frozen=True)
class Scenario:
    """What to run. With `only`, all other decisions are left out. `twist` breaks the world on
    purpose, once it stands: it is how the checks themselves are tested."""

    seed: int
    days: float = 30.0
    a_day: float = 0.35
    odds: float = 1.0
    only: frozenset[str] | None = None
    database_url: str | None = None
    twist: Twist | None = None


@dataclass
class Outcome:
    """What came of it. `decisions` are the names of all that took part, `digest` is equal for two
    runs in which the very same happened."""

    scenario: Scenario
    violation: Violated | None
    chronicle: Chronicle
    decisions: list[str]
    counts: dict[str, int]
    digest: str
    seconds: float


def run(scenario: Scenario) -> Outcome:
    """Run it. Promises are checked as it goes, and all of them at the end."""
    began = time.process_time()
    dice = Dice(scenario.seed, scenario.only, scenario.odds)
    actions = seasons.actions(dice, scenario.days, scenario.a_day)
    world = World(dice, scenario.days, actions)
    counts: dict[str, int] = {}
    digest = ""
    with ground.standing(world, scenario.database_url), base.connection():
        world.settle_in()
        if scenario.twist is not None:
            scenario.twist(world)
        failpoints.observe(world.hit)
        try:
            world.live()
            if world.chronicle.violation is None:
                audit.everything(world)
        except Halted:
            pass
        except Violated as violation:
            world.chronicle.violation = world.chronicle.violation or violation
            world.note("VIOLATION", str(violation), violation.about)
        counts, digest = audit.counts(world), _digest()
    took_part = [action.name for action in actions if dice.takes_part(action.name)]
    return Outcome(
        scenario, world.chronicle.violation, world.chronicle, took_part + list(dice.faults),
        counts, digest, time.process_time() - began,
    )  # fmt: skip


def _digest() -> str:
    told = hashlib.sha256()
    for row in FeedEntry.select().order_by(FeedEntry.id):
        told.update(f"{row.at} {row.type} {row.object_id} {row.reason}\n".encode())
    return told.hexdigest()
