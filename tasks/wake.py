"""Waking a sleeping clock when something was written that is due before it would look again."""

import threading
import time
from typing import Any

import dramatiq
import redis

from gateway import settings, wallclock
from gateway.models import upcoming
from tasks import redis_client
from tasks.broker import WAKE, broker, wake_clocks
from tasks.middleware import DatabaseConnection

SLICE = 0.25  # seconds after which a sleeper sees at the latest that it is to stop
_AGAIN = 1.0  # seconds between two tries to listen
_TIMEOUT = 1.0


def if_soon() -> None:
    """After a commit: wake the clocks if this thread wrote something that is due before they look
    by themselves. Never raises."""
    due = upcoming.soonest()
    upcoming.forget()
    poll = wallclock.span(settings.current().clock_poll_seconds)
    if due is not None and due < wallclock.now() + poll:
        wake_clocks()


class WakeClocks(dramatiq.Middleware):
    """Wakes the clocks after a job that wrote something which falls due soon."""

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        upcoming.forget()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if_soon()


broker.add_middleware(WakeClocks(), before=DatabaseConnection)  # so that it comes after the commit


class Alarm:
    """A clock's sleep, which ends early when it is woken. While the broker is away it is a plain
    sleep."""

    def __init__(self) -> None:
        self._client = redis_client.connect(settings.current(), _TIMEOUT)
        self._channel: redis.client.PubSub | None = None
        self._again = 0.0

    def sleep(self, seconds: float, stop: threading.Event) -> bool:
        """Sleep until it is time, somebody rings, or `stop` is set (then a moment longer). Whether
        somebody rang, or may have."""
        until = time.monotonic() + seconds
        while not stop.is_set() and (left := until - time.monotonic()) > 0:
            if self._channel is None:
                if self.listen():
                    return True  # while nobody listened
                stop.wait(min(left, SLICE))
            elif self._rung(min(left, SLICE)):
                return True
        return self._channel is None

    def listen(self) -> bool:
        """Be reachable from now on, if the broker is there. True when that is new."""
        if self._channel is not None or time.monotonic() < self._again:
            return False
        channel = self._client.pubsub()  # type: ignore[no-untyped-call]
        try:
            channel.subscribe(WAKE)
            channel.get_message(timeout=_TIMEOUT)  # the broker's word that we are
        except (redis.RedisError, OSError):
            channel.close()
            self._again = time.monotonic() + _AGAIN
            return False
        self._channel = channel
        return True

    def _rung(self, seconds: float) -> bool:
        assert self._channel is not None
        try:
            rung = self._channel.get_message(timeout=seconds) is not None
            while rung and self._channel.get_message() is not None:
                pass  # several that rang at once are answered at once
        except (redis.RedisError, OSError):
            self.close()
            return False
        return rung

    def close(self) -> None:
        """Listen no more."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._again = time.monotonic() + _AGAIN
