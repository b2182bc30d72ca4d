"""Calls and messages as Twilio's API keeps them
(https://www.twilio.com/docs/voice/api/call-resource,
https://www.twilio.com/docs/messaging/api/message-resource)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.domain.lifecycle import CallState, MessageState, is_final
from gateway.domain.provider import Found
from gateway.providers.reading import count, moment
from gateway.providers.twilio import codes

_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}")

Record = dict[str, object]


@dataclass(frozen=True)
class Resource:
    """One kind. `name` is what the API and the SDK call it; `page_size` keeps a page of a list well
    under the transport's 256 kB; `seen` reads a record and raises ValueError or KeyError."""

    name: str
    sid: re.Pattern[str]
    page_size: int
    seen: Callable[[Record], Found]


def _call(record: Record) -> Found:
    sid, status = _named(record, CALLS)
    state = codes.CALL_STATES.get(status, CallState.UNKNOWN)
    answered_by = _text(record, "answered_by")
    return Found(
        external_id=sid,
        provider_status=status,
        state=state,
        created_at=moment(_text(record, "date_created")),
        ended_at=moment(_text(record, "end_time")) if is_final(state) else None,
        duration_seconds=count(_text(record, "duration")) if is_final(state) else None,
        answered_by=codes.ANSWERED_BY.get(answered_by, "unknown") if answered_by else None,
        failure=codes.ending(status, None, None),
    )


def _message(record: Record) -> Found:
    sid, status = _named(record, MESSAGES)
    state = codes.MESSAGE_STATES.get(status, MessageState.UNKNOWN)
    code = record.get("error_code")
    return Found(
        external_id=sid,
        provider_status=status,
        state=state,
        created_at=moment(_text(record, "date_created")),
        ended_at=moment(_text(record, "date_updated")) if is_final(state) else None,
        failure=codes.undelivered(status, str(code) if type(code) is int and code else None),
    )


def _named(record: Record, resource: Resource) -> tuple[str, str]:
    sid, status = record["sid"], record["status"]
    if not isinstance(sid, str) or not resource.sid.fullmatch(sid):
        raise ValueError("a record without a sid")
    if not isinstance(status, str) or not _WORD.fullmatch(status):
        raise ValueError("a record without a status")
    return sid, status


def _text(record: Record, name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) else None


# About 2 kB a call; a message of 1,600 characters may take 10 kB.
CALLS = Resource("calls", re.compile("CA[0-9a-fA-F]{32}"), 50, _call)
MESSAGES = Resource("messages", re.compile("(?:SM|MM)[0-9a-fA-F]{32}"), 20, _message)


def of_channel(channel: str) -> Resource:
    """What Twilio keeps of an attempt on this channel."""
    return CALLS if channel == "voice" else MESSAGES


def of_sid(sid: str) -> Resource | None:
    """What a SID names; None when it is none of a call's or a message's."""
    return next((known for known in (CALLS, MESSAGES) if known.sid.fullmatch(sid)), None)


def is_ours(record: Record) -> bool:
    """Whether we asked Twilio for it. Raises KeyError."""
    return record["direction"] == "outbound-api"
