"""SMTP's refusals in our words."""

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.providers import mail_codes
from gateway.providers.smtp.conversation import Refused

_TEMPORARY, _PERMANENT = FailureClass.TEMPORARY, FailureClass.PERMANENT
_TECHNICAL = FailureClass.TECHNICAL

_LOGIN = (530, 534, 535, 538)  # who we are is not accepted (RFC 4954), at whatever step
_BEFORE = ("greeting", "tls", "login")  # neither sender nor recipient were named yet


def refused(refusal: Refused) -> Placement:
    """What a refusal says. A 4xx never took the message; a 5xx concerns this message or its
    recipient, except where it turns us away before either was named."""
    code = refusal.code
    status = mail_codes.enhanced(refusal.text.decode("utf-8", "replace"))
    shown = f"{code} {status}".strip()
    if code in _LOGIN or (refusal.step == "login" and code >= 500):
        failure = Failure(_TECHNICAL, Reason.CONFIGURATION, shown)
        return Placement(Result.NOT_SENT, failure=failure)
    if code < 500 or refusal.step in _BEFORE:
        return Placement(Result.NOT_SENT, failure=_later(refusal.step, code, status, shown))
    return Placement(Result.REJECTED, failure=_never(refusal.step, code, status, shown))


def _later(step: str, code: int, status: str, shown: str) -> Failure:
    if code >= 500:
        return Failure(_TECHNICAL, Reason.PROVIDER_ERROR, shown)
    if step == "recipient" and status.startswith(("4.1.", "4.2.", "4.4.")):
        return Failure(_TEMPORARY, Reason.UNDELIVERABLE, shown)
    # Servers that want the same message again in a while (greylisting), or fewer of them.
    if code in (450, 451, 452) and step not in _BEFORE:
        return Failure(_TEMPORARY, Reason.THROTTLED, shown)
    return Failure(_TEMPORARY, Reason.PROVIDER_ERROR, shown)


def _never(step: str, code: int, status: str, shown: str) -> Failure:
    if step == "sender":  # this sender's address is not to be used here; others may be
        return Failure(_TECHNICAL, Reason.CONFIGURATION, shown)
    reason = mail_codes.permanently(status)
    if step == "content" and reason in (None, Reason.BLOCKED):
        reason = Reason.CARRIER_FILTERED
    reason = reason or mail_codes.by_code(code)
    kind = _TECHNICAL if reason is Reason.TEMPLATE else _PERMANENT
    return Failure(kind, reason, shown)
