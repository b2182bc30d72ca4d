"""Who agreed to be reached and who said stop: what is added to the ledger, and by whom."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog

from gateway import settings
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Invalid, NotFound
from gateway.domain.lanes import KINDS
from gateway.models import conversations
from gateway.models.base import atomic
from gateway.models.consent import ALL, Consent
from gateway.models.contact import Contact
from gateway.models.conversations import Party, Thread
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import contacts, leaving, unwanted
from gateway.usecases.accounts import Caller
from gateway.usecases.facts import address_of

log = structlog.get_logger(__name__)

# What a statement can be about: everything, or one kind of what people get.
PURPOSES = (ALL, *(kind for kind in KINDS if kind not in ("timer", "snapshot", "preference")))
# Where ours come from; clients name their own.
WORD, KEY_PRESS, CARRIER, ONE_CLICK = "message", "key press", "carrier", "one-click"
_TOKEN = re.compile(r"(ml_[0-9a-z]{26})\.([A-Za-z0-9_-]{22})", re.ASCII)
_MAC_BYTES = 16


def record(
    party: Party,
    address_hash: str,
    *,
    granted: bool,
    source: str,
    at: datetime,
    now: datetime,
    purpose: str = ALL,
    contact_id: str | None = None,
    event_id: str | None = None,
) -> Consent | None:
    """Append what a person said at `at`. None when it says nothing new: the same stood there
    already, or the same event said it before. Call it inside a transaction."""
    who = (party.organization_id, party.mode, party.channel)
    if event_id is not None and Consent.heard(*who, address_hash, event_id):
        return None
    last = Consent.latest(*who, address_hash)
    if last is not None and last.at <= at and (last.purpose, last.granted) == (purpose, granted):
        return None
    row = Consent.add(
        now, organization=party.organization_id, mode=party.mode, channel=party.channel,
        purpose=purpose, address_hash=address_hash, granted=granted, source=source[:40],
        contact_id=contact_id, event_id=event_id, at=at,
    )  # fmt: skip
    leaving.opted_out(*who, address_hash, now)
    unwanted.call_off(row, now)
    log.info("consent recorded", consent_id=row.id, channel=row.channel, granted=granted)
    return row


def withdrawn(party: Party, address_hash: str) -> bool:
    """Whether a person wants nothing at all any more on this channel."""
    return Consent.withdrawn(party.organization_id, party.mode, party.channel, ALL, address_hash)


def say(
    parties: Iterable[Party],
    person: str,
    *,
    granted: bool,
    source: str,
    at: datetime,
    now: datetime,
    event_id: str | None,
) -> int:
    """Record the same for every one of these organizations; for how many it was news."""
    told = 0
    for party in parties:
        known = conversations.person_of(party, person)
        said = record(
            party, person, granted=granted, source=source, at=at, now=now,
            contact_id=known.id if known else None, event_id=event_id,
        )  # fmt: skip
        told += said is not None
    return told


def refused_by_carrier(message: MessageLog, event_id: str | None, now: datetime) -> None:
    """The carrier says that a person wants no more of this: a block at our sender (Twilio's 21610),
    a complaint, a link that it put into a mail itself. A block was there when the message was sent,
    whenever we hear of it, and stands between the person and everybody who writes through that
    sender. Safe to repeat."""
    own = Party(message.organization_id, message.mode, message.channel)
    blocked = message.channel != "email"
    parties = [own]
    if blocked:
        thread = Thread(
            message.provider, message.account, message.channel, message.from_address,
            message.to_hash,
        )  # fmt: skip
        parties = conversations.parties(thread) or parties
    at = message.created_at if blocked else now
    with atomic():
        say(
            parties, message.to_hash, granted=False, source=CARRIER, at=at, now=now,
            event_id=event_id,
        )  # fmt: skip


def history(
    caller: Caller,
    contact_id: str,
    filters: dict[str, Any],
    limit: int,
    before: tuple[datetime, str] | None,
) -> list[Consent]:
    """What a contact said, under its present addresses, newest first. Filters: channel, purpose.
    Raises NotFound."""
    person = contacts.show(caller, contact_id)
    hashes = [found for found in (person.phone_hash, person.email_hash) if found]
    return Consent.history(caller.organization_id, caller.mode, hashes, filters, limit, before)


def state(
    caller: Caller,
    contact_id: str,
    channel: str,
    purpose: str,
    *,
    granted: bool,
    source: str,
    now: datetime,
) -> Consent:
    """Record what somebody told the client about a contact: always, even where it changes nothing.
    Raises NotFound, Invalid where the contact has no address for the channel."""
    person = contacts.show(caller, contact_id)
    _, hashed = address_of(person, channel)
    if not hashed:
        raise Invalid("is one on which the contact has no address", "channel")
    with atomic():
        row = Consent.add(
            now, organization=caller.organization_id, mode=caller.mode, channel=channel,
            purpose=purpose, address_hash=hashed, granted=granted, source=source,
            contact_id=person.id, at=now,
        )  # fmt: skip
        leaving.opted_out(caller.organization_id, caller.mode, channel, hashed, now)
        unwanted.call_off(row, now)
    return row


def opted_out(caller: Caller, person: Contact) -> Sequence[str]:
    """The channels on which a contact wants nothing at all."""
    found = []
    for channel in CHANNELS:
        _, hashed = address_of(person, channel)
        if hashed and withdrawn(Party(caller.organization_id, caller.mode, channel), hashed):
            found.append(channel)
    return found


def unsubscribe_url(attempt_id: str, public_url: str) -> str:
    """Where one click ends all e-mail of the organization that sent this one (RFC 8058). It works
    as long as the SECRET_KEY stays; whom it is for can't be read out of it."""
    return f"{public_url}/unsubscribe/{attempt_id}.{_mac(attempt_id)}"


def recipient(token: str) -> tuple[MessageLog, Contact | None]:
    """The e-mail that a token belongs to, and whom it went to. Raises NotFound for any other."""
    read = _TOKEN.fullmatch(token)
    if read is None or not hmac.compare_digest(read[2], _mac(read[1])):
        raise NotFound
    message = MessageLog.get_or_none(MessageLog.id == read[1], MessageLog.channel == "email")
    if message is None:
        raise NotFound
    row = Notification.get_or_none(Notification.id == message.notification_id)
    return message, row.contact if row is not None else None


def unsubscribe(token: str, now: datetime) -> tuple[MessageLog, Contact | None]:
    """End all e-mail to whom this one went, as recipient() does. Safe to repeat."""
    message, person = recipient(token)
    party = Party(message.organization_id, message.mode, "email")
    with atomic():
        record(
            party, message.to_hash, granted=False, source=ONE_CLICK, at=now, now=now,
            contact_id=person.id if person else None,
        )  # fmt: skip
    return message, person


def _mac(attempt_id: str) -> str:
    key = settings.current().derived_secret("unsubscribe")
    mac = hmac.digest(key, attempt_id.encode(), hashlib.sha256)[:_MAC_BYTES]
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
