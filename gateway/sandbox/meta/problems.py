"""Meta's errors: in answers, and in the statuses of messages that failed."""

import json
import secrets
from typing import Any

from flask import Response

TITLES = {
    1: "API Unknown",
    2: "API Service",
    33: "Unsupported request",
    100: "Invalid parameter",
    190: "Access token has expired or is not valid",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement.",
    131050: "User has stopped receiving marketing messages",
    131051: "Unsupported message type",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132001: "Template does not exist",
}
_OF_STATUS = {500: 131000, 503: 131016, 429: 130429, 401: 190, 400: 131009}
_TWILIO_REFUSED = 21211  # what a fault without a code of its own is refused with


def problem(status: int, code: int, details: str, subcode: int | None = None) -> Response:
    """An error answer of the Graph API."""
    title = TITLES.get(code, "Something went wrong")
    error: dict[str, Any] = {
        "message": f"(#{code}) {title}",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": secrets.token_urlsafe(12),
    }
    if subcode is not None:
        error["error_subcode"] = subcode
    return Response(
        json.dumps({"error": error}), status, content_type="application/json; charset=UTF-8"
    )


def dialect(status: int, code: int, message: str) -> Response:
    """The refusals that faults ask for, in Meta's words."""
    given = status == 400 and code != _TWILIO_REFUSED
    return problem(status, code if given else _OF_STATUS.get(status, 131000), message)


def of_status(code: int, details: str) -> dict[str, Any]:
    """The same in the `errors` of a status."""
    title = TITLES.get(code, "Something went wrong")
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes",
    }
