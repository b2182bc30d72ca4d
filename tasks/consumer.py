"""A consumer that Redis wakes: whoever queues a message rings, and nobody looks before."""

import contextlib
import threading
import time
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import _RedisConsumer
from dramatiq.errors import ConnectionClosed

from tasks import trouble

EVERY = 1.0  # seconds between two looks when nobody rings: a ring may be lost, a heartbeat not
_GAP = 0.004  # seconds between two looks when many ring: what comes meanwhile is taken together
_AGAIN = 0.5  # seconds between two tries to listen
_SILENCE = 5.0  # seconds without a word after which Redis is asked for one; twice: start anew
_SLICE = 0.05  # seconds after which a waiting consumer sees that it is to end, once all end

# Goes to the end of Dramatiq's script, whose names it uses. Who finds the list empty rings; while
# more is in it, those that were rung for the first have not looked yet, or look again.
RING = b"""
if (command == "enqueue" and redis.call("llen", queue_full_name) == 1) or command == "requeue" then
    redis.pcall("publish", namespace .. ":rung", queue_name)
end
"""


class Bells:
    """Hears, by one subscription for all consumers of a process, for which queue somebody rang. It
    listens as long as there are consumers; what was rung while it could not hear is not known, so
    that everybody looks when it can again."""

    def __init__(self, client: "redis.Redis", namespace: str) -> None:
        self._client = client
        self._channel = f"{namespace}:rung"
        self._changing = threading.Lock()
        self._consumers: set[WokenConsumer] = set()
        self._thread: threading.Thread | None = None
        self.closing = False

    def attend(self, consumer: "WokenConsumer") -> None:
        """Wake this consumer from now on."""
        with self._changing:
            self._consumers.add(consumer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bells", daemon=True)
                self._thread.start()

    def leave(self, consumer: "WokenConsumer") -> None:
        """Wake it no more."""
        with self._changing:
            self._consumers.discard(consumer)

    def close(self) -> None:
        """Have the consumers take nothing more and end quickly when they are told to."""
        self.closing = True
        self._wake()

    def _wake(self, queue: str | None = None) -> None:
        with self._changing:
            for consumer in self._consumers:
                if queue is None or consumer.queue_name == queue:
                    consumer.bell.set()

    def _run(self) -> None:
        while self._wanted():
            try:
                with contextlib.closing(self._client.pubsub()) as channel:  # type: ignore[no-untyped-call]
                    self._hear(channel)
            except (redis.RedisError, OSError):
                time.sleep(_AGAIN)
            except Exception as error:  # noqa: BLE001 - whatever it is, it listens again
                trouble.tell("bells", "listening failed", error=type(error).__name__)
                time.sleep(_AGAIN)

    def _wanted(self) -> bool:
        with self._changing:
            if not self._consumers:
                self._thread = None
            return bool(self._consumers)

    def _hear(self, channel: Any) -> None:
        channel.subscribe(self._channel)
        heard = asked = time.monotonic()
        while self._consumers:
            told = channel.get_message(timeout=EVERY)
            now = time.monotonic()
            if told is not None:
                heard = now
                if told["type"] == "message":
                    self._wake(bytes(told["data"]).decode())
                elif told["type"] == "subscribe":
                    self._wake()
            elif now - heard > 2 * _SILENCE:
                return  # a connection of which only this end is left
            elif now - max(heard, asked) > _SILENCE:
                channel.ping()
                asked = now


class WokenConsumer(_RedisConsumer):
    """Dramatiq's consumer, but for how it waits. A look that brings all there was room for is
    followed by another when a message is done; all others by one when somebody rings."""

    def __init__(self, bells: Bells, *about: Any) -> None:
        super().__init__(*about)  # type: ignore[no-untyped-call]
        self.bell = threading.Event()
        self._bells = bells
        self._looked = float("-inf")
        self._wants = False  # there may be more than there was room for
        bells.attend(self)

    def __next__(self) -> dramatiq.MessageProxy | None:
        if not self.message_cache:
            self._wait()
            self._look()
        if not self.message_cache:
            return None
        message: dramatiq.MessageProxy = super().__next__()  # type: ignore[no-untyped-call]
        return message

    def _wait(self) -> None:
        if self._bells.closing:
            time.sleep(_SLICE)
        elif self.bell.wait(max(0.0, self._looked + EVERY - time.monotonic())):
            time.sleep(max(0.0, self._looked + _GAP - time.monotonic()))

    def _look(self) -> None:
        self.bell.clear()  # before: who rings from now on rings for what this look may not see
        self._wants = True  # before: who is done from now on may make the first room
        room = max(0, self.prefetch - self.outstanding_message_count)
        if self._bells.closing:
            room = 0
        overdue = time.monotonic() >= self._looked + EVERY
        if not room and not overdue:
            return
        try:
            # Without room it only says that this process lives, and tends the queue.
            self.message_cache = self.broker.fetch(self.queue_name, room, tend=overdue)
        except redis.ConnectionError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        self._looked = time.monotonic()
        self._wants = len(self.message_cache) >= room

    def ack(self, message: Any) -> None:
        """A message is done."""
        try:
            super().ack(message)  # type: ignore[no-untyped-call]
        finally:
            self._made_room()

    def nack(self, message: Any) -> None:
        """A message is refused."""
        try:
            super().nack(message)  # type: ignore[no-untyped-call]
        finally:
            self._made_room()

    def _made_room(self) -> None:
        if self._wants:
            self.bell.set()

    def close(self) -> None:
        """Listen no more."""
        self._bells.leave(self)


class QuickStop(dramatiq.Middleware):
    """Has the consumers of a worker that is to stop take nothing more, and not wait for a ring."""

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        broker.bells.closing = False

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:
        broker.bells.close()
