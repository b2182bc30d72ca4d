"""Why something did not happen, in a vocabulary that staff and programs can rely on."""

from dataclasses import dataclass
from enum import StrEnum


class FailureClass(StrEnum):
    """Temporary may pass by itself, permanent stays for this recipient, technical is ours or the
    carrier's to mend."""

    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    TECHNICAL = "technical"


class Reason(StrEnum):
    """Why a notification, a call or a message ended as it did. The list may grow."""

    INVALID_NUMBER = "invalid_number"
    INVALID_ADDRESS = "invalid_address"
    UNREACHABLE = "unreachable"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DECLINED = "declined"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    CARRIER_FILTERED = "carrier_filtered"
    THROTTLED = "throttled"
    WINDOW_CLOSED = "window_closed"
    DUPLICATE = "duplicate"
    PROVIDER_ERROR = "provider_error"
    CONFIGURATION = "configuration"
    INTERNAL = "internal"
    TEMPLATE = "template"
    UNDELIVERABLE = "undeliverable"
    CHANNEL_UNUSABLE = "channel_unusable"
    NOT_DUE = "not_due"
    QUIET_HOURS = "quiet_hours"
    FREQUENCY_CAP = "frequency_cap"
    RATE_LIMITED = "rate_limited"
    CONFIRMED = "confirmed"
    PAID = "paid"
    EXPIRED = "expired"
    PAST = "past"
    SUPERSEDED = "superseded"
    OVER = "over"
    BOOKED = "booked"
    REPLIED = "replied"
    STOPPED = "stopped"
    CANCELED = "canceled"
    ERASED = "erased"
    NOT_CONFIRMED = "not_confirmed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Failure:
    """`provider_code` is the carrier's own code, kept beside ours and never instead of it."""

    failure_class: FailureClass
    reason: Reason
    provider_code: str | None = None
