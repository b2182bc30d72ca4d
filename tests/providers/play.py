"""The sandbox as a carrier, and the place that it calls back to."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

from werkzeug.serving import make_server

from gateway import wallclock
from gateway.domain.callback import Callback, ProviderEvent
from gateway.domain.provider import Provider
from gateway.sandbox.app import create_app
from gateway.sandbox.config import MetaApp, SandboxConfig, SendGridAccount, SmtpDoor
from gateway.sandbox.stage import EXTENSION
from gateway.settings import Settings
from tests.providers.kits import FROM, settings
from tests.providers.stand_in import StandIn, answering


@dataclass
class Play:
    """A sandbox, and the place that it calls back to."""

    settings: Settings
    gateway: StandIn

    def events(self, provider: Provider) -> list[ProviderEvent]:
        """Everything called back so far, verified and translated."""
        posts = range(len(self.gateway.posts))
        return [event for number in posts for event in self._events(provider, number)]

    def until(
        self, provider: Provider, done: Callable[[list[ProviderEvent]], bool]
    ) -> list[ProviderEvent]:
        end = time.monotonic() + 10
        while not done(found := self.events(provider)):
            assert time.monotonic() < end, [event.provider_status for event in found]
            self.gateway.over.wait(0.02)
        return found

    def _events(self, provider: Provider, number: int) -> Sequence[ProviderEvent]:
        seen = self.gateway.posts[number]
        parts = urlsplit(seen.target)
        url = self.gateway.url + seen.target
        path = parts.path.removeprefix("/webhooks/")
        callback = Callback("POST", path, url, parts.query, seen.headers, seen.body)
        return provider.parse(callback, provider.verify(callback, wallclock.now()))


def _config(gateway_url: str, folder: Path, mail: socket.socket) -> SandboxConfig:
    shared = settings().sandbox_credentials
    meta = ("phone_number_id", "access_token", "app_secret", "verify_token")
    return SandboxConfig.single(
        gateway_url=gateway_url,
        ledger_path=folder / "ledger.jsonl",
        ring_seconds=0.02,
        talk_seconds=0.02,
        account_sid=shared["account_sid"],
        auth_token=shared["auth_token"],
        voice_api_key=shared["voice_api_key"],
        webhook_secret=shared["webhook_secret"],
        smtp=SmtpDoor(mail, "user", "password"),
        sendgrid_accounts=(
            SendGridAccount(shared["sendgrid_api_key"], shared["sendgrid_signing_key"]),
        ),
        meta_apps=(MetaApp(number=FROM, **{name: shared[f"meta_{name}"] for name in meta}),),
    )


@contextmanager
def playing(folder: Path) -> Iterator[Play]:
    """A sandbox for the length of the block."""
    with StandIn(answering(204)) as gateway, socket.create_server(("127.0.0.1", 0)) as mail:
        app = create_app(_config(gateway.url, folder, mail))
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        given = settings(
            sandbox_url=url,
            sandbox_smtp_url=f"smtp://user:password@127.0.0.1:{mail.getsockname()[1]}",
            provider_deadline_seconds=5.0,
        )
        yield Play(given, gateway)
        server.shutdown()
        thread.join(5)
        server.server_close()
        app.extensions[EXTENSION].close()
