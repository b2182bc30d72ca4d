"""The broker: a doorbell over Redis. What it loses, the clock finds again in the database."""

import inspect
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import CurrentMessage, ShutdownNotifications, TimeLimit

from gateway import settings, tracing
from tasks import redis_client, worker_id
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
_LOOKS = {"timers": 8, "background": 100}  # milliseconds between two, at most
_HURRY = 0.25  # seconds that a request may wait for the broker


class Doorbell(RedisBroker):
    """Dramatiq's broker over Redis, without delays: nobody looks for delayed messages, since there
    are none. That is half of what a worker asks of Redis while it waits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self._gathered = threading.local()
        self.scripts["dispatch"] = partial(self._tell, self.scripts["dispatch"])

    def get_declared_delay_queues(self) -> set[str]:
        """None."""
        return set()

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        """Send a message. Raises ValueError for one with a delay, which nobody would find."""
        if delay is not None:
            raise ValueError("what is to happen later stands in a row, not in the broker")
        return super().enqueue(message)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> dramatiq.Consumer:
        """Messages of a queue: one looks for timers more often than for all else."""
        return super().consume(queue_name, prefetch, _LOOKS.get(queue_name, timeout))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what this thread enqueues inside the block at its end, in one round trip. Raises
        redis.RedisError; some may have gone then."""
        with self.client.pipeline(transaction=False) as pipe:
            self._gathered.pipe = pipe
            try:
                yield
            finally:
                self._gathered.pipe = None
            pipe.execute()

    def _tell(self, script: Callable[..., Any], **told: Any) -> Any:
        return script(**told, client=getattr(self._gathered, "pipe", None))


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
        _ID.fullmatch(value) is not None
        if isinstance(value, str) and parameter.annotation is str
        else parameter.annotation is int and type(value) is int and value > 0
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
