"""The one place where tests wait for something that they can only look at."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], what: str, seconds: float = 40.0, pause: float = 0.02) -> T:
    """Look until there is something true to see and return it; fails the test, saying what did not
    come, when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(pause)
    return seen
