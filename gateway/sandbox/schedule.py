"""Time and hands: one timer thread with a heap, a small pool of senders, and a lane per call."""

import heapq
import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from queue import SimpleQueue
from threading import Condition, Lock, Thread
from time import monotonic

Action = Callable[[], None]
Job = Callable[[], float | None]
"""Done when it returns None; a number asks to be run again after so many seconds."""

log = logging.getLogger(__name__)


class Scheduler:
    """Starts its threads on first use, so that it may be made before a server forks."""

    def __init__(self, senders: int) -> None:
        self._senders = senders
        self._heap: list[tuple[float, int, Action]] = []
        self._order = count()
        self._changed = Condition()
        self._jobs: SimpleQueue[Action | None] = SimpleQueue()
        self._started = False
        self._closed = False

    def after(self, seconds: float, action: Action) -> None:
        """Run the action on the timer thread that many seconds from now; it must not block."""
        with self._changed:
            self._start()
            entry = (monotonic() + seconds, next(self._order), action)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._changed.notify()

    def submit(self, action: Action) -> None:
        """Run the action on a sender thread, where it may wait for the network."""
        if not self._started:
            with self._changed:
                self._start()
        self._jobs.put(action)

    def close(self) -> None:
        """Stop taking part in the world: what is planned is dropped, threads end soon."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
        for _ in range(self._senders):
            self._jobs.put(None)

    def _start(self) -> None:
        if self._started or self._closed:
            return
        self._started = True
        Thread(target=self._keep_time, name="sandbox-timer", daemon=True).start()
        for number in range(self._senders):
            Thread(target=self._send, name=f"sandbox-sender-{number}", daemon=True).start()

    def _keep_time(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                wait = self._heap[0][0] - monotonic() if self._heap else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                action = heapq.heappop(self._heap)[2]
            _run(action)

    def _send(self) -> None:
        while (action := self._jobs.get()) is not None:
            _run(action)


class Lane:
    """Jobs of one call: one after the other, in the order pushed, whichever thread runs them."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._lock = Lock()
        self._jobs: deque[Job] = deque()

    def push(self, job: Job) -> None:
        """Have the job run once everything pushed before it is done."""
        with self._lock:
            self._jobs.append(job)
            idle = len(self._jobs) == 1
        if idle:
            self._scheduler.submit(self._run_first)

    def push_after(self, seconds: float, job: Job) -> None:
        """The same that many seconds from now."""
        self._scheduler.after(seconds, lambda: self.push(job))

    def _run_first(self) -> None:
        again: float | None = None
        try:
            again = self._jobs[0]()
        except Exception as error:  # noqa: BLE001 - a lane outlives its jobs
            log.error("a sandbox job ended with %s", type(error).__name__)
        if again is not None:
            self._scheduler.after(again, lambda: self._scheduler.submit(self._run_first))
            return
        with self._lock:
            self._jobs.popleft()
            more = bool(self._jobs)
        if more:
            self._scheduler.submit(self._run_first)


def _run(action: Action) -> None:
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a thread outlives its actions
        log.error("a sandbox action ended with %s", type(error).__name__)
