"""Virtual time. One thing happens at a time, in an order that the seed alone decides.

Most of what happens is a function called at its moment. What takes time (a job that asks a carrier,
a process that is paused) is a strand: it runs on a thread of its own, but only while nothing else
does, and hands over whenever it sleeps. No real time passes anywhere.
"""

import heapq
import itertools
import threading
from collections.abc import Callable
from datetime import datetime, timedelta


class Killed(BaseException):
    """The process that runs this strand ends here, as by SIGKILL."""


class Halted(BaseException):
    """The run is over; a strand that still waits is given up."""


class _Strand:
    def __init__(self, timeline: "Timeline") -> None:
        self.timeline, self.go = timeline, threading.Semaphore(0)
        self.task: Callable[[], None] | None = None
        self.label = ""
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self) -> None:
        while True:
            self.go.acquire()
            if self.task is None:
                return
            try:
                self.task()
            except Halted:
                pass
            except BaseException as fault:
                self.timeline.fault = self.timeline.fault or fault
            self.task = None
            self.timeline.finished(self)


class Timeline:
    """What is to happen, by time. `now` is UTC."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.halted = False
        self.fault: BaseException | None = None
        self._heap: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._main = threading.Semaphore(0)
        self._strands: list[_Strand] = []
        self._idle: list[_Strand] = []
        self._running: _Strand | None = None

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        """Have `act` called at this moment, or at once when it has passed."""
        heapq.heappush(self._heap, (max(when, self.now), next(self._count), act))

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Have `act` called so many seconds from now."""
        self.at(self.now + timedelta(seconds=seconds), act)

    @property
    def label(self) -> str:
        """What the running strand was spawned as."""
        return self._running.label if self._running else "the world"

    def spawn(self, label: str, act: Callable[[], None]) -> None:
        """Run `act` as a strand now, until it sleeps for the first time."""
        if self._idle:
            strand = self._idle.pop()
        else:
            strand = _Strand(self)
            self._strands.append(strand)
        strand.task, strand.label = act, label
        self._resume(strand)

    def sleep(self, seconds: float) -> None:
        """Let the running strand's time pass. Raises Halted when the run ends meanwhile."""
        strand = self._running
        assert strand is not None, "only a strand can sleep"
        self.after(seconds, lambda: self._resume(strand))
        self._main.release()
        strand.go.acquire()
        if self.halted:
            raise Halted

    def finished(self, strand: _Strand) -> None:
        """A strand came to its end."""
        self._idle.append(strand)
        self._main.release()

    def _resume(self, strand: _Strand) -> None:
        before, self._running = self._running, strand
        strand.go.release()
        self._main.acquire()
        self._running = before
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault

    def run(self, until: datetime) -> bool:
        """Let everything up to `until` happen; False when nothing was left before that."""
        while self._heap and self._heap[0][0] <= until and not self.halted:
            self.now, _, act = heapq.heappop(self._heap)
            act()
        return bool(self._heap)

    def close(self) -> None:
        """End what still waits, and its threads."""
        self.halted = True
        for strand in self._strands:
            if strand.task is not None:
                strand.go.release()
                self._main.acquire()
        self.fault = None
        for strand in self._strands:
            strand.go.release()
            strand.thread.join()
