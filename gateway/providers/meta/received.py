"""What people write to our WhatsApp sender, as Meta tells it
(https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/payload-examples)."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.domain.callback import EventKind, Inbound, ProviderEvent, Unreadable
from gateway.providers.meta.accounts import Account
from gateway.providers.meta.sending import is_message_id
from gateway.providers.reading import clean, dedup_key

LONGEST_TEXT = 10_000

_DIGITS = re.compile("[0-9]{6,15}")
_SECONDS = re.compile("[0-9]{1,11}")
_MEDIA = ("image", "video", "audio", "voice", "document", "sticker")
# Where words may be: those of a message, of a picture, of a button that was pressed.
_WORDS = (
    ("text", "body"),
    ("button", "text"),
    ("interactive", "button_reply", "title"),
    ("interactive", "list_reply", "title"),
    *((kind, "caption") for kind in _MEDIA),
)

# What a button stands for.
_PAYLOADS = (
    ("button", "payload"),
    ("interactive", "button_reply", "id"),
    ("interactive", "list_reply", "id"),
)


def is_aside(thing: Any) -> bool:
    """Whether this is nothing that somebody said: a reaction, or news about a number."""
    return isinstance(thing, dict) and thing.get("type") in ("reaction", "system")


def message(thing: Any, account: Account) -> ProviderEvent:
    """A message that somebody sent to our sender. Attachments are counted, never fetched. Raises
    Unreadable."""
    if not isinstance(thing, dict):
        raise Unreadable("a message is no JSON object")
    identity, sender = thing.get("id"), thing.get("from")
    if not isinstance(identity, str) or not is_message_id(identity):
        raise Unreadable("a message without an id")
    if not isinstance(sender, str) or not 0 < len(sender) <= 200 or not sender.isprintable():
        raise Unreadable("a message from nobody")
    answered = _inside(thing, "context", "id")
    return ProviderEvent(
        kind=EventKind.INBOUND,
        dedup_key=dedup_key("inbound", identity),
        external_id=identity,
        account=account.name,
        provider_status="received",
        occurred_at=moment(thing.get("timestamp")),
        inbound=Inbound(
            channel="whatsapp",
            from_=f"+{sender}" if _DIGITS.fullmatch(sender) else clean(sender),
            to=account.number,
            text=_first(thing, _WORDS),
            media=sum(isinstance(thing.get(kind), dict) for kind in _MEDIA),
            reply_to=answered if answered and is_message_id(answered) else None,
            payload=_first(thing, _PAYLOADS) or None,
        ),
    )


def moment(value: Any) -> datetime | None:
    """Unix seconds, which Meta writes as text; None when it is no time."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _SECONDS.fullmatch(text):
        return None
    return datetime.fromtimestamp(int(text), UTC)


def _first(thing: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> str:
    found = (_inside(thing, *path) for path in paths)
    return clean(next((words for words in found if words), ""))[:LONGEST_TEXT]


def _inside(thing: Any, *path: str) -> str | None:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing if isinstance(thing, str) else None
