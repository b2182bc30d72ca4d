"""Calls and errors in the JSON of Twilio's 2010 API (its schema api.v2010.account.call)."""

import json
import re
from datetime import datetime
from typing import Any

from flask import Response

from gateway.sandbox.twilio.calls import Call
from gateway.sandbox.wallclock import rfc2822

VERSION = "2010-04-01"
_NORTH_AMERICAN = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
_SUBRESOURCES = (
    "Notifications",
    "Recordings",
    "Payments",
    "Events",
    "Siprec",
    "Streams",
    "Transcriptions",
    "UserDefinedMessageSubscriptions",
    "UserDefinedMessages",
)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_SUBRESOURCE_NAMES = tuple((_snake(name), name) for name in _SUBRESOURCES)


def when(moment: datetime | None) -> str | None:
    """RFC 2822, or null."""
    return None if moment is None else rfc2822(moment)


def formatted(number: str) -> str:
    """`(202) 555-0100` for a North American number, anything else as it is."""
    parts = _NORTH_AMERICAN.fullmatch(number)
    return "({}) {}-{}".format(*parts.groups()) if parts else number


def call_json(call: Call) -> dict[str, Any]:
    """The whole call. Durations are strings of seconds, dates RFC 2822, unknown things null."""
    path = f"/{VERSION}/Accounts/{call.account_sid}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "date_created": when(call.created_at),
        "date_updated": when(call.updated_at),
        "parent_call_sid": None,
        "account_sid": call.account_sid,
        "to": call.order.to,
        "to_formatted": formatted(call.order.to),
        "from": call.order.from_,
        "from_formatted": formatted(call.order.from_),
        "phone_number_sid": "PN" + "0" * 32,
        "status": call.status,
        "start_time": when(call.started_at),
        "end_time": when(call.ended_at),
        "duration": None if call.seconds is None else str(call.seconds),
        "price": None,
        "price_unit": "USD",
        "direction": "outbound-api",
        "answered_by": call.answered_by,
        "api_version": VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{path}.json",
        "subresource_uris": {key: f"{path}/{name}.json" for key, name in _SUBRESOURCE_NAMES},
    }


def encoded(call: Call, sid: str | None = None) -> bytes:
    """The body of a create answer; `sid` puts another call's sid in place of the call's own."""
    body = call_json(call)
    if sid is not None:
        body["sid"] = sid
    return json.dumps(body).encode()


def problem(status: int, code: int, message: str) -> Response:
    """Twilio's error body."""
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return Response(json.dumps(body), status, content_type="application/json")
