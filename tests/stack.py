"""The whole product in one process: web and sandbox on loopback ports, a Dramatiq worker on the
real Redis, the clock in a thread. Each part can be left out, stopped and started again."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dramatiq
import requests
from werkzeug.serving import BaseWSGIServer, make_server

from gateway.http import create_app
from gateway.models import base
from gateway.sandbox.app import create_app as create_sandbox
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.stage import EXTENSION
from gateway.settings import Settings
from tests.client import Api
from tests.conftest import SECRET_KEY, Account, Configure
from tests.waiting import until

BUSY = "+12025550120"
_PACE: dict[str, Any] = {
    "ring_seconds": 0.02,
    "talk_seconds": 0.02,
    "number_delay": 0.3,
    "transcript_delay": 0.3,
    "hang_seconds": 2.0,
}
FINAL = {"reached", "not_reached", "canceled", "suppressed", "expired", "unknown"}


def special(last: str) -> str:
    """The sandbox's number with this fate."""
    return f"+1202555{last}"


class Served:
    """A WSGI application on a loopback port, a thread for each connection. The application may
    come later than the port."""

    def __init__(self) -> None:
        self.app: Any = None
        self._quiet = threading.Condition()
        self._busy = 0
        self._server: BaseWSGIServer | None = None
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        with self._quiet:
            self._busy += 1
        try:
            return list(self.app(environ, start_response))
        finally:
            with self._quiet:
                self._busy -= 1
                self._quiet.notify_all()

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = make_server("127.0.0.1", self.port, self._serve, threaded=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections from now on, and let the requests under way end."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        with self._quiet:
            assert self._quiet.wait_for(lambda: not self._busy, 30), "a request does not end"


class Sandbox:
    """The provider simulator with its windows and knobs."""

    def __init__(self, served: Served, settings: Settings, ledger: Path, **more: Any) -> None:
        config = SandboxConfig.single(
            gateway_url=settings.public_url,
            ledger_path=ledger,
            **{**settings.sandbox_credentials, **_PACE, **more},
        )
        self._served = served
        self._app = served.app = create_sandbox(config)
        self.url = served.url
        self._closed = False

    def placed(self, to: str | None = None) -> list[dict[str, Any]]:
        """What was really placed, in order; only to one number if given."""
        entries: list[dict[str, Any]] = self.look("ledger")
        return [entry for entry in entries if to in (None, entry["to"])]

    def look(self, window: str) -> Any:
        """The JSON of one of its windows: ledger, requests, callbacks."""
        return requests.get(f"{self.url}/sandbox/{window}", timeout=10).json()

    def fault(self, behaviour: str, **how: Any) -> None:
        """Put a fault in force, for the next request unless told otherwise."""
        body = {"behaviour": behaviour, **({"next": 1} if not how else {}), **how}
        assert requests.post(f"{self.url}/sandbox/faults", json=body, timeout=10).ok

    def close(self) -> None:
        """End its threads; closing it again does nothing."""
        if not self._closed:
            self._closed = True
            self._app.extensions[EXTENSION].close()
            self._served.stop()


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
        from tasks.actors import events, voice  # noqa: F401 - a worker serves actors it knows
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
) -> Stack:
    """A stack with web and sandbox running, and neither worker nor clock yet."""
    web, provider = Served(), Served()
    configured = configure(
        **{
            "PUBLIC_BASE_URL": web.url,
            "SANDBOX_URL": provider.url,
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
    simulator = Sandbox(provider, configured, folder / "ledger.jsonl", **sandbox)
    web.app = create_app(configured)
    return Stack(configured, web, simulator, open_account("Practice"), folder)
