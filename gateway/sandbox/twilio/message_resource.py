"""Messages in the JSON of Twilio's 2010 API (its schema api.v2010.account.message)."""

import json
from typing import Any

from gateway.sandbox.twilio.messages import Message
from gateway.sandbox.twilio.resource import VERSION, when

_ERRORS = {
    30003: "Unreachable destination handset",
    30007: "Message filtered",
    30008: "Unknown error",
    63016: "Free words outside the allowed window; use a template",
}


def error_message(code: int) -> str:
    """Our words for a code."""
    return _ERRORS.get(code, "The message was not delivered")


def message_json(message: Message) -> dict[str, Any]:
    """The whole message. Counts are strings, dates RFC 2822, unknown things null."""
    order, code = message.order, message.error_code
    path = f"/{VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
    unassigned = bool(order.service_sid) and message.status in ("accepted", "scheduled")
    return {
        "sid": message.sid,
        "account_sid": message.account_sid,
        "messaging_service_sid": order.service_sid or None,
        "from": None if unassigned else order.from_,
        "to": order.to,
        "body": message.body,
        "status": message.status,
        "direction": "inbound" if message.inbound else "outbound-api",
        "num_segments": "0" if unassigned else str(message.segments),
        "num_media": str(len(order.media)),
        "error_code": code,
        "error_message": None if code is None else error_message(code),
        "price": None,
        "price_unit": "USD",
        "date_created": when(message.created_at),
        "date_sent": when(message.sent_at),
        "date_updated": when(message.updated_at),
        "api_version": VERSION,
        "uri": f"{path}.json",
        "subresource_uris": {"media": f"{path}/Media.json"},
    }


def encoded(message: Message, sid: str | None = None) -> bytes:
    """The body of a create answer; `sid` puts another message's sid in place of its own."""
    body = message_json(message)
    if sid is not None:
        body["sid"] = sid
    return json.dumps(body).encode()
