"""Twilio: calls through its REST API, told about by its signed callbacks."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.provider import (
    Acknowledgement,
    Callback,
    CallRequest,
    Found,
    Listed,
    Placement,
    ProviderEvent,
    Route,
    Verified,
)
from gateway.providers.transport import Transport
from gateway.providers.twilio import accounts, callbacks, events, listing, lookups, voice
from gateway.settings import Settings

_CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json")
_KINDS = ("voice", "recording", "transcription", "amd", "inbound", "messages")


class TwilioProvider:
    """Twilio's live account and, where there is a sandbox, its test account."""

    name = "twilio"
    can_be_asked = True
    can_end = True
    own_numbers = False
    # 204 and no body: words in an answer could be read out or sent on as a reply.
    routes: Sequence[Route] = tuple(
        Route(f"twilio/{kind}", _CONTENT_TYPES, Acknowledgement(204)) for kind in _KINDS
    )

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._transport = Transport(settings.provider_deadline_seconds)
        # Questions about calls share their workers with callbacks, which must not wait long.
        self._short_transport = Transport(min(5.0, settings.provider_deadline_seconds))

    def account(self, mode: str) -> str | None:
        """The account SID for "live" or "test"."""
        return next((known.sid for known in self._accounts if known.mode == mode), None)

    def sender(self, mode: str) -> str | None:
        """TWILIO_FROM_NUMBER or SANDBOX_FROM_NUMBER."""
        return next((known.sender for known in self._accounts if known.mode == mode), None)

    def place(self, request: CallRequest) -> Placement:
        """See Provider. The text is said by inline TwiML; longer than 4,000 characters as XML, it
        is refused without asking."""
        return voice.place(self._transport, self._known(request.account), request)

    def find(self, request: CallRequest) -> Sequence[Found] | None:
        """See Provider. Older calls are among them."""
        return lookups.find(self._transport, self._known(request.account), request)

    def fetch(self, account: str, external_id: str) -> Found | None:
        """See Provider."""
        return lookups.fetch(self._short_transport, self._known(account), external_id)

    def listed(self, account: str, from_address: str, since: datetime) -> Sequence[Listed] | None:
        """See Provider."""
        return listing.listed(self._transport, self._known(account), from_address, since)

    def hang_up(self, account: str, external_id: str) -> bool:
        """See Provider."""
        return voice.hang_up(self._short_transport, self._known(account), external_id)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider. Twilio signs no time: replays are known by their digest alone."""
        return callbacks.verify(callback, self._accounts)

    def parse(self, callback: Callback, verified: Verified) -> ProviderEvent:
        """See Provider. Never raises Malformed: what is signed is kept."""
        return events.parse(callback, verified)

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Asks each account within 5 s."""
        asked = [known for known in self._accounts if account in (None, known.sid)]
        if not asked:
            return "Twilio is not configured: TWILIO_ACCOUNT_SID is missing"
        found = (voice.check(self._short_transport, known) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def _known(self, sid: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.sid == sid), None)
