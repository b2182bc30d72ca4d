"""A look at the clocks by `doctor`: this machine's beside those of the servers it speaks to.

What is due is compared with this machine's clock, signatures carry the provider's, and two machines
that disagree call late or early by as much.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import redis

from gateway import wallclock
from gateway.cli.broker_check import ERROR, OK, WARNING
from gateway.domain.errors import StoreUnavailable
from gateway.domain.provider import TellsTime
from gateway.models.base import connection
from gateway.models.server_time import server_time
from gateway.providers import all_providers
from gateway.settings import Settings
from tasks import redis_client

TOLERATED, TOO_MUCH = timedelta(seconds=2), timedelta(seconds=30)
_WHOLE_SECOND = timedelta(seconds=0.5)  # a Date header is cut off to seconds: half of one is lost

Clock = Callable[[], datetime | None]


def findings(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """What `doctor` says about the clocks: how bad, which one, and what to do. One that can't be
    asked is left out: what is wrong with its server is told elsewhere."""
    if settings.gateway_clock_file:
        return
    clocks: list[tuple[str, Clock, timedelta]] = [
        ("database", _database, timedelta(0)),
        ("redis", lambda: _redis(settings), timedelta(0)),
    ]
    for provider in all_providers():
        if isinstance(provider, TellsTime):
            clocks.append((f"provider {provider.name}", provider.server_time, _WHOLE_SECOND))
    for name, clock, lost in clocks:
        told = compared(clock, lost, wallclock.now)
        if told is not None:
            yield told[0], f"clock of {name}", told[1]


def compared(clock: Clock, lost: timedelta, now: Callable[[], datetime]) -> tuple[str, str] | None:
    """How far that clock is ahead of ours, judged; None when it does not answer. What the way there
    and back took is allowed for."""
    before = now()
    theirs = clock()
    after = now()
    if theirs is None:
        return None
    ahead = theirs + lost - before - (after - before) / 2
    unsure = (after - before) / 2 + lost
    apart = max(abs(ahead) - unsure, timedelta(0))
    word = "ahead of" if ahead > timedelta(0) else "behind"
    text = f"{abs(ahead).total_seconds():.1f} s {word} this machine"
    if apart <= TOLERATED:
        return OK, f"agrees with this machine's within {TOLERATED.total_seconds():g} s"
    return (ERROR if apart > TOO_MUCH else WARNING), f"is {text}: keep both right by NTP"


def _database() -> datetime | None:
    try:
        with connection():
            return server_time()
    except StoreUnavailable:
        return None


def _redis(settings: Settings) -> datetime | None:
    client = redis_client.connect(settings, 3.0)
    try:
        seconds, micros = client.time()
    except (redis.RedisError, OSError):
        return None
    finally:
        client.close()
    return datetime.fromtimestamp(seconds + micros / 1e6, UTC)
