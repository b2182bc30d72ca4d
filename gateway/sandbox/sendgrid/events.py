"""What becomes of an e-mail, in the events of SendGrid's webhook (others.md 6)."""

import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.account_webhook import Moment, Told
from gateway.sandbox.behaviour import Behaviour, Signing
from gateway.sandbox.mailboxes import scenario
from gateway.sandbox.sendgrid.orders import Mail
from gateway.sandbox.sendgrid.signing import EventSigner
from gateway.sandbox.stage import Pace

# Per mailbox what is told at once, and what later; an open is told of a mail with HTML.
_USUAL = (("processed", "delivered"), ("open",))
_STORIES: Mapping[str, Sequence[Sequence[str]]] = {
    "bounce": (("processed",), ("bounce",)),
    "complaint": (("processed", "delivered"), ("spamreport",)),
    "ooto": (("processed", "delivered"),),
    "unsubscribe": (("processed", "delivered"), ("unsubscribe",)),
    "temp": (("processed", "deferred"), ("delivered", "open")),
    "early": (("delivered",), ("processed",)),
}
_DETAILS: Mapping[str, Mapping[str, str]] = {
    "delivered": {"response": "250 2.0.0 OK"},
    "deferred": {"response": "451 4.2.1 Mailbox busy, try again later", "attempt": "1"},
    "bounce": {
        "type": "bounce",
        "status": "5.1.1",
        "reason": "550 5.1.1 No such mailbox here",
    },
    "open": {"useragent": "Mozilla/5.0", "ip": "192.0.2.7"},
}


class EventWriter:
    """Event arrays as SendGrid posts them: they end in a line break that is signed as well."""

    def __init__(self, signer: EventSigner) -> None:
        self._signer = signer

    def body(self, told: Sequence[Told]) -> bytes:
        """A JSON array and CR LF."""
        events = [event.content for event in told]
        return json.dumps(events, ensure_ascii=False, separators=(",", ":")).encode() + b"\r\n"

    def headers(self, body: bytes, signing: Signing) -> Mapping[str, str]:
        """With a timestamp and signature of their own for each attempt."""
        return {
            "Content-Type": "application/json",
            "User-Agent": "SendGrid Event API",
            **self._signer.headers(body, signing),
        }


def story(
    mail: Mail, message_id: str, behaviour: Behaviour, pace: Pace, placed: datetime
) -> list[Moment]:
    """The events of one message, with the moments at which they come about. Each keeps its
    `sg_event_id` however often it is posted."""
    moments: list[Moment] = []
    seconds = pace.ring_seconds
    mailbox = scenario(mail.to)
    for words in _words(mailbox, behaviour.outcome):
        at = placed + timedelta(seconds=seconds)
        seen = [word for word in words if word != "open" or (mail.html and behaviour.reads)]
        told = [_told(mail, message_id, word, at) for word in seen]
        if mailbox == "twice":
            told = [event for event in told for _ in range(2)]
        if told:
            moments.append(Moment(seconds, told))
        seconds += pace.talk_seconds
    return moments


def _words(mailbox: str, outcome: str) -> Sequence[Sequence[str]]:
    """A fault may want another end than the mailbox has."""
    if outcome == "sent":
        return (("processed",),)
    return _STORIES.get(mailbox if outcome == "delivered" else "bounce", _USUAL)


def _told(mail: Mail, message_id: str, word: str, at: datetime) -> Told:
    number = secrets.token_hex(4).upper()
    reserved: dict[str, Any] = {
        "email": mail.to,
        "timestamp": int(at.timestamp()),
        "smtp-id": f"<{message_id}@sandbox.invalid>",
        "event": word,
        "sg_event_id": secrets.token_urlsafe(16),
        "sg_message_id": f"{message_id}.filter0001.{number}.0",
        **_DETAILS.get(word, {}),
    }
    if mail.categories:
        reserved["category"] = list(mail.categories)
    return Told(message_id, word, {**mail.custom_args, **reserved})
