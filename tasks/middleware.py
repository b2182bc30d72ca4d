"""What surrounds every job: start-up, a database connection, its trace, ids on log lines, and
retries that are written into rows."""

import contextlib
import inspect
import re
import signal
import threading
import time
from types import FrameType
from typing import Any

import dramatiq
import structlog

from gateway import boot, error_reports, job_lines, tracing, wallclock
from gateway.models import base
from tasks import worker_id

log = structlog.get_logger(__name__)

_ROW_ID = re.compile(r"[a-z]{2}_[0-9a-z]{26}")


class StartUp(dramatiq.Middleware):
    """Makes each worker process ready before its first job, and known to the broker by a name of
    its own while it works."""

    def __init__(self) -> None:
        self._plain: str | None = None

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        boot.start()
        stop_once()
        self._plain = self._plain or broker.broker_id
        queues = worker.consumer_whitelist or broker.get_declared_queues()
        broker.broker_id = worker_id.of(self._plain, worker.worker_threads, queues)

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        broker.broker_id = self._plain
        # Processes that a library forked end without the usual farewell.
        tracing.stop()
        error_reports.stop()


def stop_once() -> None:
    """Have a further SIGTERM change nothing: platforms send it to every process of a group, and
    Dramatiq's master passes its own on, at which the library would kill what is to be finished."""
    if threading.current_thread() is not threading.main_thread():
        return
    first = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if callable(first):
            first(number, frame)

    if callable(first):
        signal.signal(signal.SIGTERM, stop)


class DatabaseConnection(dramatiq.Middleware):
    """Holds one connection for one job. A broken one is thrown away with the job that met it."""

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        base.borrow()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        base.give_back(broken=base.is_lost(exception))


class TraceContext(dramatiq.Middleware):
    """Carries the trace from whoever rings to whoever works, in the message's options."""

    def __init__(self) -> None:
        self._open = threading.local()

    def before_enqueue(self, broker: dramatiq.Broker, message: Any, delay: Any) -> None:
        here = tracing.here()
        if here is not None:
            message.options["traceparent"] = here

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        stack = self._open.stack = contextlib.ExitStack()
        if tracing.on():
            parent = message.options.get("traceparent")
            facts = {"messaging.destination.name": message.queue_name, "job_id": job_id(message)}
            name = f"process {message.actor_name}"
            stack.enter_context(tracing.span(name, "consumer", parent=parent, **facts))

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if exception is not None:
            tracing.failed(type(exception).__name__)
        self._open.stack.close()

    def after_skip_message(self, broker: dramatiq.Broker, message: Any) -> None:
        self._open.stack.close()


class LogContext(dramatiq.Middleware):
    """Puts queue, kind and ids on every line of a job, and says how it went. What an actor with
    `own_lines` does is told by its use case, row by row, and here only what went wrong around
    that."""

    def __init__(self) -> None:
        self._jobs = threading.local()

    @property
    def actor_options(self) -> set[str]:
        return {"own_lines"}

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        ids = {"queue": message.queue_name, "job_id": job_id(message), "kind": message.actor_name}
        structlog.contextvars.bind_contextvars(
            **ids, job=message.actor_name, message_id=message.message_id
        )
        self._jobs.began = time.monotonic()
        self._jobs.told = None
        if not broker.get_actor(message.actor_name).options.get("own_lines"):
            self._jobs.told = job_lines.told(**ids)
            self._jobs.told.__enter__()

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if self._jobs.told is not None:
            self._jobs.told.__exit__(type(exception) if exception else None, exception, None)
        if exception is not None:
            job_lines.failed(exception, self._jobs.began)
        structlog.contextvars.clear_contextvars()


def job_id(message: Any) -> str:
    """What a message is about: the id of the row that it names first."""
    named = message.args[0] if message.args else None
    plain = isinstance(named, str) and _ROW_ID.fullmatch(named)
    return str(named if plain else message.message_id)


class ExponentialBackoff(dramatiq.Middleware):
    """Gives actors their retries. When a job fails, the actor's `park` use case is called with the
    job's arguments, the fault and the time: it writes the next try, by the series of the row's
    purpose, or the end into the row. The message itself is done either way, and the broker never
    holds a delay, so that nothing is lost with it."""

    @property
    def actor_options(self) -> set[str]:
        return {"park", "throws"}

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        if exception is None:
            return
        actor = broker.get_actor(message.actor_name)
        park = actor.options.get("park")
        if park is None:
            return
        try:
            inspect.signature(actor.fn).bind(*message.args)
        except TypeError:
            log.error("job unreadable", job=actor.actor_name, job_id=message.message_id)
        else:
            park(*message.args, exception, wallclock.now())
