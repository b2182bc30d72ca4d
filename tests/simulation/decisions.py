"""Everything that is left to chance, as named decisions of one seed.

Each decision draws from a stream of its own, `Random(f"{seed}|{name}")`. So leaving one out changes
no other, and a failing run can be made smaller by leaving out all that it does not need.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random


@dataclass(frozen=True)
class Fault:
    """Something that went wrong: what befell whom, and when."""

    name: str
    kind: str
    at: datetime


class Dice:
    """The decisions of one run. With `only`, every decision that is not named there is left out: no
    such fault happens, no such customer comes."""

    def __init__(self, seed: int, only: frozenset[str] | None = None, odds: float = 1.0) -> None:
        self.seed, self.only, self.odds = seed, only, odds
        self.calm = False  # from now on nothing goes wrong
        self.faults: dict[str, Fault] = {}
        self._asked: set[str] = set()

    def stream(self, name: str) -> Random:
        """The chance that belongs to this name, the same in every run of the seed."""
        return Random(f"{self.seed}|{name}")

    def takes_part(self, name: str) -> bool:
        """Whether a customer's action or an episode happens at all."""
        return self.only is None or name in self.only

    def uniform(self, name: str, low: float, high: float) -> float:
        """An amount; it is no decision that could be left out."""
        return self.stream(name).uniform(low, high)

    def fault(self, name: str, chances: Mapping[str, float], now: datetime) -> str | None:
        """What goes wrong with `name`, by these chances; mostly nothing. Asked again about the
        same name it is another question."""
        if self.calm:
            return None
        count = 2
        asked = name
        while asked in self._asked:
            asked, count = f"{name} ({count})", count + 1
        self._asked.add(asked)
        draw = self.stream(asked).random()
        for kind, chance in chances.items():
            draw -= chance * self.odds
            if draw < 0:
                if not self.takes_part(asked):
                    return None
                self.faults[asked] = Fault(asked, kind, now)
                return kind
        return None
