"""Twilio's words in ours: the only place that knows them. Its error codes are in errors.py.

Sources: the Call and Message resources and the status callback pages of Twilio's documentation,
RFC 3261 for SIP answers.
"""

from gateway.domain.lifecycle import CallState, MessageState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.providers.twilio import errors

CALL_STATES: dict[str, CallState] = {
    "queued": CallState.QUEUED,
    "initiated": CallState.INITIATED,  # in callbacks only
    "ringing": CallState.RINGING,
    "in-progress": CallState.IN_PROGRESS,
    "completed": CallState.COMPLETED,
    "busy": CallState.BUSY,
    "no-answer": CallState.NO_ANSWER,
    "failed": CallState.FAILED,
    "canceled": CallState.CANCELED,
}

MESSAGE_STATES: dict[str, MessageState] = {
    "accepted": MessageState.QUEUED,
    "scheduled": MessageState.QUEUED,
    "queued": MessageState.QUEUED,
    "sending": MessageState.QUEUED,  # on its way to the network, which does not have it yet
    "sent": MessageState.SENT,
    "partially_delivered": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "undelivered": MessageState.UNDELIVERED,
    "failed": MessageState.FAILED,
    "canceled": MessageState.CANCELED,
}

# Of a message that somebody sent to us.
INCOMING = frozenset({"receiving", "received"})

OPT_OUTS: dict[str, str] = {"STOP": "stop", "START": "start", "HELP": "help"}

ANSWERED_BY: dict[str, str] = {
    "human": "human",
    "machine_start": "machine",
    "machine_end_beep": "machine",
    "machine_end_silence": "machine",
    "machine_end_other": "machine",
    "fax": "fax",
    "unknown": "unknown",
}

SPEAKERS: dict[str, str] = {"inbound_track": "contact", "outbound_track": "gateway"}

_TEMPORARY, _PERMANENT = FailureClass.TEMPORARY, FailureClass.PERMANENT
_TECHNICAL = FailureClass.TECHNICAL

_CALL_ENDINGS: dict[str, errors.Meaning] = {
    "busy": (_TEMPORARY, Reason.BUSY),
    "no-answer": (_TEMPORARY, Reason.NO_ANSWER),
    "failed": (_TEMPORARY, Reason.UNREACHABLE),
    "canceled": (_TECHNICAL, Reason.CANCELED),
}

# Without a code that is listed: what Twilio itself could not send may go another time; what the
# network did not deliver it will not.
_MESSAGE_ENDINGS: dict[str, errors.Meaning] = {
    "failed": (_TEMPORARY, Reason.PROVIDER_ERROR),
    "undelivered": (_PERMANENT, Reason.UNDELIVERABLE),
    "canceled": (_TECHNICAL, Reason.CANCELED),
}

_SIP: dict[str, errors.Meaning] = {
    "404": (_PERMANENT, Reason.UNREACHABLE),
    "410": (_PERMANENT, Reason.UNREACHABLE),
    "604": (_PERMANENT, Reason.UNREACHABLE),
    "484": (_PERMANENT, Reason.INVALID_NUMBER),
    "403": (_PERMANENT, Reason.BLOCKED),
    "607": (_PERMANENT, Reason.BLOCKED),
    "603": (_TEMPORARY, Reason.DECLINED),
    "486": (_TEMPORARY, Reason.BUSY),
    "600": (_TEMPORARY, Reason.BUSY),
    "408": (_TEMPORARY, Reason.NO_ANSWER),
    "480": (_TEMPORARY, Reason.UNREACHABLE),
    "487": (_TEMPORARY, Reason.NO_ANSWER),
    "500": (_TECHNICAL, Reason.PROVIDER_ERROR),
    "502": (_TECHNICAL, Reason.PROVIDER_ERROR),
    "503": (_TECHNICAL, Reason.PROVIDER_ERROR),
    "504": (_TECHNICAL, Reason.PROVIDER_ERROR),
}


def ending(status: str, error_code: str | None, sip_code: str | None) -> Failure | None:
    """Why a call ended without success; None for a call that did not end or was answered. A busy
    or unanswered call stays that, unless the network says that it was declined."""
    if status not in _CALL_ENDINGS:
        return None
    code = error_code or sip_code
    if status == "failed":
        meaning = errors.meaning(error_code) or _SIP.get(sip_code or "") or _CALL_ENDINGS[status]
    elif sip_code == "603":
        meaning = _SIP[sip_code]
    else:
        meaning = _CALL_ENDINGS[status]
    return Failure(*meaning, provider_code=code)


def undelivered(status: str, error_code: str | None) -> Failure | None:
    """Why a message did not arrive; None while it may, and when it did."""
    if status not in _MESSAGE_ENDINGS:
        return None
    meaning = errors.meaning(error_code) or _MESSAGE_ENDINGS[status]
    return Failure(*meaning, provider_code=error_code)
