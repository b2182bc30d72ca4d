"""Servers of a test's own on loopback ports, and the provider simulator on one of them."""

import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import BaseWSGIServer, make_server

from gateway.sandbox.app import create_app as create_sandbox
from gateway.sandbox.config import MetaApp, SandboxConfig, SendGridAccount, SmtpDoor
from gateway.sandbox.stage import EXTENSION
from gateway.settings import Settings

_PACE: dict[str, Any] = {
    "ring_seconds": 0.02,
    "talk_seconds": 0.02,
    "number_delay": 0.3,
    "transcript_delay": 0.3,
    "hang_seconds": 2.0,
}


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


_SINGLE = ("account_sid", "auth_token", "voice_api_key", "webhook_secret")


def _meta_app(settings: Settings) -> MetaApp:
    shared = {
        name.removeprefix("meta_"): value
        for name, value in settings.sandbox_credentials.items()
        if name.startswith("meta_")
    }
    return MetaApp(number=settings.sandbox_from_number, **shared)


class Sandbox:
    """The provider simulator with its windows and knobs."""

    def __init__(self, served: Served, settings: Settings, ledger: Path, **more: Any) -> None:
        shared = settings.sandbox_credentials
        twilio = {name: shared[name] for name in _SINGLE}
        config = SandboxConfig.single(
            gateway_url=settings.public_url,
            ledger_path=ledger,
            sendgrid_accounts=(
                SendGridAccount(shared["sendgrid_api_key"], shared["sendgrid_signing_key"]),
            ),
            meta_apps=(_meta_app(settings),),
            **{**twilio, **_PACE, **more},
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


def mail_door(settings: Settings, listener: socket.socket) -> SmtpDoor:
    """Where the sandbox's mail comes in, with the login that both sides derive."""
    shared = settings.sandbox_credentials
    return SmtpDoor(listener, shared["smtp_user"], shared["smtp_password"])
