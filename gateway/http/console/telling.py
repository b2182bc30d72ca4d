"""States, reasons and kinds in words that need no explaining."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.lifecycle import CallState, MessageState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.http.console.group import blueprint
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog

C, M, R = CallState, MessageState, Reason

STATES: Mapping[str, str] = {
    # calls and messages
    "placing": "being placed", "queued": "waiting at the provider", "initiated": "dialling",
    "ringing": "ringing", "in-progress": "talking", "completed": "answered", "busy": "busy",
    "no-answer": "no answer", "failed": "failed", "canceled": "canceled",
    "unknown": "not known yet", "sending": "being sent", "sent": "sent",
    "delivered": "delivered", "read": "read", "undelivered": "not delivered",
    "received": "came in",
    # reminders
    "scheduled": "planned", "due": "leaves now", "reached": "reached", "not_reached": "not reached",
    "suppressed": "not sent", "expired": "too late",
    # bookings
    "booked": "booked", "confirmed": "confirmed", "checked_in": "has begun",
    "fulfilled": "took place", "no_show": "did not come",
    # sequences and consent
    "active": "running", "paused": "paused", "finished": "finished", "exhausted": "reached nobody",
    "excluded": "stopped", "granted": "agreed", "withdrawn": "said stop",
}  # fmt: skip
GROUPS: Mapping[str, str] = {
    "arrived": "All that arrived",
    "failed-to-reach": "All that reached nobody",
    "under-way": "All under way",
}

REASONS: Mapping[Reason, str] = {
    R.INVALID_NUMBER: "The number is missing, does not exist or can't be called.",
    R.INVALID_ADDRESS: "The address is missing or does not exist.",
    R.UNREACHABLE: "The telephone was switched off or out of reach.",
    R.BUSY: "The line was busy.",
    R.NO_ANSWER: "It rang, and nobody answered.",
    R.DECLINED: "The call was turned away.",
    R.OPTED_OUT: "The person said that they want no more of this.",
    R.BLOCKED: "The person or their carrier blocks us.",
    R.CARRIER_FILTERED: "The carrier held it back as unwanted.",
    R.THROTTLED: "The provider had too much to do.",
    R.WINDOW_CLOSED: "WhatsApp takes only approved templates 24 hours after the last answer.",
    R.DUPLICATE: "The same was sent already.",
    R.PROVIDER_ERROR: "The provider had a fault.",
    R.CONFIGURATION: "Something is not set up at the provider: tell an operator.",
    R.INTERNAL: "A fault of ours: tell an operator.",
    R.TEMPLATE: "The words could not be filled in.",
    R.UNDELIVERABLE: "The carrier could not deliver it.",
    R.CHANNEL_UNUSABLE: "There is no address or no provider for this channel.",
    R.NOT_DUE: "Its time has not come.",
    R.QUIET_HOURS: "Quiet hours: nobody is disturbed at this time.",
    R.FREQUENCY_CAP: "The person got as much as is allowed on one day.",
    R.RATE_LIMITED: "It waits because too much leaves at once.",
    R.CONFIRMED: "The appointment is confirmed, so nothing more is needed.",
    R.PAID: "It is paid.",
    R.EXPIRED: "It was too late for it to be of use.",
    R.PAST: "Its time had passed when the booking was made or changed.",
    R.SUPERSEDED: "The booking was changed, and something else was planned instead.",
    R.OVER: "The appointment is over.",
    R.BOOKED: "The person booked.",
    R.REPLIED: "The person answered.",
    R.STOPPED: "Somebody stopped it by hand.",
    R.CANCELED: "The booking was canceled.",
    R.ERASED: "The person was erased.",
    R.NOT_CONFIRMED: "The provider never said whether it arrived.",
    R.UNKNOWN: "The provider gives no reason.",
}
CLASSES: Mapping[FailureClass, str] = {
    FailureClass.TEMPORARY: "It may work later.",
    FailureClass.PERMANENT: "It will not work for this person.",
    FailureClass.TECHNICAL: "A technical fault: it is not the person's doing.",
}
KINDS: Mapping[str, str] = {
    "every": "repeated reminder", "before": "reminder", "at": "reminder", "nudge": "staff reminder",
    "cancellation": "cancellation", "reply": "answer", "offer": "offer from the waitlist",
    "call": "single call", "message": "single message", "sequence": "step of a sequence",
}  # fmt: skip
CHANNELS: Mapping[str, str] = {
    "voice": "call", "sms": "SMS", "whatsapp": "WhatsApp", "email": "e-mail",
}  # fmt: skip
_GOOD = {"completed", "delivered", "read", "reached", "confirmed", "fulfilled", "granted"}
_BAD = {
    "failed", "busy", "no-answer", "undelivered", "not_reached", "no_show", "withdrawn",
}  # fmt: skip
_WARN = {"unknown", "suppressed", "expired", "canceled", "paused"}


@blueprint.app_template_filter("in_words")
def in_words(word: Any) -> str:
    """A state, a channel or a kind as people say it; what is not known stays as it is."""
    text = str(word or "")
    if text in STATES:
        return STATES[text]
    for told in (KINDS, CHANNELS):
        if text in told:
            return told[text]
    return text.replace("_", " ")


@blueprint.app_template_filter("carrier")
def carrier(name: str) -> str:
    """A provider's name as it begins a sentence."""
    return name.replace("_", " ").capitalize()


@blueprint.app_template_filter("because")
def because(reason: Any) -> str:
    """A reason as a sentence; empty for none."""
    text = str(reason or "")
    return REASONS[Reason(text)] if text in set(Reason) else text.replace("_", " ")


@blueprint.app_template_filter("mood")
def mood(state: Any) -> str:
    """The class by which a state is coloured; the word beside it says the same."""
    text = str(state)
    if text in _GOOD:
        return "good"
    return "bad" if text in _BAD else "warn" if text in _WARN else "quiet"


def outcome(row: AnyAttempt) -> str:
    """What became of a call or message, as one sentence."""
    if isinstance(row, CallLog) and row.state == C.COMPLETED:
        who = {"machine": "An answering machine answered", "fax": "A fax answered"}
        said = who.get(row.answered_by or "", "Somebody answered")
        seconds = row.duration_seconds
        lasted = "" if seconds is None else f", {seconds} second{'s' * (seconds != 1)}"
        pressed = f", and pressed {row.digits}" if row.digits else ""
        return f"{said}{lasted}{pressed}."
    if row.reason:
        return because(row.reason)
    return _OTHERWISE.get(str(row.state), "")


_OTHERWISE: Mapping[str, str] = {
    C.PLACING: "The provider is being asked to call.",
    C.QUEUED: "The provider has it and has not begun.",
    C.INITIATED: "The provider is dialling.",
    C.RINGING: "The telephone is ringing.",
    C.IN_PROGRESS: "They are talking.",
    C.BUSY: REASONS[R.BUSY],
    C.NO_ANSWER: REASONS[R.NO_ANSWER],
    C.FAILED: "It failed.",
    C.CANCELED: "It was taken back before anybody answered.",
    C.UNKNOWN: "It is not known whether the provider has it: that is being found out.",
    M.SENDING: "The provider is being asked to send it.",
    M.SENT: "It was handed to the carrier, which has not said that it arrived.",
    M.DELIVERED: "It arrived.",
    M.READ: "It was read.",
    M.UNDELIVERED: REASONS[R.UNDELIVERABLE],
    M.RECEIVED: "The person wrote this.",
}


def failure(row: AnyAttempt) -> dict[str, str] | None:
    """Why it did not arrive: the sentence, what to expect, and the provider's own code."""
    if row.failure_class is None and row.reason is None:
        return None
    known = {str(one): text for one, text in CLASSES.items()}
    return {
        "why": because(row.reason),
        "hope": known.get(str(row.failure_class), ""),
        "code": row.provider_code or "",
        "provider": carrier(row.provider),
    }


blueprint.add_app_template_filter(outcome)
blueprint.add_app_template_filter(failure)
