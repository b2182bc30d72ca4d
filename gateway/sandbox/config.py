"""What a sandbox needs to know before it can play a provider."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """A Twilio account. `stale_token` is the Auth Token from before a rotation, which signs for the
    number ending in 0131; without one a token that nobody knows does."""

    sid: str
    token: str = field(repr=False)
    stale_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class VoiceClient:
    """A customer of the generic voice provider. A webhook secret starting with `whsec_` signs by
    Standard Webhooks, any other text is sent as a bearer; `stale_webhook_secret` is the one from
    before a rotation, as in TwilioAccount."""

    key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    stale_webhook_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SmtpDoor:
    """Where mail comes in: a bound socket, and the one login that is known there. Nobody has to
    log in."""

    listener: socket.socket
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendGridAccount:
    """A SendGrid account: its API key, and in hex the private number of the curve P-256 that signs
    its event webhook."""

    key: str = field(repr=False)
    signing_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MetaApp:
    """An app at Meta with one WhatsApp sender, whose number is in E.164 form. `verify_token` is
    what the handshake shows."""

    phone_number_id: str
    number: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    stale_app_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """Everything is given by whoever starts the sandbox; nothing is read from the environment.

    All durations are seconds. Raises ValueError if two accounts have one SID or two clients one
    key, since nobody could tell whose request it is.
    """

    accounts: tuple[TwilioAccount, ...]
    voice_clients: tuple[VoiceClient, ...]
    gateway_url: str
    ledger_path: Path
    ring_seconds: float = 0.15
    talk_seconds: float = 0.25
    number_delay: float = 30.0
    transcript_delay: float = 20.0
    hang_seconds: float = 60.0
    senders: int = 16
    smtp: SmtpDoor | None = None
    sendgrid_accounts: tuple[SendGridAccount, ...] = ()
    meta_apps: tuple[MetaApp, ...] = ()

    def __post_init__(self) -> None:
        if _repeats(account.sid for account in self.accounts):
            raise ValueError("two accounts of the sandbox have the same SID")
        if _repeats(client.key for client in self.voice_clients):
            raise ValueError("two voice clients of the sandbox have the same key")

    @classmethod
    def single(
        cls,
        *,
        account_sid: str,
        auth_token: str,
        voice_api_key: str,
        webhook_secret: str,
        gateway_url: str,
        ledger_path: Path,
        **rest: Any,
    ) -> Self:
        """One account and one client; `rest` are fields of this class."""
        accounts = (TwilioAccount(account_sid, auth_token),)
        clients = (VoiceClient(voice_api_key, webhook_secret),)
        return cls(accounts, clients, gateway_url, ledger_path, **rest)


def _repeats(names: Iterable[str]) -> bool:
    seen = list(names)
    return len(set(seen)) < len(seen)
