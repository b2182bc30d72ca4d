"""Counting what happens in this process, in memory, until usecases/tallies.py writes it down.

A series is a name with the values of its labels: `("jobs", "voice", "reminder", "completed")`.
Labels are words of ours alone, of which there are few; never an id, an address or a text.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

Series = tuple[str, ...]

# The upper bounds of each histogram's buckets, in seconds.
BUCKETS: Mapping[str, tuple[float, ...]] = {
    "job_duration": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    "lateness": (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
    "http_duration": (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
}
SUM = "sum"
BEYOND = "+Inf"

_lock = threading.Lock()
_counted: Counter[Series] = Counter()


def count(name: str, *labels: str, by: float = 1) -> None:
    """One more of a series, or `by` more."""
    with _lock:
        _counted[(name, *labels)] += by  # type: ignore[assignment]


def observe(name: str, *labels: str, seconds: float, times: int = 1) -> None:
    """An observation of a histogram of BUCKETS, as often as that was made; less than nothing counts
    as nothing."""
    bounds, seconds = BUCKETS[name], max(seconds, 0.0)
    place = bisect_left(bounds, seconds)
    bound = bucket(bounds[place]) if place < len(bounds) else BEYOND
    with _lock:
        _counted[(name, *labels, bound)] += times
        _counted[(name, *labels, SUM)] += seconds * times  # type: ignore[assignment]


def bucket(bound: float) -> str:
    """A bucket's name."""
    return f"{bound:g}"


def ran(queue: str, kind: str, status: str, seconds: float, times: int = 1) -> None:
    """A worker was at so many jobs of a queue and kind, at each for as long; `status` is completed
    or failed."""
    count("jobs", queue, kind, status, by=times)
    observe("job_duration", queue, kind, seconds=seconds, times=times)


def take() -> dict[Series, float]:
    """What was counted since it was taken last."""
    with _lock:
        taken: dict[Series, float] = dict(_counted)
        _counted.clear()
    return taken


def put_back(taken: Mapping[Series, float]) -> None:
    """What was taken and could not be written down."""
    with _lock:
        for series, value in taken.items():
            _counted[series] += value  # type: ignore[assignment]
