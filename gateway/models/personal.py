"""What the tables keep about people, and taking it out of them. The keys by which news is told from
old news stay, and the keyed hashes by which a STOP is found."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from gateway.domain.lifecycle import CallState, MessageState, is_final
from gateway.models.attempts import TABLES as ATTEMPTS
from gateway.models.base import atomic, db, dialect
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.dead_letter import DISCARDED, EVENT, NOTIFICATION, DeadLetter
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.person import Person, chunks, only, table_of
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment

OVER = tuple(state for kind in (CallState, MessageState) for state in kind if is_final(state))
# What a rule keeps of its wording: where its words come from, not the words.
_WORDS = ("say", "text", "subject", "variables")
OUR_SOURCES = ("message", "key press", "carrier", "one-click")
THE_CLIENT = "client"
NOTHING_LEFT: Mapping[str, Any] = {
    "external_id": None, "name": None, "phone": None, "phone_hash": None, "email": None,
    "email_hash": None, "locale": "en", "time_zone": None,
}  # fmt: skip


@dataclass(frozen=True)
class Holding:
    """A further table that keeps something about people: which rows of it are about a person, and
    what is left in their columns; with `left` None the rows go. `locked` tables are those that are
    locked before people are, as whoever changes one does. `open` finds the rows of a contact that
    are not over, or were not at a moment."""

    name: str
    table: Any
    rows: Callable[[Person], Any]
    left: Mapping[str, Any] | None
    locked: bool = False
    open: Callable[[Any, datetime], Any] | None = None


def by_contact(
    table: Any,
    name: str,
    left: Mapping[str, Any] | None,
    busy: Callable[[datetime], Any] | None = None,
) -> Holding:
    """A table whose rows name the person as `contact`, and which is changed row by row. `busy` is
    the condition under which one was not over at a moment, or is not now."""

    def open_(contact_id: Any, since: datetime) -> Any:
        assert busy is not None
        return table.select(SQL("1")).where(table.contact == contact_id, busy(since))

    def mine(person: Person) -> Any:
        return table.contact.in_(person.contact_ids)

    return Holding(name, table, mine, left, locked=True, open=open_ if busy else None)


def erase(person: Person, now: datetime, further: Sequence[Holding]) -> None:
    """Take everything personal out of all rows about a person. An attempt of which nobody knows yet
    whether it left keeps the address by which it can be found; once it is over, call this again.
    Call it with the rows locked."""
    erase_attempts(person, now)
    clean_notifications((*person.notifications, *person.told_others), now)
    clean_bookings(person.bookings, now, service=True)
    _close_letters(person, now)
    _hide_sources(person)
    leave(person, further)
    clean_contacts(person.contact_ids, now)


def erase_attempts(person: Person, now: datetime) -> None:
    """The same of calls, messages, transcripts and what carriers sent about them, alone."""
    forget_transcripts([*person.calls, *_attempts_of(CallLog, person.told_others)])
    clean_attempts(person.attempts, now)
    _unsay(person.told_others)
    forget_bodies(person.attempts)


def fade(contact: Contact, now: datetime, further: Sequence[Holding]) -> None:
    """Take out everything personal of somebody of whom nothing was heard for long, but for what was
    sent to them, which has a time of its own."""
    person = only(contact)
    clean_notifications((*person.notifications, *person.told_others), now)
    clean_bookings(person.bookings, now, service=True)
    leave(person, further)
    clean_contacts(person.contact_ids, now)


def leave(person: Person, further: Iterable[Holding]) -> None:
    """Take what is personal out of the further tables."""
    for holding in further:
        mine = holding.rows(person)
        if holding.left is None:
            holding.table.delete().where(mine).execute()
        elif holding.left:
            holding.table.update(**holding.left).where(mine).execute()


def clean_contacts(ids: Sequence[str], now: datetime) -> None:
    """Blank these people."""
    for some in chunks(ids):
        gone = Contact.update(**NOTHING_LEFT, updated_at=now, erased_at=now)
        gone.where(Contact.id.in_(some), Contact.erased_at.is_null()).execute()


def clean_bookings(ids: Sequence[str], now: datetime, *, service: bool) -> None:
    """What the client gave along goes; of the rules those for staff stay, without their words, and
    the rules for a person who is gone don't. With `service` also what was booked."""
    for some in chunks(ids):
        for row in Booking.select(Booking.id, Booking.reminders).where(Booking.id.in_(some)):
            rules = [_wordless(rule) for rule in row.reminders if rule.get("to") == "staff"]
            gone: dict[str, Any] = {"service": None} if service else {}
            Booking.update(metadata={}, reminders=rules, erased_at=now, **gone).where(
                Booking.id == row.id
            ).execute()


def clean_notifications(ids: Sequence[str], now: datetime) -> None:
    """What a notification would say, and what the client gave along."""
    for some in chunks(ids):
        for row in Notification.select().where(Notification.id.in_(some)):
            Notification.update(wording=_wordless(row.wording), metadata={}, erased_at=now).where(
                Notification.id == row.id
            ).execute()


def clean_attempts(ids: Sequence[str], now: datetime) -> None:
    """Addresses and words of calls and messages. The address stays where nobody knows yet whether
    the attempt left: it is looked for by it."""
    for table in ATTEMPTS:
        mine = [id_ for id_ in ids if table_of(id_) is table]
        own = {"digits": None} if table is CallLog else {"subject": None}
        for some in chunks(mine):
            which = table.id.in_(some)
            since = fn.COALESCE(table.erased_at, table.erased_at.to_value(now))
            table.update(text=None, erased_at=since, **own).where(which).execute()
            known = table.external_id.is_null(False) | table.state.in_(OVER)
            table.update(to_address="").where(which, known, table.direction != "inbound").execute()
            table.update(from_address="").where(which, table.direction == "inbound").execute()


def forget_transcripts(call_ids: Sequence[str]) -> None:
    """What was said in these calls, with its index."""
    for some in chunks(call_ids):
        rows = Transcript.select(Transcript.id).where(Transcript.call.in_(some))
        TranscriptSegment.delete().where(TranscriptSegment.transcript.in_(rows)).execute()
        Transcript.delete().where(Transcript.call.in_(some)).execute()


def purge_index() -> None:
    """SQLite's index keeps the words of deleted rows until its parts are merged."""
    if dialect() == "sqlite":
        with atomic():
            db.execute_sql("INSERT INTO transcript_search(transcript_search) VALUES ('optimize')")


def forget_bodies(attempt_ids: Sequence[str]) -> None:
    """What carriers sent about these calls and messages and was applied; of what comes later
    nothing is kept when it is applied."""
    gone = ProviderEvent.update(body=None, query="")
    for some in chunks(attempt_ids):
        told = ProviderEvent.call.in_(some) | ProviderEvent.message.in_(some)
        gone.where(told, ProviderEvent.next_attempt_at.is_null()).execute()


def unsettled(person: Person) -> bool:
    """Whether an attempt to reach the person is not over yet, or still looked up."""
    for table in ATTEMPTS:
        mine = [id_ for id_ in person.attempts if table_of(id_) is table]
        for some in chunks(mine):
            running = table.state.not_in(OVER) | table.lookup_at.is_null(False)
            running &= table.lookup_at.is_null(False) | table.external_id.is_null()
            if table.select(table.id).where(table.id.in_(some), running).exists():
                return True
    return False


def _wordless(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in _WORDS}


def _attempts_of(table: Any, notifications: Sequence[str]) -> list[str]:
    return [
        row.id
        for some in chunks(list(notifications))
        for row in table.select(table.id).where(table.notification.in_(some))
    ]


def _unsay(notifications: Sequence[str]) -> None:
    """What others were told about the person."""
    for some in chunks(notifications):
        CallLog.update(text=None).where(CallLog.notification.in_(some)).execute()
        silent = MessageLog.update(text=None, subject=None)
        silent.where(MessageLog.notification.in_(some)).execute()


def _close_letters(person: Person, now: datetime) -> None:
    """What failed for good is not sent again, and its history goes."""
    told = ProviderEvent.select(ProviderEvent.id)
    events = [
        row.id
        for some in chunks(person.attempts)
        for row in told.where(ProviderEvent.call.in_(some) | ProviderEvent.message.in_(some))
    ]
    for object_, ids in ((NOTIFICATION, person.notifications), (EVENT, events)):
        for some in chunks(ids):
            mine = (DeadLetter.object == object_, DeadLetter.object_id.in_(some))
            open_ = DeadLetter.update(resolved_at=now, resolution=DISCARDED)
            open_.where(*mine, DeadLetter.resolved_at.is_null()).execute()
            DeadLetter.update(history=[]).where(*mine).execute()


def _hide_sources(person: Person) -> None:
    """Statements stay, by the keyed hash of the address; where the client knows one from may be
    told in words of any kind."""
    Consent.update(source=THE_CLIENT).where(
        Consent.address_hash.in_(list(person.hashes)),
        Consent.organization == person.organization_id,
        Consent.mode == person.mode,
        Consent.source.not_in(OUR_SOURCES),
    ).execute()
