"""SendGrid's event webhook in the gateway's words: an array of events, each for itself
(https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event)."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.domain.callback import Callback, EventKind, ProviderEvent, Unreadable, Verified
from gateway.domain.lifecycle import MessageState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.providers import mail_codes
from gateway.providers.reading import attempt_id, clean, dedup_key
from gateway.providers.sendgrid.sending import ATTEMPT, LONGEST_ID

STATES: dict[str, MessageState] = {
    "processed": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "open": MessageState.READ,
    "bounce": MessageState.UNDELIVERED,
    "dropped": MessageState.FAILED,
}
OPT_OUTS = frozenset({"spamreport", "unsubscribe", "group_unsubscribe"})

# Why SendGrid did not even try, by words of its own.
_DROPPED: tuple[tuple[str, FailureClass, Reason], ...] = (
    ("bounced", FailureClass.PERMANENT, Reason.UNREACHABLE),
    ("unsubscribed", FailureClass.PERMANENT, Reason.OPTED_OUT),
    ("spam reporting", FailureClass.PERMANENT, Reason.OPTED_OUT),
    ("spam content", FailureClass.PERMANENT, Reason.CARRIER_FILTERED),
    ("quota", FailureClass.TECHNICAL, Reason.CONFIGURATION),
    ("smtpapi", FailureClass.TECHNICAL, Reason.CONFIGURATION),
    ("invalid", FailureClass.PERMANENT, Reason.INVALID_ADDRESS),
)
_WORD = re.compile("[a-z_]{1,40}")
_OURS = re.compile(r"([A-Za-z0-9_-]{22})(?:\..*)?|(.+?)\.(?:filter|recvd).*", re.DOTALL)
_SMTP_ID = re.compile(r"<([^@<>]+)@[^@<>]*>")


def parse(callback: Callback, verified: Verified) -> Sequence[ProviderEvent]:
    """Every event of a batch. One of them that can't be read becomes an event of which only its
    part is known: that part alone is then found unreadable. Raises Unreadable for a batch that is
    none, and for one with nothing else in it."""
    batch, account = _batch(callback.body), verified.accounts[0]
    if not batch:
        raise Unreadable("a batch without events")
    try:
        if len(batch) == 1:
            return [_event(batch[0], account)]
        return [_readable(item, account) for item in batch]
    except RecursionError:
        raise Unreadable("nested too deep") from None


def _readable(item: Any, account: str) -> ProviderEvent:
    try:
        return _event(item, account)
    except Unreadable:
        return _unread(item, account)


def _batch(body: bytes) -> list[Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    if not isinstance(found, list):
        raise Unreadable("the body is no JSON array")
    return found


def _event(item: Any, account: str) -> ProviderEvent:
    """One event. Raises Unreadable, naming the field that is wrong."""
    if not isinstance(item, dict):
        raise Unreadable("an event is no JSON object")
    word = _text(item, "event", LONGEST_ID)
    if word is None or not _WORD.fullmatch(word):
        raise Unreadable("event is no word")
    message = _message_id(item)
    if message is None:
        raise Unreadable("sg_message_id is no id")
    part = _part(item)
    identity = _text(item, "sg_event_id", 200) or part
    return ProviderEvent(
        kind=EventKind.OPT_OUT if word in OPT_OUTS else EventKind.MESSAGE_STATUS,
        dedup_key=dedup_key("event", word, message, identity),
        external_id=message,
        account=account,
        attempt_id=attempt_id(_text(item, ATTEMPT, LONGEST_ID)),
        state=_state(item, word),
        provider_status=word,
        occurred_at=_moment(item.get("timestamp")),
        failure=_failure(item, word),
        part=part,
    )


def _unread(item: Any, account: str) -> ProviderEvent:
    part = _part(item)
    return ProviderEvent(
        EventKind.MESSAGE_STATUS, dedup_key("unread", part), "", account, part=part
    )


def _part(item: Any) -> str:
    return json.dumps([item], separators=(",", ":"))


def _state(item: dict[str, Any], word: str) -> MessageState | None:
    """A machine that fetches the pictures of every mail has read none of them."""
    return None if word == "open" and item.get("sg_machine_open") is True else STATES.get(word)


def _message_id(item: dict[str, Any]) -> str | None:
    """What X-Message-Id was: the beginning of sg_message_id, or where that is missing (older
    events) of smtp-id."""
    given = _text(item, "sg_message_id", 1000)
    found = _OURS.fullmatch(given) if given else None
    if found:
        return (found.group(1) or found.group(2))[:LONGEST_ID]
    also = _SMTP_ID.fullmatch(_text(item, "smtp-id", 1000) or "")
    return (also.group(1) if also else given or "")[:LONGEST_ID] or None


def _failure(item: dict[str, Any], word: str) -> Failure | None:
    status = mail_codes.enhanced(_text(item, "status", 100) or "")
    reason = (_text(item, "reason", 2000) or "").lower()
    if word == "dropped":
        code = status or None
        for words, kind, why in _DROPPED:
            if words in reason:
                return Failure(kind, why, code)
        return Failure(FailureClass.PERMANENT, Reason.UNDELIVERABLE, code)
    if word != "bounce":
        return None
    status = status or mail_codes.enhanced(reason)
    basic = re.match("([45])[0-9]{2}", reason)
    code = status or (basic.group() if basic else None)
    if item.get("type") == "blocked":
        return Failure(FailureClass.TEMPORARY, Reason.BLOCKED, code)
    if status.startswith("4.") or (not status and basic and basic.group(1) == "4"):
        return Failure(FailureClass.TEMPORARY, Reason.UNDELIVERABLE, code)
    why = mail_codes.permanently(status) or Reason.UNREACHABLE
    return Failure(FailureClass.PERMANENT, why, code)


def _text(item: dict[str, Any], name: str, most: int) -> str | None:
    """A text without what no database stores, cut; None when there is none."""
    found = item.get(name)
    return clean(found)[:most] or None if isinstance(found, str) else None


def _moment(value: Any) -> datetime | None:
    """Unix seconds, or milliseconds as marketing events have them; as a number or as text."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,13}", value):
        value = int(value)
    if type(value) is not int or not 0 < value < 10**13:
        return None
    return datetime.fromtimestamp(value / 1000 if value >= 10**11 else value, UTC)
