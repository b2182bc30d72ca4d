"""What went back and forth between one person and one of our senders."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from peewee import fn

from gateway.models.attempt import Attempt
from gateway.models.attempts import TABLES
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.offer import OFFER
from gateway.models.sender import Sender

INBOUND, OUTBOUND = "inbound", "outbound"


@dataclass(frozen=True)
class Thread:
    """One person and one address of ours at a carrier, on one channel. `person` is the keyed hash
    of the person's address."""

    provider: str
    account: str
    channel: str
    ours: str = field(repr=False)
    person: str


@dataclass(frozen=True)
class Party:
    """An organization that reached a person, in a mode and on a channel."""

    organization_id: str
    mode: str
    channel: str


def sender_of(thread: Thread) -> Sender | None:
    """The sender's row, if it was ever used or is an organization's own."""
    found: Sender | None = Sender.get_or_none(
        Sender.channel == thread.channel,
        Sender.provider == thread.provider,
        Sender.account == thread.account,
        Sender.address == thread.ours,
    )
    return found


def parties(thread: Thread) -> list[Party]:
    """Everybody who wrote to the person on this thread, each once. Where nobody did, everybody who
    called from the same number."""
    wrote = MessageLog.select(MessageLog.organization, MessageLog.mode, MessageLog.channel)
    rows = wrote.where(MessageLog.channel == thread.channel, *_sent(MessageLog, thread)).distinct()
    found = [Party(row.organization_id, row.mode, row.channel) for row in rows]
    if found:
        return found
    called = CallLog.select(CallLog.organization, CallLog.mode).where(*_sent(CallLog, thread))
    return [Party(row.organization_id, row.mode, "voice") for row in called.distinct()]


def newest(thread: Thread, party: Party | None = None, *, booked: bool = False) -> Attempt | None:
    """The last message that went to the person on this thread, or call that came from the same
    number: of anybody or of one organization in its mode; with `booked`, about an appointment
    or an offer of one."""
    found = [row for table in TABLES for row in _last(table, thread, party, booked)]
    return max(found, key=lambda row: (row.created_at, row.id), default=None)


def _last(
    table: type[CallLog] | type[MessageLog], thread: Thread, party: Party | None, booked: bool
) -> Iterable[Attempt]:
    query = table.select().where(*_sent(table, thread))
    if issubclass(table, MessageLog):
        query = query.where(table.channel == thread.channel)
    if party is not None:
        mine = table.organization == party.organization_id
        query = query.where(mine, table.mode == party.mode)
    if booked:
        offered = Notification.select(Notification.id).where(
            Notification.id == table.notification, Notification.subject_type == OFFER
        )
        query = query.where(table.booking.is_null(False) | fn.EXISTS(offered))
    return list(query.order_by(table.created_at.desc(), table.id.desc()).limit(1))


def came_in(person: str, since: datetime, until: datetime) -> int:
    """How many messages came from this address since then, the one at `until` among them."""
    came = MessageLog.select().where(
        MessageLog.to_hash == person,
        MessageLog.direction == INBOUND,
        MessageLog.created_at > since,
        MessageLog.created_at <= until,
    )
    return int(came.count())


def is_ours(channel: str, address: str) -> bool:
    """Whether an address is one of the senders: then it is we who write to ourselves."""
    same = Sender.select(Sender.id).where(Sender.channel == channel, Sender.address == address)
    return bool(same.exists())


def person_of(party: Party, address_hash: str) -> Contact | None:
    """Who of an organization's people has this address: customers before staff, and whoever was
    known with it last."""
    column = Contact.email_hash if party.channel == "email" else Contact.phone_hash
    mine = (Contact.organization == party.organization_id, Contact.mode == party.mode)
    found = Contact.select().where(column == address_hash, *mine)
    return next(iter(found.order_by(Contact.role, Contact.updated_at.desc()).limit(1)), None)


def _sent(table: type[CallLog] | type[MessageLog], thread: Thread) -> Iterator[object]:
    yield table.to_hash == thread.person
    yield table.direction == OUTBOUND
    yield table.provider == thread.provider
    yield table.account == thread.account
    yield table.from_address == thread.ours
