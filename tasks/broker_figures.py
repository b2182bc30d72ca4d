"""What the broker says of itself and of those who work by it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis

from tasks import worker_id
from tasks.broker import HEARTBEATS, NAMESPACE, WAKE, broker, heard_since


@dataclass(frozen=True)
class BrokerFigures:
    """One look. `up` is whether it answered; if not, nothing else is known. `workers` are the
    processes heard of lately, `threads` theirs by queue, `clocks` those that listen to be woken;
    `messages` wait, by queue. Bytes are None where it does not tell; no limit is 0."""

    up: bool = False
    workers: int = 0
    clocks: int = 0
    threads: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
    memory: int | None = None
    most_memory: int | None = None


def look() -> BrokerFigures:
    """Ask it, in one round trip and one more. Never raises."""
    try:
        with broker.client.pipeline(transaction=False) as pipe:
            pipe.zrangebyscore(HEARTBEATS, heard_since(), "+inf")
            pipe.pubsub_numsub(WAKE)
            for queue in worker_id.QUEUES:
                pipe.llen(f"{NAMESPACE}:{queue}")
            heard, listening, *lengths = pipe.execute()
    except (redis.RedisError, OSError):
        return BrokerFigures()
    names = [bytes(name).decode() for name in heard]
    names = [name for name in names if name.startswith(worker_id.BEGINNING)]
    memory = _memory()
    return BrokerFigures(
        up=True,
        workers=len(names),
        clocks=sum(int(count) for _, count in listening),
        threads=worker_id.threads(names),
        messages=dict(zip(worker_id.QUEUES, lengths, strict=True)),
        memory=memory.get("used_memory"),
        most_memory=memory.get("maxmemory"),
    )


def _memory() -> dict[str, Any]:
    """Empty where a provider does not let us see it."""
    try:
        found: Any = broker.client.info("memory")
    except (redis.RedisError, OSError):
        return {}
    return dict(found)
