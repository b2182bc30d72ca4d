"""Twilio: calls, SMS and WhatsApp through its REST API, told about by its signed callbacks."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.callback import Acknowledgement, Callback, ProviderEvent, Route, Verified
from gateway.domain.provider import CallRequest, Found, Listed, Placement, Request
from gateway.providers.transport import Transport, server_time
from gateway.providers.twilio import (
    accounts,
    callbacks,
    events,
    listing,
    lookups,
    messages,
    twiml,
    voice,
)
from gateway.settings import Settings

_CONTENT_TYPES = ("application/x-www-form-urlencoded", "application/json")
_SIGNATURE = "x-twilio-signature"
_KINDS = ("voice", "recording", "transcription", "amd", "inbound", "messages")


class TwilioProvider:
    """Twilio's live account and, where there is a sandbox, its test account."""

    name = "twilio"
    channels = frozenset({"voice", "sms", "whatsapp"})
    can_be_asked = True
    can_end = True
    own_numbers = False
    # 204 and no body: words in an answer could be read out or sent on as a reply. Once a key was
    # pressed, Twilio asks how the call goes on.
    routes: Sequence[Route] = (
        *(
            Route(f"twilio/{kind}", _CONTENT_TYPES, Acknowledgement(204), signature=_SIGNATURE)
            for kind in _KINDS
        ),
        Route(
            "twilio/digits",
            _CONTENT_TYPES,
            Acknowledgement(200, xml=twiml.FAREWELL),
            signature=_SIGNATURE,
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._transport = Transport(settings.provider_deadline_seconds)
        # Questions about calls share their workers with callbacks, which must not wait long.
        self._short_transport = Transport(min(5.0, settings.provider_deadline_seconds))

    def account(self, mode: str, channel: str = "voice") -> str | None:
        """The account SID for "live" or "test"; one account has all channels."""
        known = self._of(mode, channel)
        return known.sid if known else None

    def sender(self, mode: str, channel: str = "voice") -> str | None:
        """TWILIO_FROM_NUMBER, on WhatsApp TWILIO_WHATSAPP_FROM; in test mode SANDBOX_FROM_NUMBER
        for all."""
        known = self._of(mode, channel)
        return known.senders.get(channel) if known else None

    def place(self, request: Request) -> Placement:
        """See Provider. The text is said by inline TwiML; longer than 4,000 characters as XML, or
        1,600 as a message, it is refused without asking."""
        known = self._known(request.account) if request.channel in self.channels else None
        if isinstance(request, CallRequest):
            return voice.place(self._transport, known, request)
        return messages.send(self._transport, known, request)

    def find(self, request: Request) -> Sequence[Found] | None:
        """See Provider. Older calls are among them."""
        return lookups.find(self._transport, self._known(request.account), request)

    def fetch(self, account: str, external_id: str) -> Found | None:
        """See Provider."""
        return lookups.fetch(self._short_transport, self._known(account), external_id)

    def listed(
        self, account: str, from_address: str, since: datetime, channel: str = "voice"
    ) -> Sequence[Listed] | None:
        """See Provider."""
        return listing.listed(self._transport, self._known(account), from_address, since, channel)

    def hang_up(self, account: str, external_id: str) -> bool:
        """See Provider."""
        return voice.hang_up(self._short_transport, self._known(account), external_id)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider. Twilio signs no time: replays are known by their digest alone."""
        return callbacks.verify(callback, self._accounts)

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """See Provider. One callback tells of one thing. Never raises Malformed: what is signed is
        kept."""
        return (events.parse(callback, verified),)

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Asks each account within 5 s."""
        asked = [known for known in self._accounts if account in (None, known.sid)]
        if not asked:
            return "Twilio is not configured: TWILIO_ACCOUNT_SID is missing"
        found = (voice.check(self._short_transport, known) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def would_verify(self, callback: Callback, secret: str, now: datetime) -> bool:
        """See TriesSecrets. The secret is an Auth Token."""
        given = callback.headers, callback.body, callback.method
        return callbacks.is_authentic(secret, callback.url, *given)

    def server_time(self) -> datetime | None:
        """See TellsTime. Asks within 5 s."""
        return server_time(self._short_transport, (known.base_url for known in self._accounts))

    def _of(self, mode: str, channel: str) -> accounts.Account | None:
        if channel not in self.channels:
            return None
        return next((known for known in self._accounts if known.mode == mode), None)

    def _known(self, sid: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.sid == sid), None)
