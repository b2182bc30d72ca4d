"""What a benchmark tells: one figure a line, beside a yardstick of the same run."""

import json
import operator
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure. `value` is a median where there were several rounds, then `low` and
    `high` are the least and the most. `goal` is a bound in words that `met` was reckoned by, such
    as ">= 1.0 x" of the yardstick or "<= 40 ms"; both None where nobody set one. `value` is None
    where it could not be measured, and `note` says why."""

    bench: str
    metric: str
    value: float | None
    unit: str
    yardstick: str | None = None
    yardstick_value: float | None = None
    goal: str | None = None
    met: bool | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The value in yardsticks."""
        if self.value is None or not self.yardstick_value:
            return None
        return self.value / self.yardstick_value

    def line(self) -> str:
        """One JSON object, its figures with four places that mean something."""
        told: dict[str, Any] = {**asdict(self), "ratio": self.ratio}
        for name, value in told.items():
            if isinstance(value, float):
                told[name] = float(f"{value:.4g}")
        return json.dumps(told)


_BOUNDS = {">=": operator.ge, "<=": operator.le}


def held(figure: Figure, bound: str, goal: float, *, of_yardstick: bool = False) -> Figure:
    """The figure with its goal: the value, or how many yardsticks it is, at least (">=") or at most
    ("<=") so much. What could not be measured is not met."""
    compared = figure.ratio if of_yardstick else figure.value
    words = f"{bound} {goal:g} {'x' if of_yardstick else figure.unit}"
    met = compared is not None and _BOUNDS[bound](compared, goal)
    return Figure(**{**asdict(figure), "goal": words, "met": met})


def median(bench: str, metric: str, unit: str, rounds: Sequence[float], **more: Any) -> Figure:
    """The median of rounds, with their spread."""
    if not rounds:
        return Figure(bench, metric, None, unit, **more)
    middle = statistics.median(rounds)
    return Figure(bench, metric, middle, unit, low=min(rounds), high=max(rounds), **more)


def cut(found: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of what was found does not exceed."""
    ordered = sorted(found)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


HEADS = (
    "bench",
    "metric",
    "value",
    "spread",
    "unit",
    "yardstick",
    "its value",
    "ratio",
    "goal",
    "",
)


def table(figures: Sequence[Figure]) -> str:
    """All of them for people to read, one a line; what could not be measured says so below."""
    rows = [HEADS, *(_cells(one) for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    notes = [f"{one.bench} {one.metric}: {one.note}" for one in figures if one.note]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _cells(one: Figure) -> tuple[str, ...]:
    spread = "" if one.low is None else f"{_short(one.low)} to {_short(one.high)}"
    verdict = {True: "met", False: "MISSED", None: ""}[one.met]
    return (
        one.bench, one.metric, _short(one.value), spread, one.unit, one.yardstick or "",
        _short(one.yardstick_value), _short(one.ratio), one.goal or "", verdict,
    )  # fmt: skip


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
