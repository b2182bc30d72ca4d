"""Handing a message to SendGrid: POST /v3/mail/send, answered by 202 and X-Message-Id
(https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send)."""

from email.utils import parsedate_to_datetime
from typing import Any

import requests

from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import MessageRequest, Placement, Result
from gateway.providers import mail
from gateway.providers.reading import clean
from gateway.providers.sendgrid.accounts import Account
from gateway.providers.transport import (
    LONGEST_RETRY_AFTER,
    Answer,
    NotSent,
    Transport,
    Undelivered,
)

# What every event about a message brings back. Not "attempt": an event has a field of that name.
ATTEMPT = "attempt_id"
LONGEST_ID = 150

_TECHNICAL = FailureClass.TECHNICAL
_CONFIGURATION = Failure(_TECHNICAL, Reason.CONFIGURATION)
# What an error's field says it is about, by the beginning of its name.
_FIELDS: tuple[tuple[str, FailureClass, Reason], ...] = (
    ("personalizations.0.to", FailureClass.PERMANENT, Reason.INVALID_ADDRESS),
    ("from", _TECHNICAL, Reason.CONFIGURATION),
    ("reply_to", _TECHNICAL, Reason.CONFIGURATION),
    ("subject", _TECHNICAL, Reason.TEMPLATE),
    ("personalizations.0.subject", _TECHNICAL, Reason.TEMPLATE),
    ("content", _TECHNICAL, Reason.TEMPLATE),
)


def place(transport: Transport, account: Account | None, request: MessageRequest) -> Placement:
    """Ask once. Never raises; whatever goes wrong once the request may have left is UNKNOWN."""
    sent = False
    try:
        if account is None:
            return Placement(Result.NOT_SENT, failure=_CONFIGURATION)
        objection = mail.objection(request)
        if objection is not None:
            return Placement(Result.REJECTED, failure=objection)
        asked = requests.Request(
            "POST",
            f"{account.base_url}/v3/mail/send",
            json=order(request, account),
            headers=_headers(account),
        )
        sent = True
        return classify(transport.send(asked, placing=True))
    except NotSent as fault:
        kind = _TECHNICAL if fault.stage == "tls" else FailureClass.TEMPORARY
        return Placement(Result.NOT_SENT, failure=Failure(kind, Reason.PROVIDER_ERROR))
    except BaseException:  # noqa: BLE001 - even an interruption of the worker: the row must learn it
        return _unconfirmed() if sent else Placement(Result.NOT_SENT, failure=_CONFIGURATION)


def order(request: MessageRequest, account: Account) -> dict[str, Any]:
    """The JSON of one message to one person. Links are left as they are: rewritten ones would lead
    people to another host, and unsubscribing is ours to know."""
    sender = {"email": mail.address(request.from_)}
    if request.from_ == account.sender.address and account.sender.name:
        sender["name"] = account.sender.name
    content = [{"type": "text/plain", "value": clean(request.content.text)}]
    if request.content.html:
        content.append({"type": "text/html", "value": clean(request.content.html)})
    off = {"enable": False}
    body: dict[str, Any] = {
        "personalizations": [
            {
                "to": [{"email": mail.address(request.to)}],
                "custom_args": {ATTEMPT: request.attempt_id},
            }
        ],
        "from": sender,
        "subject": mail.subject(request),
        "content": content,
        "tracking_settings": {
            "click_tracking": {**off, "enable_text": False},
            "subscription_tracking": off,
        },
    }
    headers = dict(mail.way_out(request))
    return {**body, "headers": headers} if headers else body


def classify(answer: Answer) -> Placement:
    """What an answer to a message says."""
    status = answer.status
    if 200 <= status < 300:
        identity = answer.headers.get("x-message-id", "")
        if not is_message_id(identity):
            return _unconfirmed()
        return Placement(Result.ACCEPTED, identity, "accepted")
    if status == 429:
        failure = Failure(FailureClass.TEMPORARY, Reason.THROTTLED, "429")
        return Placement(Result.NOT_SENT, failure=failure, retry_after=_wish(answer))
    about = _about(answer)
    # A sender that was not verified is refused with a 403, which says nothing against our key.
    if status in (401, 403, 404, 405, 407) and not (status == 403 and about is not None):
        failure = Failure(_TECHNICAL, Reason.CONFIGURATION, str(status))
        return Placement(Result.NOT_SENT, failure=failure)
    if status == 413:
        return Placement(Result.REJECTED, failure=Failure(_TECHNICAL, Reason.TEMPLATE, "413"))
    if 400 <= status < 500 and status not in (408, 409, 425, 499):
        kind, reason = about or (FailureClass.PERMANENT, Reason.UNKNOWN)
        return Placement(Result.REJECTED, failure=Failure(kind, reason, str(status)))
    return _unconfirmed(str(status))


def is_message_id(text: str) -> bool:
    """Whether this can be the id of a message."""
    return 0 < len(text) <= LONGEST_ID and text.isascii() and text.isprintable()


def check(transport: Transport, account: Account) -> str | None:
    """Ask what our key may do."""
    asked = requests.Request("GET", f"{account.base_url}/v3/scopes", headers=_headers(account))
    try:
        answer = transport.send(asked)
    except Undelivered as fault:
        return f"SendGrid ({account.mode}) can't be reached: {fault.stage}"
    if answer.status in (401, 403):
        return f"SendGrid ({account.mode}) refuses the API key"
    if not 200 <= answer.status < 300:
        return f"SendGrid ({account.mode}) answers with HTTP status {answer.status}"
    scopes = answer.json().get("scopes")
    if isinstance(scopes, list) and "mail.send" not in scopes:
        return f"SendGrid ({account.mode}): the API key may not send mail"
    return None


def _about(answer: Answer) -> tuple[FailureClass, Reason] | None:
    """What the first error is about that names a field we know."""
    errors = answer.json().get("errors")
    for error in errors if isinstance(errors, list) else ():
        field = error.get("field") if isinstance(error, dict) else None
        for beginning, kind, reason in _FIELDS:
            if isinstance(field, str) and field.startswith(beginning):
                return kind, reason
    return None


def _wish(answer: Answer) -> float | None:
    """When to come again, in seconds: Retry-After, else the Unix time X-RateLimit-Reset counted
    from the answer's own Date."""
    if answer.retry_after is not None:
        return answer.retry_after
    try:
        then = int(answer.headers["x-ratelimit-reset"][:12])
        seconds = then - parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _headers(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.api_key}", "User-Agent": "Ringback"}


def _unconfirmed(code: str | None = None) -> Placement:
    reason = Reason.PROVIDER_ERROR if code else Reason.UNKNOWN
    return Placement(Result.UNKNOWN, failure=Failure(_TECHNICAL, reason, code))
