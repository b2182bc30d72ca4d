"""What an attempt is made of: its row, and the request to the carrier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway import settings
from gateway.domain.provider import CallRequest, MessageRequest, Provider, Request
from gateway.domain.rendering import Rendered
from gateway.models.attempts import AnyAttempt, table_of
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import consents, facts
from gateway.usecases.breaker import Passage
from gateway.usecases.facts import Occasion


@dataclass(frozen=True)
class Ready:
    """A notification that may leave but for what it meets on its way, and what it says."""

    row: Notification
    about: Occasion
    provider: Provider
    sender: Sender
    content: Rendered
    digits: bool

    @property
    def passage(self) -> Passage:
        """The way through its carrier."""
        return Passage(self.provider, self.sender.account)


def attempt_of(ready: Ready, now: datetime) -> dict[str, Any]:
    """The columns of the attempt by which a notification leaves."""
    row, sender, content = ready.row, ready.sender, ready.content
    address, to_hash = facts.address_of(row.contact, row.channel)
    # Only a look-up could confuse two on one line; a carrier that has none needs no line.
    line = line_of(row, sender) if ready.provider.can_be_asked else None
    kind: dict[str, Any] = (
        {} if row.channel == "voice" else {"channel": row.channel, "subject": content.subject}
    )
    return {
        "organization": row.organization_id,
        "mode": row.mode,
        "notification": row.id,
        "booking": row.booking_id,
        "step": row.step,
        "attempt": row.tries + 1,
        "provider": sender.provider,
        "account": sender.account,
        "open_key": line,
        "from_address": sender.address,
        "to_address": address,
        "to_hash": to_hash,
        "text": content.text,
        "template": content.template,
        "template_version": content.version,
        "state": table_of(row.channel).BEGUN,
        "created_at": now,
        **kind,
    }


def request_of(ready: Ready, attempt: AnyAttempt) -> Request:
    """What the carrier is asked for."""
    row, content = ready.row, ready.content
    configured = settings.current()
    where: dict[str, Any] = {
        "attempt_id": attempt.id,
        "account": attempt.account,
        "to": attempt.to_address,
        "from_": attempt.from_address,
        "locale": content.locale or row.contact.locale,
        "callback_base_url": configured.public_url,
    }
    if row.channel == "voice":
        return CallRequest(
            **where, say=content.text, transcribe=configured.transcribe_calls, digits=ready.digits
        )
    unsubscribe = None
    if row.channel == "email":
        unsubscribe = consents.unsubscribe_url(attempt.id, configured.public_url)
    return MessageRequest(
        **where, channel=row.channel, content=content, unsubscribe_url=unsubscribe
    )


def line_of(row: Notification, sender: Sender) -> str:
    """The line on which one attempt at a time may be open."""
    _, to_hash = facts.address_of(row.contact, row.channel)
    kind = "" if row.channel in ("voice", "sms") else f"|{row.channel}"
    return f"{sender.provider}|{sender.account}|{sender.address}|{to_hash}{kind}"
