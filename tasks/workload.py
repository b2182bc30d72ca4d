"""How much the broker holds, and who is there to take it."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks import worker_id
from tasks.broker import HEARTBEATS, NAMESPACE, SENTINEL, answered, broker, heard_since

TIMES = 3  # as many messages may wait for each thread at work; one more is in its hands
LEAST = 50  # so many may wait however few threads there are
UNMANNED = 10  # … and so many while none was heard of: it may only be slow


@dataclass(frozen=True)
class Workload:
    """Messages that wait and threads at work, by queue. `emptied`: the broker lost what it held
    since `mark`."""

    emptied: bool
    waiting: Mapping[str, int]
    threads: Mapping[str, int]

    def room(self, queue: str) -> int:
        """How many more messages a queue should get now: none until a good part of what it may
        hold was taken, so that a clock fetches in batches."""
        threads = self.threads.get(queue, 0)
        most = max(LEAST, TIMES * threads) if threads else UNMANNED
        room = most - self.waiting[queue]
        return room if room * 4 >= most else 0


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
    return Workload(not kept, dict(zip(worker_id.QUEUES, lengths, strict=True)), threads)


def mark() -> None:
    """Leave a mark in the broker, by which it is known that it still holds what it was given.
    Raises redis.RedisError."""
    broker.client.set(SENTINEL, 1)
