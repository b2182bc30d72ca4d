"""Twilio's error codes in ours: the only place that knows them. The same codes come in answers of
its API and in callbacks about messages (https://www.twilio.com/docs/api/errors)."""

from gateway.domain.outcomes import Failure, FailureClass, Reason

Meaning = tuple[FailureClass, Reason]

_TEMPORARY, _PERMANENT = FailureClass.TEMPORARY, FailureClass.PERMANENT
_TECHNICAL = FailureClass.TECHNICAL

_CODES: dict[Meaning, str] = {
    (_PERMANENT, Reason.INVALID_NUMBER): "21211 21217 21401 21614 21635 60205 63003 63024",
    (_PERMANENT, Reason.UNREACHABLE): "21214 21612 30005 30006 63015",
    # A handset that is off or out of reach comes back.
    (_TEMPORARY, Reason.UNREACHABLE): "30003",
    (_PERMANENT, Reason.BLOCKED): "13225 21216 30004 63014 63033",
    (_PERMANENT, Reason.OPTED_OUT): "21610",
    (_PERMANENT, Reason.CARRIER_FILTERED): "30007 63013 63049",
    (_PERMANENT, Reason.WINDOW_CLOSED): "63016",
    (_PERMANENT, Reason.UNDELIVERABLE): "30008 30011 63026 63032 63036",
    (_PERMANENT, Reason.EXPIRED): "30036",
    (_TEMPORARY, Reason.THROTTLED): (
        "10004 14107 20429 21611 30001 30022 30023 30027 63017 63018 63038"
    ),
    (_TEMPORARY, Reason.PROVIDER_ERROR): ("20503 30017 30410 30500 60005 63009 63010 63012 63023"),
    # The wording: empty, too long, or not what the approved template takes.
    (_TECHNICAL, Reason.TEMPLATE): (
        "21602 21605 21617 21619 21620 21654 21656 63005 63006 63021 63027 63028 63040 63041 63042"
    ),
    (_TECHNICAL, Reason.CONFIGURATION): (
        "13227 20003 20005 20404 21205 21210 21212 21215 21219 21408 21606 21607 21608 21609 21703 "
        "21705 30002 30018 30024 30032 30033 30034 30035 30037 63001 63002 63007 63008 63020 63022"
    ),
    (_TECHNICAL, Reason.PROVIDER_ERROR): "21201 21213 21603 21604 63031",
}
_BY_CODE = {code: meaning for meaning, codes in _CODES.items() for code in codes.split()}

# Of these Twilio says that the request was not processed: asking again later is safe. The first are
# believed even with a 5xx status, where otherwise nothing is known (error pages 20429, 20503).
BACK_OFF = frozenset({"20429", "20503"})
_ASK_AGAIN = "10004 14107 20003 20005 20404 21611 30001 30002 30022 30023 30027 63017 63018 63038"
NOT_PROCESSED = BACK_OFF.union(_ASK_AGAIN.split())

# These concern one call or message, its numbers or where it may go, whatever HTTP status they come
# with: they say nothing against our credentials.
OF_ONE_REQUEST = frozenset(_BY_CODE) - NOT_PROCESSED


def meaning(code: str | None) -> Meaning | None:
    """What a code says; None for one that is not listed."""
    return _BY_CODE.get(code or "")


def refusal(code: str) -> Failure:
    """What an error code in an API answer means; an unlisted one is a fault of ours or theirs."""
    known = meaning(code) or (_TECHNICAL, Reason.PROVIDER_ERROR)
    return Failure(*known, provider_code=code)
