"""Meta: WhatsApp through its Cloud API, told about by its signed webhooks."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.callback import Acknowledgement, Callback, ProviderEvent, Route, Verified
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Request, Result
from gateway.providers.meta import accounts, events, sending, signatures
from gateway.providers.transport import Transport, server_time
from gateway.providers.unasked import Unasked
from gateway.settings import Settings


class MetaProvider(Unasked):
    """Meta's live sender and, where there is a sandbox, its imitation. Ids of messages hold the
    telephone number of the person: they are stored and never logged."""

    name = "meta"
    channels = frozenset({"whatsapp"})
    own_numbers = False

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._transport = Transport(settings.provider_deadline_seconds)
        self._check_transport = Transport(min(5.0, settings.provider_deadline_seconds))
        done = Acknowledgement(200, {"success": True})
        self.routes: Sequence[Route] = (
            Route(
                "meta/events",
                ("application/json",),
                done,
                self._challenge,
                signature="x-hub-signature-256",
            ),
        )

    def account(self, mode: str, channel: str = "whatsapp") -> str | None:
        """Meta's id of the sender's number, for WhatsApp alone."""
        found = self._serving(mode, channel)
        return found.name if found else None

    def sender(self, mode: str, channel: str = "whatsapp") -> str | None:
        """META_FROM_NUMBER or SANDBOX_FROM_NUMBER."""
        found = self._serving(mode, channel)
        return found.number if found else None

    def place(self, request: Request) -> Placement:
        """See Provider. Every status of the message names the attempt."""
        if isinstance(request, CallRequest) or request.channel not in self.channels:
            failure = Failure(FailureClass.TECHNICAL, Reason.CHANNEL_UNUSABLE)
            return Placement(Result.REJECTED, failure=failure)
        return sending.place(self._transport, self._known(request.account), request)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider. By the app secret; Meta signs no time."""
        return signatures.verify(callback, self._accounts)

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """See Provider. Never raises Malformed: what is signed is kept."""
        return events.parse(callback, verified, self._accounts)

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Asks within 5 s for the sender itself."""
        asked = [known for known in self._accounts if account in (None, known.name)]
        if not asked:
            return "Meta is not configured: META_PHONE_NUMBER_ID is missing"
        found = (sending.check(self._check_transport, known) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def would_verify(self, callback: Callback, secret: str, now: datetime) -> bool:
        """See TriesSecrets. The secret is an app secret."""
        return signatures.is_authentic(secret, callback.headers, callback.body)

    def server_time(self) -> datetime | None:
        """See TellsTime. Asks within 5 s."""
        return server_time(self._check_transport, (known.base_url for known in self._accounts))

    def _challenge(self, callback: Callback) -> str:
        return signatures.challenge(callback, self._accounts)

    def _serving(self, mode: str, channel: str) -> accounts.Account | None:
        if channel not in self.channels:
            return None
        return next((known for known in self._accounts if known.mode == mode), None)

    def _known(self, name: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.name == name), None)
