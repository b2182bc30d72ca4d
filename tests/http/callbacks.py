"""Callbacks signed by the libraries that providers publish, and ways to send them."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from standardwebhooks import Webhook
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from gateway import settings
from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from tests.http.conftest import SETTINGS
from tests.http.stage import Api

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
CALL_SID = "CA" + "0" * 31 + "1"
VOICE = "/webhooks/twilio/voice?attempt=cl_" + "0" * 26
SID, TOKEN = SETTINGS["TWILIO_ACCOUNT_SID"], SETTINGS["TWILIO_AUTH_TOKEN"]
BEARER = SETTINGS["VOICE_PROVIDER_WEBHOOK_SECRET"]
CALL_STATUS = "/webhooks/call-status"


@dataclass(frozen=True)
class Sent:
    """A callback ready to be sent."""

    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str | None = FORM

    def but(self, **changes: Any) -> "Sent":
        """The same with changes; headers are added, None takes one away."""
        headers = {**self.headers, **changes.pop("headers", {})}
        kept = {name: value for name, value in headers.items() if value is not None}
        return replace(self, headers=kept, **changes)

    def to(self, api: Api, method: str = "POST") -> TestResponse:
        """Send it, without any API key."""
        return api.with_key(None).ask(
            method, self.path, data=self.body, headers=self.headers, content_type=self.content_type
        )


def twilio(
    path: str = VOICE,
    *,
    token: str = TOKEN,
    base: str = SETTINGS["PUBLIC_BASE_URL"],
    **changes: str,
) -> Sent:
    """A Twilio status callback, signed for the public address."""
    parameters = {
        "AccountSid": SID, "CallSid": CALL_SID, "CallStatus": "completed", "CallDuration": "12",
        "SequenceNumber": "3", "Timestamp": "Sat, 21 Nov 2026 10:00:00 +0000", **changes,
    }  # fmt: skip
    signature = RequestValidator(token).compute_signature(base + path, parameters)
    return Sent(path, urlencode(parameters).encode(), {"X-Twilio-Signature": signature})


def call_status(**changes: Any) -> Sent:
    """The generic voice provider's callback, authentic by the live bearer secret."""
    news = {
        "call_id": "call-1", "status": "completed", "metadata": {"reminder_id": "cl_" + "0" * 26},
        "transcript": "Yes, I will come.", **changes,
    }  # fmt: skip
    body = json.dumps({name: value for name, value in news.items() if value is not ...}).encode()
    return Sent(CALL_STATUS, body, {"Authorization": f"Bearer {BEARER}"}, JSON)


def standard(secret: str, body: bytes, at: datetime | None = None, identity: str = "m1") -> Sent:
    """The same, signed as Standard Webhooks says."""
    moment = at or datetime.now(UTC)
    headers = {
        "webhook-id": identity,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(identity, moment, body.decode()),
    }
    return Sent(CALL_STATUS, body, headers, JSON)


def sandbox_signed(body: bytes | None = None, at: datetime | None = None) -> Sent:
    """The same from the sandbox, which signs with a secret of its own."""
    secret = settings.current().sandbox_credentials["webhook_secret"]
    return standard(secret, body or call_status().body, at)


def stored() -> int:
    """How many callbacks are in the inbox."""
    with base.connection():
        return int(ProviderEvent.select().count())
