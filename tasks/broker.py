"""The broker: a doorbell over Redis. What it loses, the clock finds again in the database."""

import inspect
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage, ShutdownNotifications, TimeLimit

from gateway import settings, tracing
from tasks import redis_client, worker_id
from tasks.consumer import QuickStop
from tasks.doorbell import Doorbell
from tasks.job_metrics import Tallies
from tasks.middleware import (
    DatabaseConnection,
    ExponentialBackoff,
    LogContext,
    StartUp,
    TraceContext,
)

log = structlog.get_logger(__name__)

NAMESPACE = redis_client.NAMESPACE
SENTINEL = f"{NAMESPACE}:sentinel"
HEARTBEATS = f"{NAMESPACE}:__heartbeats__"
WAKE = f"{NAMESPACE}:wake"  # the channel on which sleeping clocks are woken
_ID = re.compile(r"[a-z]{2}_[0-9a-z]{26}")
NOWHERE: Mapping[str, str] = MappingProxyType({})
_PAUSE = 5.0  # seconds without another try after the broker could not be reached
_HURRY = 0.25  # seconds that a request may wait for the broker


def build(configured: settings.Settings) -> RedisBroker:
    """A broker without delays and without the stock retries, which lose messages."""
    return Doorbell(
        client=redis_client.connect(configured),
        namespace=NAMESPACE,
        heartbeat_timeout=15_000,
        maintenance_chance=100_000,
        middleware=[
            StartUp(),
            Tallies(),
            TraceContext(),
            LogContext(),
            DatabaseConnection(),
            TimeLimit(time_limit=60_000),
            ShutdownNotifications(),
            CurrentMessage(),
            ExponentialBackoff(),
            QuickStop(),
        ],
    )


broker = build(settings.current())
dramatiq.set_broker(broker)

_away_until = 0.0
_suspect = threading.Event()  # the last try failed: one thread tries again, the others pass by
_trying = threading.Lock()


def hurry() -> None:
    """Wait only shortly for the broker from now on, in a process that serves requests."""
    redis_client.hurry(broker.client, _HURRY)


def nudge(actor: "dramatiq.Actor[..., Any]", *args: Any) -> bool:
    """Wake a worker. Best effort: never raises, and after a failure does not try again for some
    seconds, so that a hung broker can't slow requests down. False when the message did not go."""
    return nudge_each(actor, [args])


def nudge_each(
    actor: "dramatiq.Actor[..., Any]",
    calls: Iterable[Sequence[Any]],
    origins: Mapping[str, str] = NOWHERE,
) -> bool:
    """Wake workers for several jobs of one actor; False when not all messages went. `origins` are
    the traces that the rows named first belong to, by id, where that is not the present one."""
    jobs = list(calls)
    for args in jobs:
        check(actor, args)

    def send() -> None:
        with broker.together():
            for args in jobs:
                _send(actor, args, origins)

    return _once(send)


def _send(
    actor: "dramatiq.Actor[..., Any]", args: Sequence[Any], origins: Mapping[str, str]
) -> None:
    name, parent = f"send {actor.actor_name}", origins.get(args[0])
    with tracing.span(name, "producer", parent=parent, root=False, job_id=args[0]):
        actor.send(*args)


def wake_clocks() -> bool:
    """Have the clocks look at once. Best effort, like `nudge`."""
    return _once(lambda: broker.client.publish(WAKE, 1))


def _once(act: Callable[[], object]) -> bool:
    """Try something with the broker unless it failed lately; False when it was not done."""
    if time.monotonic() < _away_until:
        return False
    if not _suspect.is_set():
        return _tried(act)
    if not _trying.acquire(blocking=False):
        return False
    try:
        return _tried(act)
    finally:
        _trying.release()


def _tried(act: Callable[[], object]) -> bool:
    global _away_until
    try:
        act()
    except (redis.RedisError, OSError) as error:
        _away_until = time.monotonic() + _PAUSE
        _suspect.set()
        log.warning("broker unreachable", error=redis_client.fault(error))
        return False
    answered()
    return True


def answered() -> None:
    """The broker was just heard from: trust it again at once."""
    global _away_until
    _away_until = 0.0
    _suspect.clear()


def check(actor: "dramatiq.Actor[..., Any]", args: Sequence[Any]) -> None:
    """Refuse job data that is not ids and claims, before it is queued. Raises ValueError."""
    wanted = _wanted(actor.fn, len(args))
    fits = len(args) == len(wanted) and all(
        isinstance(value, parameter.annotation)
        and (_ID.fullmatch(value) if isinstance(value, str) else type(value) is int and value > 0)
        for value, parameter in zip(args, wanted, strict=True)
    )
    if not fits:
        raise ValueError(f"a job of {actor.actor_name} takes ids and claims only")


@cache
def _wanted(job: Callable[..., Any], given: int) -> Sequence[inspect.Parameter]:
    """What a job takes where it is given so many arguments; the last kind may come repeatedly."""
    wanted = list(inspect.signature(job).parameters.values())
    if wanted and wanted[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        wanted += wanted[-1:] * (given - len(wanted))
    return wanted


def backlog(queue: str) -> int:
    """Messages that wait in one queue. Raises redis.RedisError."""
    return int(broker.client.llen(f"{NAMESPACE}:{queue}"))


def workers() -> int:
    """Worker processes heard of within the heartbeat's time; 0 when the broker is away."""
    return len(living())


def heard_since() -> float:
    """Scores of HEARTBEATS above this one are those of living processes."""
    return time.time() * 1000 - float(broker.heartbeat_timeout)


def living() -> list[str]:
    """The broker ids of these worker processes."""
    try:
        heard: Any = broker.client.zrangebyscore(HEARTBEATS, heard_since(), "+inf")
    except (redis.RedisError, OSError):
        return []
    names = [bytes(name).decode() for name in heard]
    return [name for name in names if name.startswith(worker_id.BEGINNING)]
