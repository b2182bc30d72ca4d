"""E-mail through a mail server: handed over and never heard of again."""

from collections.abc import Sequence
from datetime import datetime

from gateway import wallclock
from gateway.domain.callback import Callback, Forbidden, ProviderEvent, Route, Verified
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Request, Result
from gateway.providers.smtp import accounts, sending
from gateway.providers.unasked import Unasked
from gateway.settings import Settings


class SmtpProvider(Unasked):
    """The mail server at SMTP_URL and, where there is a sandbox, its imitation."""

    name = "smtp"
    channels = frozenset({"email"})
    routes: Sequence[Route] = ()
    own_numbers = False

    def __init__(self, settings: Settings) -> None:
        self._accounts = accounts.configured(settings)
        self._seconds = settings.provider_deadline_seconds

    def account(self, mode: str, channel: str = "email") -> str | None:
        """ "smtp:<host>:<port>" when configured, for e-mail alone."""
        found = self._serving(mode, channel)
        return found.name if found else None

    def sender(self, mode: str, channel: str = "email") -> str | None:
        """The address of EMAIL_FROM or SANDBOX_EMAIL_FROM."""
        found = self._serving(mode, channel)
        return found.sender.address if found else None

    def place(self, request: Request) -> Placement:
        """See Provider. The message has an id of our making, and its acceptance is settled."""
        if isinstance(request, CallRequest) or request.channel not in self.channels:
            failure = Failure(FailureClass.TECHNICAL, Reason.CHANNEL_UNUSABLE)
            return Placement(Result.REJECTED, failure=failure)
        account = self._known(request.account)
        return sending.place(account, request, self._seconds, wallclock.now())

    def verify(self, callback: Callback, now: datetime) -> Verified:
        """Raises Forbidden: mail servers call nobody."""
        raise Forbidden("mail servers report nothing")

    def parse(self, callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
        """Never reached: nothing is authentic."""
        raise Forbidden("mail servers report nothing")

    def check(self, account: str | None = None) -> str | None:
        """See Provider. Logs in at each server within 5 s and sends nothing."""
        asked = [known for known in self._accounts if account in (None, known.name)]
        if not asked:
            return "SMTP is not configured: SMTP_URL is missing"
        found = (sending.check(known, min(5.0, self._seconds)) for known in asked)
        return "; ".join(problem for problem in found if problem) or None

    def _serving(self, mode: str, channel: str) -> accounts.Account | None:
        if channel not in self.channels:
            return None
        return next((known for known in self._accounts if known.mode == mode), None)

    def _known(self, name: str) -> accounts.Account | None:
        return next((known for known in self._accounts if known.name == name), None)
