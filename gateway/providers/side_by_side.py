"""Questions to carriers at a time, in threads of the process, for a worker that has several.

One thread is cheapest while the carrier answers at once: threads that run side by side stand in
each other's way. So one begins, and what it did not come to within a moment gets threads of its
own: what was looked at together is asked together.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context, copy_context

MOST = 64  # at a time in one process, besides the one that each worker puts in its own thread
STALL = 0.015  # seconds for which a question waits for those before it
PATIENCE = 0.5  # seconds for which a worker waits to put all of its questions at a time

Question = Callable[[], None]


class _Places:
    """How many may be under way. Whoever finds fewer than it needs waits shortly, and then makes
    do: none are kept for it."""

    def __init__(self) -> None:
        self._free = MOST
        self._changed = threading.Condition()
        self._threads: ThreadPoolExecutor | None = None

    def take(self, wanted: int) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._free >= wanted, PATIENCE)
            taken = min(wanted, self._free)
            self._free -= taken
        return taken

    def give_back(self, how_many: int) -> None:
        with self._changed:
            self._free += how_many
            self._changed.notify_all()

    def start(self, run: Callable[[], None]) -> None:
        with self._changed:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(MOST, thread_name_prefix="carriers")
        self._threads.submit(run)


_places = _Places()


def _anew() -> None:
    global _places
    _places = _Places()  # threads don't come along into a forked process


os.register_at_fork(after_in_child=_anew)


class Questions:
    """Several questions of one worker. It alone calls the methods. A question is put once, or
    never, in a thread that has nothing of the worker's but its context, and must not raise."""

    def __init__(self, width: int) -> None:
        self.width = width  # as many as this may be put
        self._to_come = width
        self._waiting: deque[tuple[Context, Question]] = deque()
        self._changed = threading.Condition()
        self._threads = self._asking = 0
        self._since = 0.0  # when the first of those that wait was put

    def expect(self, how_many: int) -> None:
        """So many more will be put, at most."""
        self._to_come = how_many

    def put(self, question: Question) -> None:
        """Have it put, after those before it."""
        with self._changed:
            self._to_come -= 1
            if not self._waiting:
                self._since = time.monotonic()
            self._waiting.append((copy_context(), question))

    def forgo(self) -> None:
        """One that was expected will not be put."""
        self._to_come -= 1

    @property
    def busy(self) -> bool:
        """Whether any waits or is under way."""
        return bool(self._waiting) or self._threads > 0

    def wait(self) -> None:
        """Wait for a moment, or until all have come to their end."""
        with self._changed:
            if not self._threads:
                self._start(1)
            self._changed.wait_for(lambda: not self.busy, STALL)
            if time.monotonic() - self._since >= STALL:
                self._start(len(self._waiting))
            self._spare()

    def drop(self) -> None:
        """What was not begun never will be."""
        with self._changed:
            self._waiting.clear()
            self._to_come = 0

    def _start(self, wanted: int) -> None:
        about_to = self._threads - self._asking
        for _ in range(min(wanted, len(self._waiting)) - about_to):
            _places.start(self._run)
            self._threads += 1

    def _spare(self) -> None:
        """Give back the places that will not be needed."""
        spare = self.width - self._threads - len(self._waiting) - self._to_come
        if spare > 0:
            self.width -= spare
            _places.give_back(spare)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._threads -= 1
                    if not self.busy:
                        self._changed.notify_all()
                    return
                context, question = self._waiting.popleft()
                self._asking += 1
            try:
                context.run(question)
            finally:
                with self._changed:
                    self._asking -= 1

    def end(self) -> None:
        """Wait for those that were begun, and have no others begin."""
        self.drop()
        while self.busy:
            with self._changed:
                self._changed.wait_for(lambda: not self.busy, STALL)
        self._spare()


@contextmanager
def places(wanted: int) -> Iterator[Questions]:
    """Room for as many questions at a time as there is, at most so many; its width may be 0. All
    that were put have come to their end when the block has."""
    questions = Questions(_places.take(wanted))
    try:
        yield questions
    finally:
        questions.end()
