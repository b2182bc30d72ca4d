"""The clock: finds what is due and rings for it. It finds, it never decides."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import structlog

from gateway import error_reports, settings, wallclock
from gateway.domain.errors import GatewayError
from gateway.logs import places
from gateway.models import base
from gateway.models.agenda import Agenda
from gateway.models.records import IdempotencyRecord
from gateway.models.staff import StaffSession
from gateway.usecases import cron, idempotency, offers
from tasks import trouble
from tasks.tick import Tick
from tasks.wake import Alarm

log = structlog.get_logger(__name__)

STANDBY = 1.0
_TROUBLED = 0.5  # seconds until the next try when nothing could be done
_HOUSEKEEPING = timedelta(hours=1)
_SHORT = 0.06  # seconds of sleep after which a clock still knows what it is to wake for


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
    """Tick, tidy and sleep, until the next due moment, a ring or the poll. Survives every fault."""
    alarm = Alarm()
    alarm.listen()
    tidied: datetime | None = None
    known: Agenda | None = None
    while not stop.is_set():
        pause, before, known = _TROUBLED, known, None
        try:
            with base.connection():
                now = wallclock.now()
                ticked = Tick(now, before)
                pause = ticked.run().pause(settings.current().clock_poll_seconds)
                known = ticked.known
                if tidied is None or not tidied <= now < tidied + _HOUSEKEEPING:
                    tidied = now
                    tidy(now)
                    cron.install(now)
            trouble.over("clock", "clock ticks again")
        except GatewayError as error:
            trouble.tell("clock", "clock could not tick", error=error.slug)
        except Exception as error:  # noqa: BLE001 - the next tick may well do
            about = {"error": type(error).__name__, "places": places(error)}
            if trouble.tell("clock", "clock could not tick", **about):
                error_reports.report(error)
        if alarm.sleep(pause, stop) or pause > _SHORT:
            known = None  # else it holds what was looked up after the work
    alarm.close()


def tick(now: datetime) -> int:
    """Ring for everything that is due at `now`; returns how many notifications were claimed.
    While the broker is away nothing is claimed, and nothing is lost."""
    return Tick(now).run().claimed


def tidy(now: datetime) -> None:
    """Drop what has served its time, and wind up what stopped."""
    IdempotencyRecord.forget(now - idempotency.KEPT)
    StaffSession.forget(now)
    offers.wind_up(now)


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
