"""What belongs to one account of a simulated provider and is never shown to another."""

import hmac
from threading import Lock

from gateway.sandbox.config import TwilioAccount, VoiceClient
from gateway.sandbox.numbers import Throttle
from gateway.sandbox.schedule import Scheduler
from gateway.sandbox.signing import TwilioSigner, WebhookSigner
from gateway.sandbox.twilio.calls import CallBook


class TwilioTenant:
    """A Twilio account with its calls and its signatures."""

    def __init__(self, account: TwilioAccount, scheduler: Scheduler) -> None:
        self._token = account.token
        self.signer = TwilioSigner(account)
        self.calls = CallBook(account.sid, scheduler)
        self.throttle = Throttle()

    def knows(self, token: str) -> bool:
        """Whether this is the account's Auth Token."""
        return hmac.compare_digest(token.encode(), self._token.encode())


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
