"""The sandbox process: one gunicorn worker with many threads around the provider simulator."""

import argparse
import contextlib
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from gateway.cli.main import Stopped
from gateway.sandbox.app import create_app
from gateway.sandbox.config import (
    MetaApp,
    SandboxConfig,
    SendGridAccount,
    SmtpDoor,
    TwilioAccount,
    VoiceClient,
)
from gateway.sandbox.stage import EXTENSION
from gateway.settings import Settings, environment

_THREADS = 32


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, config: SandboxConfig, bind: str) -> None:
        self.config, self.bind = config, bind
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self.bind,
            "workers": 1,
            "threads": _THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "control_socket_disable": True,
            "proc_name": "ringback-sandbox",
            "worker_exit": _leave,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self.config)


def _leave(arbiter: Any, worker: Any) -> None:
    """A worker ends: so do its threads, which nobody else would ask to."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions[EXTENSION].close()


def run(args: argparse.Namespace) -> int:
    """Play the providers until a signal. Needs SECRET_KEY (or each SANDBOX_… secret) and, to call
    back, PUBLIC_BASE_URL; no database and no Redis."""
    settings = Settings.from_env(
        {"DATABASE_URL": "sqlite:///unused", "REDIS_URL": "redis://unused", **environment()}
    )
    seconds: dict[str, Any] = {
        name: value
        for name, value in vars(args).items()
        if name in ("ring_seconds", "talk_seconds") and value is not None
    }
    if any(value < 0 for value in seconds.values()):
        raise Stopped("seconds can't be negative", 2)
    with _ledger(args.ledger) as ledger:
        try:
            config = SandboxConfig(
                accounts=_accounts(settings),
                voice_clients=_voice_clients(settings),
                gateway_url=settings.public_url,
                ledger_path=ledger,
                smtp=_smtp_door(settings, args.host, args.smtp_port),
                sendgrid_accounts=_sendgrid_accounts(settings),
                meta_apps=_meta_apps(settings),
                **seconds,
            )
        except ValueError as error:
            raise Stopped(f"{error}: change a SANDBOX_ variable", 2) from error
        _Server(config, f"{args.host}:{args.port or settings.port}").run()
    return 0


def _accounts(settings: Settings) -> tuple[TwilioAccount, ...]:
    """The test account, and the live one where there is one: TWILIO_API_BASE_URL may point here."""
    shared = settings.sandbox_credentials
    test = TwilioAccount(shared["account_sid"], shared["auth_token"])
    sid, token = settings.twilio_account_sid, settings.twilio_auth_token
    if not sid or not token:
        return (test,)
    return test, TwilioAccount(sid, token, settings.twilio_auth_token_previous)


def _voice_clients(settings: Settings) -> tuple[VoiceClient, ...]:
    """Likewise for the generic voice provider and VOICE_PROVIDER_API_URL."""
    shared = settings.sandbox_credentials
    test = VoiceClient(shared["voice_api_key"], shared["webhook_secret"])
    key, secret = settings.voice_provider_api_key, settings.voice_provider_webhook_secret
    if not key or not secret:
        return (test,)
    return test, VoiceClient(key, secret, settings.voice_provider_webhook_secret_previous)


def _sendgrid_accounts(settings: Settings) -> tuple[SendGridAccount, ...]:
    """Likewise for SendGrid and SENDGRID_API_BASE_URL. Only SendGrid can sign with the real key:
    live events are signed with one more of ours, which `GET /sandbox/sendgrid` shows."""
    shared = settings.sandbox_credentials
    test = SendGridAccount(shared["sendgrid_api_key"], shared["sendgrid_signing_key"])
    key = settings.sendgrid_api_key
    if not key:
        return (test,)
    signing_key = settings.derived_secret("sandbox sendgrid webhook, live").hex()[:62]
    return test, SendGridAccount(key, signing_key)


def _meta_apps(settings: Settings) -> tuple[MetaApp, ...]:
    """Likewise for Meta and META_API_BASE_URL."""
    shared = settings.sandbox_credentials
    test = MetaApp(
        phone_number_id=shared["meta_phone_number_id"],
        number=settings.sandbox_from_number,
        access_token=shared["meta_access_token"],
        app_secret=shared["meta_app_secret"],
        verify_token=shared["meta_verify_token"],
    )
    token, secret = settings.meta_access_token, settings.meta_app_secret
    name, number = settings.meta_phone_number_id, settings.meta_from_number
    if not token or not secret or not name or not number:
        return (test,)
    shown, previous = settings.meta_verify_token or "", settings.meta_app_secret_previous
    return test, MetaApp(name, number, token, secret, shown, previous)


def _smtp_door(settings: Settings, host: str, port: int | None) -> SmtpDoor | None:
    """Bound here, before gunicorn forks: 0 takes any free port, which is told on standard error."""
    if port is None:
        return None
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise Stopped(f"mail can't come in on port {port}: {error.strerror}", 2) from error
    if port == 0:
        print(f"mail comes in on port {listener.getsockname()[1]}", file=sys.stderr)
    shared = settings.sandbox_credentials
    return SmtpDoor(listener, shared["smtp_user"], shared["smtp_password"])


@contextlib.contextmanager
def _ledger(asked: Path | None) -> Iterator[Path]:
    """The file asked for, or one that goes when the sandbox ends."""
    if asked:
        yield asked
        return
    folder, master = Path(tempfile.mkdtemp(prefix="ringback-")), os.getpid()
    try:
        yield folder / "ledger.jsonl"
    finally:
        if os.getpid() == master:  # gunicorn's workers leave through here as well
            shutil.rmtree(folder, ignore_errors=True)
