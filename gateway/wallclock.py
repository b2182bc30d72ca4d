"""The one clock of the product: real UTC time, or in tests real time with an offset and a rate.

Only the edges (HTTP, tasks, command line) ask it; everything inside takes `now` as an argument.
With GATEWAY_TESTING=1 every process of a stack follows GATEWAY_CLOCK_FILE, a JSON object
`{"origin": unix, "shown": unix, "rate": 1.0}`: at real time `origin` it is `shown`, and from there
`rate` seconds pass in each real second. The file may be replaced while the stack runs.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Reading:
    """How shown time follows real time."""

    origin: float = 0.0
    shown: float = 0.0
    rate: float = 1.0

    def at(self, real: float) -> datetime:
        """The time to show at a real moment, both counted from the Unix epoch."""
        return datetime.fromtimestamp(self.shown + (real - self.origin) * self.rate, UTC)


class _File:
    def __init__(self, path: Path) -> None:
        self.path, self.stamp, self.reading = path, 0, Reading()

    def current(self) -> Reading:
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self.stamp:
                self.reading = Reading(**json.loads(self.path.read_text()))
                self.stamp = stamp
        except (OSError, ValueError, TypeError):
            pass  # keep the last good reading: a half-written file must not stop a stack
        return self.reading


_file: _File | None = None


def follow(path: str | None) -> None:
    """Follow a clock file from now on; None goes back to real time."""
    global _file
    _file = _File(Path(path)) if path else None


def now() -> datetime:
    """The present moment, aware, in UTC."""
    real = time.time()
    return _file.current().at(real) if _file else datetime.fromtimestamp(real, UTC)


def rate() -> float:
    """How many shown seconds pass in a real one: a waiter divides its sleep by it."""
    return _file.current().rate if _file else 1.0


def set_reading(path: str, shown: datetime, rate: float = 1.0) -> None:
    """Write a clock file so that from this real moment on it is `shown`, passing at `rate`."""
    reading = {"origin": time.time(), "shown": shown.timestamp(), "rate": rate}
    draft = Path(path).with_suffix(".draft")
    draft.write_text(json.dumps(reading))
    draft.replace(path)


def span(real_seconds: float) -> timedelta:
    """What so many real seconds are on the shown clock."""
    return timedelta(seconds=real_seconds * rate())
