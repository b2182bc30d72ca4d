"""What surrounds every job: start-up, a database connection, ids on log lines, and retries that
are written into rows."""

import inspect
import signal
import threading
import time
from types import FrameType
from typing import Any

import dramatiq
import structlog

from gateway import boot, wallclock
from gateway.domain.errors import GatewayError
from gateway.logs import places
from gateway.models import base
from tasks import worker_id

log = structlog.get_logger(__name__)


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


class LogContext(dramatiq.Middleware):
    """Puts queue, actor and message id on every line of a job, and says how it went."""

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        structlog.contextvars.bind_contextvars(
            queue=message.queue_name, job=message.actor_name, job_id=message.message_id
        )
        message.options["started"] = time.monotonic()
        log.debug("job started")

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: Any,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        seconds = round(time.monotonic() - message.options.pop("started", time.monotonic()), 4)
        if exception is None:
            log.debug("job completed", seconds=seconds)
        else:
            known = isinstance(exception, GatewayError)
            where = {} if known else {"places": places(exception)}
            log.warning("job failed", seconds=seconds, error=type(exception).__name__, **where)
        structlog.contextvars.clear_contextvars()


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
