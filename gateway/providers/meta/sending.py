"""Asking Meta's Cloud API to send a message, and whether it is there."""

from typing import Any

import requests

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import MessageRequest, Placement, Result
from gateway.providers.meta import codes, orders
from gateway.providers.meta.accounts import Account
from gateway.providers.reading import clean
from gateway.providers.transport import Answer, NotSent, Transport, Undelivered

VERSION = "v24.0"
LONGEST_ID = 200

_TECHNICAL = FailureClass.TECHNICAL
_CONFIGURATION = Failure(_TECHNICAL, Reason.CONFIGURATION)


def place(transport: Transport, account: Account | None, request: MessageRequest) -> Placement:
    """Ask once. Never raises; whatever goes wrong once the request may have left is UNKNOWN."""
    sent = False
    try:
        if account is None:
            return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
        objection = orders.objection(request, account)
        if objection is not None:
            return Placement(Result.REJECTED, failure=objection)
        url = f"{account.base_url}/{VERSION}/{account.name}/messages"
        body = orders.order(request)
        asked = requests.Request("POST", url, json=body, headers=_headers(account))
        sent = True
        return classify(transport.send(asked, placing=True))
    except NotSent as fault:
        kind = _TECHNICAL if fault.stage == "tls" else FailureClass.TEMPORARY
        return Placement(Result.NOT_SENT, failure=Failure(kind, Reason.PROVIDER_ERROR))
    except BaseException:  # noqa: BLE001 - even an interruption of the worker: the row must learn it
        return _unconfirmed() if sent else Placement(Result.NOT_SENT, failure=_CONFIGURATION)


def classify(answer: Answer) -> Placement:
    """What an answer to a message says: Meta's code where it has one that we know, else the HTTP
    status. Of a server error only throttling is believed."""
    status = answer.status
    if 200 <= status < 300:
        return _taken(answer.json())
    failure = _failure(answer)
    if status == 429 or (failure is not None and failure.reason is Reason.THROTTLED):
        throttled = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, str(status))
        failure = failure if failure and failure.reason is Reason.THROTTLED else throttled
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if not 400 <= status < 500 or status in (408, 409, 425, 499):
        return _unconfirmed(str(status))
    if failure is None:
        return _by_status(status)
    of_account = failure.reason is Reason.CONFIGURATION and not _concerns_one(failure)
    again = of_account or failure.failure_class is FailureClass.TEMPORARY
    return Placement(Result.NOT_SENT if again else Result.REJECTED, failure=failure)


def is_message_id(text: str) -> bool:
    """Whether this can be a message's id: 1 to 200 printable characters."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and text == clean(text)


def check(transport: Transport, account: Account) -> str | None:
    """Ask for the sender itself."""
    url = f"{account.base_url}/{VERSION}/{account.name}"
    fields = {"fields": "verified_name"}
    asked = requests.Request("GET", url, params=fields, headers=_headers(account))
    try:
        answer = transport.send(asked)
    except Undelivered as fault:
        return f"Meta ({account.mode}) can't be reached: {fault.stage}"
    failure = _failure(answer)
    if answer.status in (401, 403):
        return f"Meta ({account.mode}) refuses the access token"
    if failure is not None and failure.reason is Reason.CONFIGURATION:
        return (
            f"Meta ({account.mode}) refuses the token or the sender: code {failure.provider_code}"
        )
    if not 200 <= answer.status < 300:
        return f"Meta ({account.mode}) answers with HTTP status {answer.status}"
    return None


def _taken(body: dict[str, Any]) -> Placement:
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    identity = first.get("id") if isinstance(first, dict) else None
    if not isinstance(identity, str) or not is_message_id(identity):
        return _unconfirmed()
    word = first.get("message_status") if isinstance(first, dict) else None
    usable = isinstance(word, str) and 0 < len(word) <= 64 and word.isprintable()
    return Placement(Result.ACCEPTED, identity, word if usable else "accepted")


def _failure(answer: Answer) -> Failure | None:
    """The error of an answer; None where it has no code that we know."""
    error = answer.json().get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if not isinstance(error, dict) or type(code) is not int or not codes.is_known(code):
        return None
    data, subcode = error.get("error_data"), error.get("error_subcode")
    details = data.get("details") if isinstance(data, dict) else None
    return codes.failure(
        code,
        subcode if type(subcode) is int else None,
        details if isinstance(details, str) else "",
    )


def _concerns_one(failure: Failure) -> bool:
    return failure.provider_code in {str(code) for code in codes.OF_ONE_MESSAGE}


def _by_status(status: int) -> Placement:
    if status in (401, 403, 404, 405, 407):
        failure = Failure(_TECHNICAL, Reason.CONFIGURATION, str(status))
        return Placement(Result.NOT_SENT, failure=failure)
    failure = Failure(FailureClass.PERMANENT, Reason.UNKNOWN, str(status))
    return Placement(Result.REJECTED, failure=failure)


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.token}", "User-Agent": "Ringback"}


def _unconfirmed(code: str | None = None) -> Placement:
    reason = Reason.PROVIDER_ERROR if code else Reason.UNKNOWN
    return Placement(Result.UNKNOWN, failure=Failure(_TECHNICAL, reason, code))
