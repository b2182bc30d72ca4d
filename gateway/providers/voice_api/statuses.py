"""The webhook {call_id, status, metadata: {reminder_id}, transcript} in the gateway's words."""

import hashlib
import json
from typing import Any, NoReturn

from gateway.domain.callback import Callback, EventKind, Malformed, ProviderEvent, Verified
from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.providers.reading import attempt_id, clean, dedup_key
from gateway.providers.voice_api.calls import is_call_id

DEEPEST = 32

# The contract says completed and failed; the others are what such providers commonly say.
STATES: dict[str, CallState] = {
    "completed": CallState.COMPLETED,
    "failed": CallState.FAILED,
    "queued": CallState.QUEUED,
    "initiated": CallState.INITIATED,
    "ringing": CallState.RINGING,
    "in-progress": CallState.IN_PROGRESS,
    "answered": CallState.IN_PROGRESS,
    "busy": CallState.BUSY,
    "no-answer": CallState.NO_ANSWER,
    "canceled": CallState.CANCELED,
}

_FAILURES: dict[CallState, Failure] = {
    CallState.FAILED: Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE),
    CallState.BUSY: Failure(FailureClass.TEMPORARY, Reason.BUSY),
    CallState.NO_ANSWER: Failure(FailureClass.TEMPORARY, Reason.NO_ANSWER),
    CallState.CANCELED: Failure(FailureClass.TECHNICAL, Reason.CANCELED),
}


def parse(callback: Callback, verified: Verified) -> ProviderEvent:
    """Translate an authentic webhook. Raises Malformed, naming the field that is wrong."""
    body = _object(callback.body)
    call_id, status = body.get("call_id"), body.get("status")
    if type(call_id) is int:
        call_id = str(call_id)
    if not isinstance(call_id, str) or not is_call_id(call_id):
        raise Malformed("call_id must be a text of 1 to 200 characters")
    if not isinstance(status, str) or not 0 < len(status) <= 64 or not status.isprintable():
        raise Malformed("status must be a text of 1 to 64 characters")
    metadata = body.get("metadata")
    reminder = metadata.get("reminder_id") if isinstance(metadata, dict) else None
    if not isinstance(reminder, str) or not 0 < len(reminder) <= 200:
        raise Malformed("metadata.reminder_id must be a text of 1 to 200 characters")
    text = _transcript(body.get("transcript"))
    content = hashlib.sha256((text or "").encode()).hexdigest()
    state = STATES.get(status)
    return ProviderEvent(
        kind=EventKind.CALL_STATUS,
        # Not the webhook-id: the same news under another id is still the same news.
        dedup_key=dedup_key("call-status", call_id, reminder, status, content),
        external_id=call_id,
        account=verified.accounts[0],
        attempt_id=attempt_id(reminder),
        state=state,
        provider_status=status,
        failure=_FAILURES.get(state) if state is not None else None,
        source_id=call_id,
        text=text,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode(), object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Malformed("the body must be JSON") from None
    if not isinstance(found, dict):
        raise Malformed("the body must be a JSON object")
    _shallow(found)
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is repeated")
    return found


def _no_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _shallow(body: Any) -> None:
    level: list[Any] = [body]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
    if any(isinstance(value, (dict, list)) for value in level):
        raise Malformed(f"the body must not be nested deeper than {DEEPEST} levels")


def _transcript(value: Any) -> str | None:
    """The text of a transcript: itself, or the lines of a list of texts or {speaker, text}."""
    if value is None:
        return None
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return clean("\n".join(_line(item) for item in value))
    raise Malformed("transcript must be a text, a list or null")


def _line(item: Any) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, dict) and isinstance(item.get("text"), str):
        speaker = item.get("speaker", item.get("role"))
        return f"{speaker}: {item['text']}" if isinstance(speaker, str) else str(item["text"])
    raise Malformed("transcript must hold texts, or objects with a text")
