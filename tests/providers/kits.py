"""For each carrier: how to set it up, how it accepts a call, and how it signs a callback."""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlencode

from gateway.domain.callback import Callback, EventKind
from gateway.domain.lifecycle import AttemptState, CallState, MessageState
from gateway.domain.provider import CallRequest, Placement, Provider, Result
from gateway.providers.twilio import TwilioProvider
from gateway.providers.voice_api import VoiceApiProvider
from gateway.settings import Settings
from tests.providers.stand_in import Act, answering

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PUBLIC_URL = "https://hooks.example.com"
ATTEMPT = "at_0123456789abcdefghijklmnop"
TO, FROM = "+15005550011", "+15005550006"
LIVE_SID = "AC" + "1" * 32
CALL_SID = "CA" + "0" * 30 + "5e"
MESSAGE_SID = "SM" + "0" * 30 + "5e"


def settings(**values: Any) -> Settings:
    """Settings with a short deadline; nothing is configured that a test did not ask for."""
    needed: dict[str, Any] = {
        "database_url": "sqlite:///unused",
        "redis_url": "redis://127.0.0.1:1/0",
        "secret_key": "s" * 32,
        "provider_deadline_seconds": 0.6,
    }
    return Settings(**{**needed, **values})


class Kit(Protocol):
    """What the suite has to know about one carrier on one channel."""

    @property
    def name(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def accepting(self) -> Act:
        """Takes whatever it is asked to place."""

    @property
    def taken(self) -> Placement:
        """What is then known."""

    @property
    def external_id(self) -> str: ...
    @property
    def sender(self) -> str:
        """What it sends from in test mode."""

    @property
    def reported(self) -> tuple[EventKind, AttemptState, str]:
        """Kind, state and the carrier's word of `callback`."""

    @property
    def live(self) -> dict[str, object]: ...
    @property
    def current_secret(self) -> str: ...
    @property
    def previous_secret(self) -> str: ...

    def make(self, settings: Settings) -> Provider: ...

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        """An authentic callback about `external_id`; from the sandbox when no secret is given."""


def request(provider: Provider, mode: str = "test", **changes: Any) -> CallRequest:
    values: dict[str, Any] = {
        "attempt_id": ATTEMPT,
        "account": provider.account(mode),
        "to": TO,
        "from_": FROM,
        "say": "Olá, até amanhã às 9 <horas> & bom dia",
        "locale": "pt-BR",
        "callback_base_url": PUBLIC_URL,
        "transcribe": True,
    }
    return CallRequest(**{**values, **changes})


@dataclass(frozen=True)
class TwilioKit:
    name = "twilio"
    channel = "voice"
    external_id = CALL_SID
    sender = FROM
    reported: ClassVar[tuple[EventKind, AttemptState, str]] = (
        EventKind.CALL_STATUS,
        CallState.RINGING,
        "ringing",
    )
    accepted: ClassVar[dict[str, object]] = {"sid": CALL_SID, "status": "queued"}
    live: ClassVar[dict[str, object]] = {
        "twilio_account_sid": LIVE_SID,
        "twilio_auth_token": "live token",
        "twilio_auth_token_previous": "older token",
    }
    current_secret = "live token"
    previous_secret = "older token"

    @property
    def accepting(self) -> Act:
        return answering(201, self.accepted)

    @property
    def taken(self) -> Placement:
        return Placement(Result.ACCEPTED, self.external_id, "queued")

    def make(self, settings: Settings) -> Provider:
        return TwilioProvider(settings)

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        shared = settings.sandbox_credentials
        account = LIVE_SID if secret else shared["account_sid"]
        parameters = {
            "AccountSid": account,
            "CallSid": CALL_SID,
            "CallStatus": "ringing",
            "SequenceNumber": "1",
        }
        raw = urlencode(parameters).encode() if body is None else body
        return twilio_callback(secret or shared["auth_token"], raw)


@dataclass(frozen=True)
class TwilioMessageKit(TwilioKit):
    channel: str = "sms"
    external_id = MESSAGE_SID
    reported: ClassVar[tuple[EventKind, AttemptState, str]] = (
        EventKind.MESSAGE_STATUS,
        MessageState.DELIVERED,
        "delivered",
    )
    accepted: ClassVar[dict[str, object]] = {"sid": MESSAGE_SID, "status": "queued"}
    live: ClassVar[dict[str, object]] = {
        **TwilioKit.live,
        "twilio_from_number": FROM,
        "twilio_whatsapp_from": FROM,
    }

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        shared = settings.sandbox_credentials
        parameters = {
            "AccountSid": LIVE_SID if secret else shared["account_sid"],
            "MessageSid": MESSAGE_SID,
            "SmsSid": MESSAGE_SID,
            "MessageStatus": "delivered",
            "SmsStatus": "delivered",
        }
        raw = urlencode(parameters).encode() if body is None else body
        return twilio_callback(secret or shared["auth_token"], raw, "twilio/messages")


def twilio_callback(
    token: str, body: bytes, path: str = "twilio/voice", query: str = f"attempt={ATTEMPT}"
) -> Callback:
    """A form callback signed as Twilio's security page says, over bytes."""
    url = f"{PUBLIC_URL}/webhooks/{path}" + (f"?{query}" if query else "")
    values: dict[str, set[str]] = {}
    text = body.decode("latin-1")
    for name, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1"):
        values.setdefault(name, set()).add(value)
    signed = "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    content = url.encode() + signed.encode("latin-1")
    headers = {
        "x-twilio-signature": base64.b64encode(
            hmac.digest(token.encode(), content, "sha1")
        ).decode(),
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
    }
    return Callback("POST", path, url, query, headers, body)


@dataclass(frozen=True)
class VoiceApiKit:
    name = "voice_api"
    channel = "voice"
    external_id = "call_7f3a"
    sender = FROM
    reported = (EventKind.CALL_STATUS, CallState.RINGING, "ringing")
    accepted: ClassVar[dict[str, object]] = {"call_id": "call_7f3a", "status": "queued"}
    live: ClassVar[dict[str, object]] = {
        "voice_provider_api_url": "http://127.0.0.1:1",
        "voice_provider_api_key": "live key",
        "voice_provider_webhook_secret": "whsec_" + "bGl2ZSBzZWNyZXQgb2YgMjQgYnl0ZXM=",
        "voice_provider_webhook_secret_previous": "an older plain secret",
    }
    current_secret = str(live["voice_provider_webhook_secret"])
    previous_secret = str(live["voice_provider_webhook_secret_previous"])

    @property
    def accepting(self) -> Act:
        return answering(201, self.accepted)

    @property
    def taken(self) -> Placement:
        return Placement(Result.ACCEPTED, self.external_id, "queued")

    def make(self, settings: Settings) -> Provider:
        return VoiceApiProvider(settings)

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        news = {
            "call_id": self.external_id,
            "status": "ringing",
            "metadata": {"reminder_id": ATTEMPT},
            "transcript": None,
        }
        raw = json.dumps(news).encode() if body is None else body
        return voice_api_callback(secret or settings.sandbox_credentials["webhook_secret"], raw)


def voice_api_callback(secret: str, body: bytes, identity: str = "msg_1") -> Callback:
    """A JSON callback, with the library's signature or the secret as bearer."""
    headers = {"content-type": "application/json"}
    if secret.startswith("whsec_"):
        content = f"{identity}.{int(NOW.timestamp())}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
        headers |= {
            "webhook-id": identity,
            "webhook-timestamp": str(int(NOW.timestamp())),
            "webhook-signature": f"v1,{signature}",
        }
    else:
        headers["authorization"] = f"Bearer {secret}"
    url = f"{PUBLIC_URL}/webhooks/call-status"
    return Callback("POST", "call-status", url, "", headers, body)
