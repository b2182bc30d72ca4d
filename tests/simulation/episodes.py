"""Stretches of time in which a part of the world is out of order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulation.decisions import Dice, Fault
from tests.simulation.timeline import Timeline

# How often in 30 days, and from how many to how many seconds.
KINDS = {
    "clocks stop": (3, 300, 18_000),
    "outage": (3, 60, 1200),
    "credentials": (1, 300, 1200),
    "frozen": (1, 120, 1200),
    "broker away": (2, 30, 1200),
    "webhooks lost": (2, 1800, 3600),
    "broker forgets": (5, 0, 0),
}


@dataclass(frozen=True)
class Episode:
    """One such stretch."""

    name: str
    kind: str
    begins: datetime
    ends: datetime


class Episodes:
    """Those of one run. Once nothing is to go wrong any more, none is on."""

    def __init__(
        self, dice: Dice, timeline: Timeline, days: float, moments: Sequence[datetime]
    ) -> None:
        """`moments` are those at which calls fall due: most episodes begin about one of them."""
        self.dice, self.timeline, self._moments = dice, timeline, moments
        self.planned: list[Episode] = []
        for kind, (often, least, most) in KINDS.items():
            for number in range(round(often * dice.odds * max(1.0, days / 30))):
                self._plan(f"{kind} {number}", kind, timeline.now, days, least, most)

    def _plan(
        self, name: str, kind: str, start: datetime, days: float, least: float, most: float
    ) -> None:
        chance = self.dice.stream(f"episode {name}")
        begins = start + timedelta(days=chance.uniform(0, days))
        if self._moments and chance.random() < 0.7:
            begins = chance.choice(self._moments) - timedelta(seconds=chance.uniform(-30, 200))
            begins = max(start, begins)
        ends = begins + timedelta(seconds=chance.uniform(least, most))
        if self.dice.takes_part(name):
            self.planned.append(Episode(name, kind, begins, ends))
            self.dice.faults[name] = Fault(name, kind, begins)

    def on(self, kind: str, at: datetime | None = None) -> bool:
        """Whether such an episode is on, now or at another moment."""
        return not self.dice.calm and self._last_end(kind, at) is not None

    def until(self, kind: str, at: datetime | None = None) -> datetime:
        """When the one that is on ends."""
        return self._last_end(kind, at) or self.timeline.now

    def _last_end(self, kind: str, at: datetime | None) -> datetime | None:
        moment = at or self.timeline.now
        ends = [e.ends for e in self.planned if e.kind == kind and e.begins <= moment < e.ends]
        return max(ends, default=None)

    def disturbed(self, begins: datetime, ends: datetime) -> bool:
        """Whether any of them touches this stretch of time."""
        return any(e.begins <= ends and begins <= e.ends for e in self.planned)
