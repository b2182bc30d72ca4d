"""SendGrid: e-mail through its API, told about by its signed event webhook."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.callback import Acknowledgement, Callback, ProviderEvent, Route, Verified
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Request, Result
from gateway.providers.sendgrid import accounts, events, sending, signatures
from gateway.providers.transport import Transport, server_time
from gateway.providers.unasked import Unasked
from gateway.settings import Settings


class SendGridProvider(Unasked):
    """SendGrid's live account and, where there is a sandbox, its imitation."""

    name = "sendgrid"
    channels = frozenset({"email"})
    own_numbers = False
    routes: Sequence[Route] = (
        Route(
            "sendgrid/events",
            ("application/json",),
            Acknowledgement(204),
            signature=signatures.SIGNATURE,
            signed_at=signatures.TIMESTAMP,
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._transport = Transport(settings.provider_deadline_seconds)
        self._check_transport = Transport(min(5.0, settings.provider_deadline_seconds))

    def account(self, mode: str, channel: str = "email") -> str | None:
        """ "sendgrid:live" or "sendgrid:test" when configured, for e-mail alone."""
        found = self._serving(mode, channel)
        return found.name if found else None

    def sender(self, mode: str, channel: str = "email") -> str | None:
        """The address of EMAIL_FROM or SANDBOX_EMAIL_FROM."""
        found = self._serving(mode, channel)
        return found.sender.address if found else None

    def place(self, request: Request) -> Placement:
        """See Provider. Every event about the message names the attempt."""
        if isinstance(request, CallRequest) or request.channel not in self.channels:
            failure = Failure(FailureClass.TECHNICAL, Reason.CHANNEL_UNUSABLE)
            return Placement(Result.REJECTED, failure=failure)
        return sending.place(self._transport, self._known(request.account), request)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider. By the public key of the signed event webhook."""
        return signatures.verify(callback, now, self._accounts)

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """See Provider. Never raises Malformed: what is signed is kept."""
        return events.parse(callback, verified)

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Asks within 5 s what the API key may do."""
        asked = [known for known in self._accounts if account in (None, known.name)]
        if not asked:
            return "SendGrid is not configured: SENDGRID_API_KEY is missing"
        found = (sending.check(self._check_transport, known) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def would_verify(self, callback: Callback, secret: str, now: datetime) -> bool:
        """See TriesSecrets. The secret is a public key as SendGrid shows it."""
        key = accounts.verification_key(secret)
        return key is not None and signatures.is_authentic(
            key, callback.headers, callback.body, now
        )

    def server_time(self) -> datetime | None:
        """See TellsTime. Asks within 5 s."""
        return server_time(self._check_transport, (known.base_url for known in self._accounts))

    def _serving(self, mode: str, channel: str) -> accounts.Account | None:
        if channel not in self.channels:
            return None
        return next((known for known in self._accounts if known.mode == mode), None)

    def _known(self, name: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.name == name), None)
