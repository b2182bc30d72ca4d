"""A clock inside the worker, so that everything falls due where no clock process is declared."""

import threading
from typing import Any

import dramatiq
import structlog

from gateway import error_reports, settings
from gateway.logs import places
from tasks import clock
from tasks.broker import broker

log = structlog.get_logger(__name__)


class ClockInWorker(dramatiq.Middleware):
    """Runs a clock in a thread of each worker process, unless CLOCK_IN_WORKER says no. Beside a
    clock process it is harmless: on PostgreSQL each row goes to one of them, on SQLite it stands
    by."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Any) -> None:
        if settings.current().clock_in_worker:
            self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                clock.run(self._stop)
            except Exception as error:  # noqa: BLE001 - nobody restarts a thread: it does itself
                name = type(error).__name__
                log.error("clock in worker failed", error=name, places=places(error))
                error_reports.report(error)
                self._stop.wait(1)

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        self._stop.set()  # it ends beside the running jobs, which have all the time there is

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: Any) -> None:
        if self._thread is not None:
            self._thread.join(1)


broker.add_middleware(ClockInWorker())
