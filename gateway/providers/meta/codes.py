"""Meta's error codes in ours: the only place that knows them. The same codes come in answers and in
the statuses of messages that failed
(https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes)."""

from gateway.domain.lifecycle import MessageState
from gateway.domain.outcomes import Failure, FailureClass, Reason

STATES: dict[str, MessageState] = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "played": MessageState.READ,  # a voice message that was listened to
    "failed": MessageState.FAILED,
}

_TEMPORARY, _PERMANENT = FailureClass.TEMPORARY, FailureClass.PERMANENT
_TECHNICAL = FailureClass.TECHNICAL

_CODES: dict[tuple[FailureClass, Reason], tuple[int, ...]] = {
    (_TEMPORARY, Reason.PROVIDER_ERROR): (1, 2, 131000, 131016),
    # Of the account, of the sender's quality, of messages to one person, of new conversations.
    (_TEMPORARY, Reason.THROTTLED): (4, 80007, 130429, 131048, 131056, 131064, 133016),
    (_PERMANENT, Reason.UNDELIVERABLE): (131026, 130472),
    (_PERMANENT, Reason.WINDOW_CLOSED): (131047,),
    (_PERMANENT, Reason.CARRIER_FILTERED): (131049,),
    # Somebody stopped marketing messages, which says nothing about reminders: no opt-out.
    (_PERMANENT, Reason.BLOCKED): (131050, 130497),
    (_PERMANENT, Reason.INVALID_NUMBER): (131021,),
    (_TECHNICAL, Reason.TEMPLATE): (
        131051, 132000, 132001, 132005, 132007, 132012, 132015, 132016,
    ),
    (_TECHNICAL, Reason.CONFIGURATION): (
        0, 3, 10, 190, 368, *range(200, 300), 131005, 131030, 131031, 131042, 131045, 133010,
    ),
    (_TECHNICAL, Reason.PROVIDER_ERROR): (100, 131008, 131009),
}  # fmt: skip
_MEANINGS = {code: meaning for meaning, codes in _CODES.items() for code in codes}
_NO_SUCH_OBJECT = 33  # with code 100: the sender itself

# A number that is only not on a test sender's list says nothing against our credentials.
OF_ONE_MESSAGE = frozenset({131030})


def failure(code: int, subcode: int | None = None, details: str = "") -> Failure:
    """What an error means; an unlisted one is a fault of ours or theirs. A wrong parameter that is
    named as the recipient is a wrong number."""
    meaning = _MEANINGS.get(code, (_TECHNICAL, Reason.PROVIDER_ERROR))
    if code == 100 and subcode == _NO_SUCH_OBJECT:
        meaning = (_TECHNICAL, Reason.CONFIGURATION)
    elif code in (100, 131009) and details.startswith("to "):
        meaning = (_PERMANENT, Reason.INVALID_NUMBER)
    return Failure(*meaning, provider_code=str(code))


def is_known(code: int) -> bool:
    """Whether the code is listed here."""
    return code in _MEANINGS
