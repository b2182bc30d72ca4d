"""From a run that broke a promise to the smallest one that breaks the same: delta debugging over
its decisions (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002)."""

import re
import time
from dataclasses import replace

from tests.simulation.run import Outcome, run

RUNS, SECONDS = 150, 120.0


class Shrinker:
    """`runs` counts the runs it took; it stops early after so many, or so many seconds of work."""

    def __init__(self, failed: Outcome, runs: int = RUNS, seconds: float = SECONDS) -> None:
        assert failed.violation is not None, "nothing to shrink: no promise was broken"
        self.best, self.code = failed, failed.violation.code
        self.runs, self._most = 0, runs
        self._deadline = time.process_time() + seconds

    def shrink(self) -> Outcome:
        """The smallest run found that breaks the same promise."""
        names = self._first_guess()
        parts = 2
        while len(names) > 1 and not self._spent():
            size = -(-len(names) // parts)
            chunks = [names[start : start + size] for start in range(0, len(names), size)]
            smaller = self._smaller(names, chunks)
            if smaller is not None:
                names, parts = smaller, max(2, min(parts - 1, len(smaller)))
            elif size == 1:
                break
            else:
                parts = min(len(names), parts * 2)
        return self.best

    def _first_guess(self) -> list[str]:
        """All decisions; or only those of the one whom it happened to, when that is enough."""
        violation = self.best.violation
        assert violation is not None
        about, names = violation.about, self.best.decisions
        mine = re.compile(rf"\b{re.escape(about)}\b")
        own = [name for name in names if about and mine.search(name)]
        if own and self._fails(own):
            return own
        return names

    def _smaller(self, names: list[str], chunks: list[list[str]]) -> list[str] | None:
        for chunk in chunks:
            if self._spent():
                return None
            left_out = set(chunk)
            rest = [name for name in names if name not in left_out]
            if self._fails(rest):
                return [name for name in rest if name in set(self.best.decisions)]
        return None

    def _fails(self, names: list[str]) -> bool:
        self.runs += 1
        outcome = run(replace(self.best.scenario, only=frozenset(names)))
        same = outcome.violation is not None and outcome.violation.code == self.code
        if same:
            self.best = outcome
        return same

    def _spent(self) -> bool:
        return self.runs >= self._most or time.process_time() > self._deadline
