"""Twilio's words and codes in ours: the only place that knows them.

Sources: the Call resource and the status callback pages of Twilio's Voice documentation, its error
list (https://www.twilio.com/docs/api/errors), RFC 3261 for SIP answers.
"""

from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import Failure, FailureClass, Reason

STATES: dict[str, CallState] = {
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

_CODES: dict[tuple[int, ...], tuple[FailureClass, Reason]] = {
    (21211, 21217, 21401): (_PERMANENT, Reason.INVALID_NUMBER),
    (21214,): (_PERMANENT, Reason.UNREACHABLE),
    (21216, 13225): (_PERMANENT, Reason.BLOCKED),
    (21610,): (_PERMANENT, Reason.OPTED_OUT),
    (21215, 13227, 21408, 21219, 21608): (_TECHNICAL, Reason.CONFIGURATION),
    (21210, 21212, 21606, 21607): (_TECHNICAL, Reason.CONFIGURATION),
    (21205, 21609): (_TECHNICAL, Reason.CONFIGURATION),
    (21201, 21213, 21603, 21604): (_TECHNICAL, Reason.PROVIDER_ERROR),
    (20003, 20005, 20404, 30002): (_TECHNICAL, Reason.CONFIGURATION),
    (10004, 20429, 21611, 30001): (_TEMPORARY, Reason.THROTTLED),
    (20503,): (_TEMPORARY, Reason.PROVIDER_ERROR),
}
_BY_CODE = {str(code): meaning for codes, meaning in _CODES.items() for code in codes}

# Of these Twilio says that the request was not processed: asking again later is safe. The first are
# believed even with a 5xx status, where otherwise nothing is known (error pages 20429, 20503).
BACK_OFF = frozenset({"20429", "20503"})
NOT_PROCESSED = BACK_OFF | {"20003", "20005", "20404", "30002", "10004", "21611", "30001"}

# These concern one call, its numbers or where it may go, whatever HTTP status they come with: they
# say nothing against our credentials.
OF_ONE_CALL = frozenset(_BY_CODE) - NOT_PROCESSED

_ENDINGS: dict[str, tuple[FailureClass, Reason]] = {
    "busy": (_TEMPORARY, Reason.BUSY),
    "no-answer": (_TEMPORARY, Reason.NO_ANSWER),
    "failed": (_TEMPORARY, Reason.UNREACHABLE),
    "canceled": (_TECHNICAL, Reason.CANCELED),
}

_SIP: dict[str, tuple[FailureClass, Reason]] = {
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


def refusal(code: str) -> Failure:
    """What an error code in an API answer means; an unlisted one is a fault of ours or theirs."""
    meaning = _BY_CODE.get(code, (_TECHNICAL, Reason.PROVIDER_ERROR))
    return Failure(*meaning, provider_code=code)


def ending(status: str, error_code: str | None, sip_code: str | None) -> Failure | None:
    """Why a call ended without success; None for a call that did not end or was answered. A busy
    or unanswered call stays that, unless the network says that it was declined."""
    if status not in _ENDINGS:
        return None
    code = error_code or sip_code
    if status == "failed":
        meaning = _BY_CODE.get(error_code or "") or _SIP.get(sip_code or "") or _ENDINGS[status]
    elif sip_code == "603":
        meaning = _SIP[sip_code]
    else:
        meaning = _ENDINGS[status]
    return Failure(*meaning, provider_code=code)
