"""How much the broker holds, and who is there to take it."""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tasks import worker_id
from tasks.broker import HEARTBEATS, NAMESPACE, SENTINEL, answered, broker, heard_since

TIMES = 3  # as many messages may wait for each thread at work; one more is in its hands
LEAST = 50  # so many may wait however few threads there are
UNMANNED = 10  # … and so many while none was heard of: it may only be slow
SEVERAL = ("voice", "messages")  # queues whose messages may name several rows
FEW, MOST = 3, 16  # rows that a message names at most: while little is known of the pace, and ever
SECONDS = 0.75  # for which a thread should have work with one message, by the pace of late
_LATELY, _SHORT = 1.0, 0.25  # seconds that the pace is measured over, at most and at least
_KEPT = 1000  # messages whose sizes are remembered


class Sent:
    """What this process handed to the workers of one queue of late: rows in messages."""

    def __init__(self) -> None:
        self._sizes: deque[int] = deque(maxlen=_KEPT)
        self._total = 0
        self._taken: deque[tuple[float, int]] = deque()  # by when how many rows were taken up

    def note(self, sizes: Sequence[int]) -> None:
        """Messages with so many rows each were sent."""
        self._sizes.extend(sizes)
        self._total += sum(sizes)

    def rows(self, messages: int) -> int:
        """How many rows the messages name that wait now: the last ones sent are the last to be
        taken. Those of other processes have one each, as far as is known here."""
        if not messages:
            self._sizes.clear()
        known = list(self._sizes)[-messages:] if messages else []
        now, found = time.monotonic(), sum(known)
        if self._taken and not found and self._taken[-1][1] == self._total:
            self._taken.clear()  # that nobody had anything to do tells nothing either
        self._taken.append((now, self._total - found))
        while self._taken[0][0] < now - _LATELY:
            self._taken.popleft()
        return found + messages - len(known)

    def pace(self) -> float:
        """How many rows a second the workers took up of late."""
        if not self._taken:
            return 0.0
        (since, before), (until, taken) = self._taken[0], self._taken[-1]
        return (taken - before) / max(_SHORT, until - since)


_sent: dict[str, Sent] = {}


def sent(queue: str) -> Sent:
    """What this process handed to the workers of a queue."""
    return _sent.setdefault(queue, Sent())


@dataclass(frozen=True)
class Workload:
    """Messages that wait and threads at work, by queue; `rows` are those that the messages name,
    where that is not one each. `emptied`: the broker lost what it held since `mark`."""

    emptied: bool
    waiting: Mapping[str, int]
    threads: Mapping[str, int]
    rows: Mapping[str, int] = field(default_factory=dict)

    def room(self, queue: str) -> int:
        """How many more rows a queue should get now: none until a good part of what it may hold was
        taken, so that a clock fetches in batches."""
        threads = self.threads.get(queue, 0)
        times = max(TIMES, self._most(queue)) if queue in self.rows else TIMES
        most = max(LEAST, times * threads) if threads else UNMANNED
        room = most - self.rows.get(queue, self.waiting[queue])
        return room if room * 4 >= most else 0

    def size(self, queue: str, found: int) -> int:
        """How many rows a message should name when so many were found: one, as long as there are
        threads for all that waits; more, the more waits, but no thread is to have work for long."""
        threads = self.threads.get(queue, 0)
        if not threads or queue not in self.rows:
            return 1
        return max(1, min(self._most(queue), (self.rows[queue] + found) // threads))

    def _most(self, queue: str) -> int:
        by_pace = sent(queue).pace() * SECONDS / max(1, self.threads.get(queue, 0))
        return max(FEW, min(MOST, int(by_pace)))


def look() -> Workload:
    """Ask the broker, in one round trip. Raises redis.RedisError."""
    with broker.client.pipeline(transaction=False) as pipe:
        pipe.set(SENTINEL, 1, xx=True)
        pipe.zrangebyscore(HEARTBEATS, heard_since(), "+inf")
        for queue in worker_id.QUEUES:
            pipe.llen(f"{NAMESPACE}:{queue}")
        kept, heard, *lengths = pipe.execute()
    answered()
    threads = worker_id.threads(bytes(name).decode() for name in heard)
    waiting = dict(zip(worker_id.QUEUES, lengths, strict=True))
    rows = {queue: sent(queue).rows(waiting[queue]) for queue in SEVERAL}
    return Workload(not kept, waiting, threads, rows)


def mark() -> None:
    """Leave a mark in the broker, by which it is known that it still holds what it was given from
    now on. Raises redis.RedisError."""
    _sent.clear()
    broker.client.set(SENTINEL, 1)
