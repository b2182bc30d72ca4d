"""Placing a call: POST {base}/calls with {phone_number, message, metadata: {reminder_id}}, answered
by {call_id, status}. The contract names no error shape, so only the HTTP status is believed."""

import requests

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, Placement, Result
from gateway.providers.reading import clean
from gateway.providers.transport import Answer, NotSent, Transport, Undelivered
from gateway.providers.voice_api.accounts import Account

LONGEST_ID = 200

_CONFIGURATION = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION)


def place(transport: Transport, account: Account | None, request: CallRequest) -> Placement:
    """Ask once. Never raises; whatever goes wrong once the request may have left is UNKNOWN."""
    sent = False
    try:
        if account is None:
            return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
        message = clean(request.say).strip()
        if not message:
            failure = Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)
            return Placement(Result.REJECTED, failure=failure)
        body = {
            "phone_number": request.to,
            "message": message,
            "metadata": {"reminder_id": request.attempt_id},
        }
        asked = requests.Request(
            "POST", f"{account.base_url}/calls", json=body, headers=_headers(account)
        )
        sent = True
        return classify(transport.send(asked, placing=True))
    except NotSent as fault:
        kind = FailureClass.TECHNICAL if fault.stage == "tls" else FailureClass.TEMPORARY
        return Placement(Result.NOT_SENT, failure=Failure(kind, Reason.PROVIDER_ERROR))
    except BaseException:  # noqa: BLE001 - even an interruption of the worker: the row must learn it
        return _unconfirmed() if sent else Placement(Result.NOT_SENT, failure=_CONFIGURATION)


def classify(answer: Answer) -> Placement:
    """What an answer to a placement says. A 409 is open: it may speak of this very call."""
    status = answer.status
    if 200 <= status < 300:
        body = answer.json()
        call_id, word = body.get("call_id"), body.get("status")
        if type(call_id) is int:
            call_id = str(call_id)
        if not isinstance(call_id, str) or not is_call_id(call_id):
            return _unconfirmed()
        return Placement(Result.ACCEPTED, call_id, word if isinstance(word, str) else None)
    if status == 429:
        failure = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, "429")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=answer.retry_after)
    if status in (401, 403, 404, 405, 407):
        failure = Failure(FailureClass.TECHNICAL, Reason.CONFIGURATION, str(status))
        return Placement(Result.NOT_SENT, failure=failure)
    if 400 <= status < 500 and status not in (408, 409, 425, 499):
        failure = Failure(FailureClass.PERMANENT, Reason.UNKNOWN, str(status))
        return Placement(Result.REJECTED, failure=failure)
    return _unconfirmed(str(status))


def is_call_id(text: str) -> bool:
    """Whether this can be a call's id: 1 to 200 printable characters."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and text == clean(text)


def check(transport: Transport, account: Account) -> str | None:
    """Knock at the address that calls are placed at, without placing one."""
    asked = requests.Request("GET", f"{account.base_url}/calls", headers=_headers(account))
    try:
        status = transport.send(asked).status
    except Undelivered as fault:
        return f"the voice provider ({account.mode}) can't be reached: {fault.stage}"
    if status in (401, 403):
        return f"the voice provider ({account.mode}) refuses the API key"
    if status >= 500:
        return f"the voice provider ({account.mode}) answers with HTTP status {status}"
    return None


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.key}", "User-Agent": "Ringback"}


def _unconfirmed(code: str | None = None) -> Placement:
    reason = Reason.PROVIDER_ERROR if code else Reason.UNKNOWN
    return Placement(Result.UNKNOWN, failure=Failure(FailureClass.TECHNICAL, reason, code))
