"""Running the same thing in several threads at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.models import base

T = TypeVar("T")


def together(how_many: int, act: Callable[[int], T]) -> list[T]:
    """Run `act(0)` to `act(how_many - 1)` at once, each with a database connection of its own; the
    results in that order. The first exception is raised."""
    barrier = threading.Barrier(how_many)

    def run(number: int) -> T:
        with base.connection():
            barrier.wait(30)
            return act(number)

    with ThreadPoolExecutor(how_many) as pool:
        return list(pool.map(run, range(how_many)))
