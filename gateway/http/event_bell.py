"""Ringing for stored provider events, many by one message: no request waits for the broker."""

import threading
from collections import deque
from collections.abc import Iterable

from tasks.actors.events import MOST, apply_events
from tasks.broker import nudge_each

PAUSE = 0.15  # seconds between two rounds: what is stored meanwhile goes together


class EventBell:
    """A thread that rings as long as it runs, and once more at its end. What a process that is
    killed did not ring for, the clock finds, as what a broker lost."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._came = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        """Whether it takes events."""
        return self._thread is not None

    def start(self) -> None:
        """Begin, in the process that serves: threads don't survive a fork."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="event bell", daemon=True)
            self._thread.start()

    def stop(self, seconds: float = 2.0) -> None:
        """Ring for what is left and end, within so many seconds."""
        if self._thread is not None:
            self._stop.set()
            self._came.set()
            self._thread.join(seconds)
            self._thread = None

    def ring(self, event_ids: Iterable[str]) -> None:
        """Have these events applied soon."""
        self._waiting.extend(event_ids)
        self._came.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._came.wait()
            self._came.clear()
            self._round()
            self._stop.wait(PAUSE)
        self._round()

    def _round(self) -> None:
        named: list[str] = []
        while self._waiting:
            named.append(self._waiting.popleft())
        if named:
            nudge_each(apply_events, [named[at : at + MOST] for at in range(0, len(named), MOST)])
