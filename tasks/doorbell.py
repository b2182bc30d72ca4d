"""Dramatiq's broker over Redis as we use it: it rings, and it holds nothing back for later."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker

from tasks.consumer import RING, Bells, WokenConsumer


class Doorbell(RedisBroker):
    """Dramatiq's broker over Redis, without delays: nobody looks for delayed messages, since there
    are none. Who queues a message rings, so that nobody looks for any other before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._own = threading.local()
        self.bells = Bells(self.client, self.namespace)
        stock: Any = self.scripts["dispatch"].script
        self._script = self.client.register_script(stock + RING)
        self.scripts["dispatch"] = self._tell

    def get_declared_delay_queues(self) -> set[str]:
        """None."""
        return set()

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Send a message. Raises ValueError for one with a delay, which nobody would find."""
        if delay is not None:
            raise ValueError("what is to happen later stands in a row, not in the broker")
        return super().enqueue(message)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Messages of a queue, by one who is woken when some come."""
        return WokenConsumer(self.bells, self, queue_name, prefetch, timeout)

    def fetch(self, queue_name: str, room: int, *, tend: bool) -> list[bytes]:
        """Take up to so many messages; `tend` looks after those of dead processes for certain.
        Raises redis.RedisError."""
        self._own.tends = tend
        try:
            return list(self.do_fetch(queue_name, room))
        finally:
            self._own.tends = False

    def _should_do_maintenance(self, command: str) -> int:
        return int(getattr(self._own, "tends", False)) or super()._should_do_maintenance(command)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what this thread enqueues inside the block at its end, in one round trip. Raises
        redis.RedisError; some may have gone then."""
        gathered = self._own.gathered = list[tuple[Any, ...]]()
        try:
            yield
        finally:
            self._own.gathered = None
        try:
            self._send(gathered)
        except redis.exceptions.NoScriptError:  # a Redis that was started anew: nothing has gone
            self.client.script_load(self._script.script)
            self._send(gathered)

    def _send(self, gathered: Sequence[tuple[Any, ...]]) -> None:
        # The library's own way of scripts in a pipeline asks each time whether Redis has it.
        with self.client.pipeline(transaction=False) as pipe:
            for command in gathered:
                pipe.evalsha(self._script.sha, 1, *command)
            pipe.execute()

    def _tell(self, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        gathered = getattr(self._own, "gathered", None)
        if gathered is None:
            return self._script(keys=keys, args=args)
        return gathered.append((*keys, *args))
