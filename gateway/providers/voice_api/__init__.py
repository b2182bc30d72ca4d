"""The generic voice provider: one POST to place a call, one signed webhook about how it went."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.callback import Acknowledgement, Callback, ProviderEvent, Route, Verified
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Request, Result
from gateway.providers.transport import Transport, server_time
from gateway.providers.unasked import Unasked
from gateway.providers.voice_api import accounts, calls, signatures, statuses
from gateway.settings import Settings


class VoiceApiProvider(Unasked):
    """Whoever answers at VOICE_PROVIDER_API_URL and, where there is a sandbox, its imitation."""

    name = "voice_api"
    channels = frozenset({"voice"})
    own_numbers = True
    routes: Sequence[Route] = (
        Route(
            "call-status",
            ("application/json",),
            Acknowledgement(200, {"success": True}),
            signature="webhook-signature",
            signed_at="webhook-timestamp",
        ),
    )

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._transport = Transport(settings.provider_deadline_seconds)
        self._check_transport = Transport(min(5.0, settings.provider_deadline_seconds))

    def account(self, mode: str, channel: str = "voice") -> str | None:
        """ "voice_api:live" or "voice_api:test" when configured."""
        known = self._of(mode, channel)
        return known.name if known else None

    def sender(self, mode: str, channel: str = "voice") -> str | None:
        """VOICE_PROVIDER_FROM_NUMBER or SANDBOX_FROM_NUMBER: the contract has no field for it, so
        it only names the sender in the gateway's own records and limits."""
        known = self._of(mode, channel)
        return known.sender if known else None

    def place(self, request: Request) -> Placement:
        """See Provider. `metadata.reminder_id` carries the attempt's id. Keys pressed in a call are
        not reported: the contract has no field for them."""
        if not isinstance(request, CallRequest):
            failure = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)
            return Placement(Result.NOT_SENT, failure=failure)
        return calls.place(self._transport, self._known(request.account), request)

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """See Provider. Standard Webhooks with a whsec_ secret, else the secret as bearer."""
        return signatures.verify(callback, now, self._accounts)

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """See Provider. One webhook tells of one call."""
        return (statuses.parse(callback, verified),)

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Any answer that is neither a refusal of the key nor a server error will do:
        the contract has no harmless question."""
        asked = [known for known in self._accounts if account in (None, known.name)]
        if not asked:
            return "the voice provider is not configured: VOICE_PROVIDER_API_URL is missing"
        found = (calls.check(self._check_transport, known) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def would_verify(self, callback: Callback, secret: str, now: datetime) -> bool:
        """See TriesSecrets. Both ways, by what the secret looks like."""
        return signatures.is_authentic(secret, callback.headers, callback.body, now)

    def server_time(self) -> datetime | None:
        """See TellsTime. Asks within 5 s."""
        return server_time(self._check_transport, (known.base_url for known in self._accounts))

    def _of(self, mode: str, channel: str) -> accounts.Account | None:
        if channel not in self.channels:
            return None
        return next((known for known in self._accounts if known.mode == mode), None)

    def _known(self, name: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.name == name), None)
