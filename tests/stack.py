"""The whole product in one process: web and sandbox on loopback ports, a Dramatiq worker on the
real Redis, the clock in a thread. Each part can be left out, stopped and started again."""

import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dramatiq
from flask import Flask

from gateway.models import base
from gateway.settings import Settings
from tests.client import Api
from tests.conftest import SECRET_KEY, Account, Configure
from tests.simulator import Sandbox as Sandbox
from tests.simulator import Served as Served
from tests.simulator import mail_door
from tests.waiting import until

BUSY = "+12025550120"
# For carriers that are to answer: a busy machine is no timeout.
PATIENT = {"PROVIDER_DEADLINE_SECONDS": "10"}
FINAL = {"reached", "not_reached", "canceled", "suppressed", "expired", "unknown"}


def special(last: str) -> str:
    """The sandbox's number with this fate."""
    return f"+1202555{last}"


@dataclass
class Stack:
    """The running parts, and what was configured."""

    settings: Settings
    web: Served
    sandbox: Sandbox
    account: Account
    folder: Path
    _worker: dramatiq.Worker | None = field(default=None, repr=False)
    _clock: tuple[threading.Event, threading.Thread] | None = field(default=None, repr=False)

    @property
    def api(self) -> Api:
        """A client with the test key."""
        return Api(self.web.url, self.account.test_key)

    @property
    def live(self) -> Api:
        """A client with the live key."""
        return Api(self.web.url, self.account.live_key)

    def start_worker(self, threads: int = 4) -> None:
        """Work on the queues in this process."""
        # A worker serves the actors that it knows.
        from tasks.actors import background, events, messages, timers, voice  # noqa: F401
        from tasks.broker import broker

        self._worker = dramatiq.Worker(broker, worker_timeout=20, worker_threads=threads)
        self._worker.start()

    def stop_worker(self) -> None:
        """Let the running jobs end."""
        if self._worker is not None:
            self._worker.stop(timeout=20_000)
            # A worker leaves its own middleware behind in the broker, which all tests share.
            layers = self._worker.broker.middleware
            layers[:] = [one for one in layers if type(one).__name__ != "_WorkerMiddleware"]
            self._worker = None

    def start_clock(self) -> None:
        """Tick in a thread of this process."""
        from tasks import clock

        stop = threading.Event()
        thread = threading.Thread(target=clock.run, args=(stop,), daemon=True)
        thread.start()
        self._clock = (stop, thread)

    def stop_clock(self) -> None:
        """Tick no more."""
        if self._clock is not None:
            self._clock[0].set()
            self._clock[1].join(10)
            self._clock = None

    def outcome(self, notification_id: str, seconds: float = 15) -> str:
        """The one final state of a notification, once it has it."""

        def ended() -> str | None:
            with base.connection():
                from gateway.models.notification import Notification

                row = Notification.get_by_id(notification_id)
            return str(row.state) if row.finished_at is not None else None

        return str(until(ended, "an outcome", seconds))

    def ended_call(self, notification_id: str, seconds: float = 15) -> dict[str, Any]:
        """The last call of a notification that has its outcome, with its timeline."""
        self.outcome(notification_id, seconds)
        return self.api.show(self.api.attempts(notification_id)[-1]["id"])

    def close(self) -> None:
        """End everything."""
        self.stop_clock()
        self.stop_worker()
        self.sandbox.close()
        self.web.stop()


def assemble(
    configure: Configure,
    open_account: Callable[[str], Account],
    folder: Path,
    sandbox: dict[str, Any],
    settings: dict[str, str],
    application: Callable[[Settings], Flask],
) -> Stack:
    """A stack with web and sandbox running, and neither worker nor clock yet."""
    web, provider = Served(), Served()
    mail = socket.create_server(("127.0.0.1", 0))
    configured = configure(
        **{
            "PUBLIC_BASE_URL": web.url,
            "SANDBOX_URL": provider.url,
            "SANDBOX_SMTP_URL": f"smtp://127.0.0.1:{mail.getsockname()[1]}",
            "CLOCK_IN_WORKER": "false",
            "CLOCK_POLL_SECONDS": "0.05",
            "PROVIDER_DEADLINE_SECONDS": "1",
            "UNKNOWN_LOOKUP_SECONDS": "0.3,1.2",
            "SILENT_CALL_LOOKUP_SECONDS": "1,1,60",
            "LOG_LEVEL": "ERROR",
            "GATEWAY_TESTING": "1",
            **settings,
        }
    )
    assert configured.secret_key == SECRET_KEY
    door = mail_door(configured, mail)
    simulator = Sandbox(provider, configured, folder / "ledger.jsonl", **{"smtp": door, **sandbox})
    web.app = application(configured)
    return Stack(configured, web, simulator, open_account("Practice"), folder)
