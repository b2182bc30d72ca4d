"""The clock: finds what is due and rings for it. It finds, it never decides."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import redis
import structlog

from gateway import settings, wallclock
from gateway.domain.errors import GatewayError
from gateway.failpoints import hit
from gateway.models import base, claims
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import IdempotencyRecord
from gateway.usecases import delivery, idempotency
from tasks import broker
from tasks.actors.events import apply_event, look_up_call
from tasks.actors.voice import place_call

log = structlog.get_logger(__name__)

BATCH = 200
AHEAD = 1000  # messages that may wait for workers before the clock claims no more
EVENT_PAUSE = 10.0
LOOKUP_PAUSE = 30.0  # more than a look-up takes
STANDBY = 1.0
_HOUSEKEEPING = timedelta(hours=1)


def run(stop: threading.Event) -> None:
    """Tick until `stop` is set. On SQLite one clock is active and the others stand by."""
    while not stop.is_set():
        with _turn() as mine:
            if not mine:
                stop.wait(STANDBY)
                continue
            log.info("clock active")
            _tick_until(stop)


def _tick_until(stop: threading.Event) -> None:
    housekeeping: datetime | None = None
    while not stop.is_set():
        pause = settings.current().clock_poll_seconds
        try:
            with base.connection():
                now = wallclock.now()
                tick(now)
                if housekeeping is None or now >= housekeeping:
                    tidy(now)
                    housekeeping = now + _HOUSEKEEPING
                pause = min(pause, _until_next(wallclock.now()))
        except GatewayError as error:
            log.warning("clock could not tick", error=error.slug)
        except redis.RedisError as error:
            log.warning("broker unreachable", error=type(error).__name__)
        stop.wait(pause)


def tick(now: datetime) -> int:
    """Ring for everything that is due at `now`; returns how many notifications were claimed.
    While the broker is away nothing is claimed, and nothing is lost. Raises redis.RedisError."""
    delivery.sweep(now)
    if broker.emptied() and (released := claims.release_all_due(now)):
        log.warning("broker lost its messages", released=released)
        delivery.sweep(now)
    claimed = 0
    while broker.backlog("voice") < AHEAD:
        found = _claim(now)
        claimed += found
        if found < BATCH:
            break
    for event_id in ProviderEvent.claim_waiting(now, BATCH, wallclock.span(EVENT_PAUSE)):
        broker.nudge(apply_event, event_id)
    look_ups = CallLog.claim_look_ups(now, BATCH, wallclock.span(LOOKUP_PAUSE))
    broker.nudge_each(look_up_call, look_ups)
    return claimed


def _claim(now: datetime) -> int:
    lease = wallclock.span(settings.current().claim_lease_seconds)
    found = claims.claim_due(now, BATCH, lease)
    hit("clock.after_lease")
    if found:
        log.info("due reminders found", count=len(found))
        if broker.nudge_each(place_call, found):
            log.info("queued", count=len(found))
    hit("clock.after_enqueue")
    return len(found)


def _until_next(now: datetime) -> float:
    """Real seconds until the next row falls due."""
    due = claims.next_due()
    if due is None:
        return float("inf")
    return max(0.02, (due - now).total_seconds() / wallclock.rate())


def tidy(now: datetime) -> None:
    """Drop what has served its time."""
    IdempotencyRecord.forget(now - idempotency.KEPT)


@contextmanager
def _turn() -> Iterator[bool]:
    """Whether this clock may tick. PostgreSQL lets any number do so; on SQLite they would only
    queue up for the one write lock, so that a lock beside the database file lets one through."""
    if base.dialect() == "postgresql":
        yield True
        return
    path = Path(str(base.db.obj.database) + ".clock")
    held: IO[str]
    with path.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
