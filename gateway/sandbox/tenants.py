"""What belongs to one account of a simulated provider and is never shown to another."""

import hmac
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.config import TwilioAccount, VoiceClient
from gateway.sandbox.numbers import Throttle
from gateway.sandbox.schedule import Scheduler
from gateway.sandbox.signing import TwilioSigner, WebhookSigner
from gateway.sandbox.twilio.calls import CallBook
from gateway.sandbox.twilio.messages import MessageBook

# Where messages of people go, repeated as the manual asks operators to have it.
INBOUND = "/webhooks/twilio/inbound#rc=5&rp=5xx,ct,rt"


class TwilioTenant:
    """A Twilio account with its calls, its messages and its signatures."""

    def __init__(self, account: TwilioAccount, scheduler: Scheduler, gateway_url: str) -> None:
        self.sid = account.sid
        self._token = account.token
        self._base = gateway_url.rstrip("/")
        self.signer = TwilioSigner(account)
        self.calls = CallBook(account.sid, scheduler)
        self.messages = MessageBook(account.sid)
        self.throttle = Throttle()
        self.message_throttle = Throttle()

    def knows(self, token: str) -> bool:
        """Whether this is the account's Auth Token."""
        return hmac.compare_digest(token.encode(), self._token.encode())

    def learn(self, callback_url: str) -> None:
        """Note where the gateway of this account is."""
        if callback_url:
            self._base = _base(callback_url)

    def inbound_url(self, callback_url: str = "") -> str:
        """Where messages of people are told: beside this callback, else beside the last one of the
        account, else at the configured gateway."""
        return (_base(callback_url) if callback_url else self._base) + INBOUND

    def take_back(self, line: dict[str, Any], behaviour: Behaviour) -> None:
        """Know again what an earlier run placed, as its ledger line has it."""
        book = self.messages if line["kind"] == "message" else self.calls
        book.take_back(line, behaviour)


def _base(url: str) -> str:
    """What comes before `/webhooks/`; else the address without a path."""
    before, found, _ = url.partition("/webhooks/")
    parts = urlsplit(url)
    return before if found else f"{parts.scheme}://{parts.netloc}"


class VoiceTenant:
    """A client of the generic voice provider with its signatures and its last call."""

    def __init__(self, client: VoiceClient) -> None:
        self._key = client.key
        self.signer = WebhookSigner(client)
        self.throttle = Throttle()
        self._last_call: str | None = None
        self._lock = Lock()

    def has_key(self, key: str) -> bool:
        """Whether this is the client's API key."""
        return hmac.compare_digest(key.encode(), self._key.encode())

    def swap_last_call(self, call_id: str) -> str:
        """Remember this call and give the one before it (itself, if it is the first)."""
        with self._lock:
            previous, self._last_call = self._last_call or call_id, call_id
            return previous
