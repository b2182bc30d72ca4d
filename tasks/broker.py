"""The broker: a doorbell over Redis. What it loses, the clock finds again in the database."""

import inspect
import re
import threading
import time
from collections.abc import Iterable
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage, ShutdownNotifications, TimeLimit
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway import settings
from tasks.middleware import (
    WORKER,
    DatabaseConnection,
    ExponentialBackoff,
    LogContext,
    StartUp,
)

log = structlog.get_logger(__name__)

NAMESPACE = "ringback"
SENTINEL = f"{NAMESPACE}:sentinel"
_ID = re.compile(r"[a-z]{2}_[0-9a-z]{26}")
_PAUSE = 5.0  # seconds without another try after the broker could not be reached
_HURRY = 0.25  # seconds that a request may wait for the broker


def _client(url: str) -> redis.Redis:
    # No retries: the library's own would put a message on the queue twice when an answer is lost.
    return redis.Redis.from_url(
        url,
        socket_timeout=2,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=30,
    )


def build(url: str) -> RedisBroker:
    """A broker without delays and without the stock retries, which lose messages."""
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=_client(url),
        namespace=NAMESPACE,
        heartbeat_timeout=15_000,
        maintenance_chance=100_000,
        middleware=[
            StartUp(),
            LogContext(),
            DatabaseConnection(),
            TimeLimit(time_limit=60_000),
            ShutdownNotifications(),
            CurrentMessage(),
            ExponentialBackoff(),
        ],
    )


broker = build(settings.current().redis_url)
dramatiq.set_broker(broker)

_away_until = 0.0
_suspect = threading.Event()  # the last try failed: one thread tries again, the others pass by
_trying = threading.Lock()


def hurry() -> None:
    """Wait only shortly for the broker from now on, in a process that serves requests."""
    broker.client.connection_pool.connection_kwargs["socket_timeout"] = _HURRY
    broker.client.connection_pool.connection_kwargs["socket_connect_timeout"] = _HURRY


def nudge(actor: "dramatiq.Actor[..., Any]", *args: Any) -> bool:
    """Wake a worker. Best effort: never raises, and after a failure does not try again for some
    seconds, so that a hung broker can't slow requests down. False when the message did not go."""
    return nudge_each(actor, [args])


def nudge_each(actor: "dramatiq.Actor[..., Any]", calls: Iterable[tuple[Any, ...]]) -> bool:
    """Wake workers for several jobs of one actor; False when not all messages went."""
    jobs = list(calls)
    for args in jobs:
        check(actor, args)
    if time.monotonic() < _away_until:
        return False
    if not _suspect.is_set():
        return _send(actor, jobs)
    if not _trying.acquire(blocking=False):
        return False
    try:
        return _send(actor, jobs)
    finally:
        _trying.release()


def _send(actor: "dramatiq.Actor[..., Any]", jobs: list[tuple[Any, ...]]) -> bool:
    global _away_until
    try:
        for args in jobs:
            actor.send(*args)
    except (redis.RedisError, OSError) as error:
        _away_until = time.monotonic() + _PAUSE
        _suspect.set()
        log.warning("broker unreachable", error=type(error).__name__)
        return False
    _suspect.clear()
    return True


def check(actor: "dramatiq.Actor[..., Any]", args: tuple[Any, ...]) -> None:
    """Refuse job data that is not ids and claims, before it is queued. Raises ValueError."""
    wanted = list(inspect.signature(actor.fn).parameters.values())
    fits = len(args) == len(wanted) and all(
        _ID.fullmatch(value) is not None
        if isinstance(value, str) and parameter.annotation is str
        else parameter.annotation is int and type(value) is int and value > 0
        for value, parameter in zip(args, wanted, strict=True)
    )
    if not fits:
        raise ValueError(f"a job of {actor.actor_name} takes ids and claims only")


def reachable() -> bool:
    """Whether the broker answers now."""
    try:
        return bool(broker.client.ping())
    except (redis.RedisError, OSError):
        return False


def backlog(queue: str) -> int:
    """Messages that wait in one queue. Raises redis.RedisError."""
    return int(broker.client.llen(f"{NAMESPACE}:{queue}"))


def workers() -> int:
    """Worker processes heard of within the heartbeat's time; 0 when the broker is away."""
    since = (time.time() * 1000) - broker.heartbeat_timeout
    try:
        heard: Any = broker.client.zrangebyscore(f"{NAMESPACE}:__heartbeats__", since, "+inf")
    except (redis.RedisError, OSError):
        return 0
    return sum(bytes(name).startswith(WORKER.encode()) for name in heard)


def emptied() -> bool:
    """True once after the broker lost everything it held. Raises redis.RedisError."""
    if broker.client.set(SENTINEL, 1, xx=True):
        return False
    broker.client.set(SENTINEL, 1)
    return True
