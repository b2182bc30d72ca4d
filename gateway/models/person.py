"""Who one person is, over all rows about them, and locking those rows while they are erased."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from peewee import JOIN

from gateway.models.attempts import TABLES as ATTEMPTS
from gateway.models.attempts import AnyAttempt
from gateway.models.base import Row, dialect, lock
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification

MOST_AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True)
class Person:
    """A person's rows. `contacts` are all rows that are the person, `sharing` those of others with
    one of the same addresses. `notifications` are for the person, `attempts` went to the person or
    came from them; `told_others` are notifications for somebody else about the person's bookings.
    """

    organization_id: str
    mode: str
    contacts: tuple[Contact, ...] = field(repr=False)
    sharing: tuple[Contact, ...] = field(repr=False)
    bookings: tuple[str, ...]
    notifications: tuple[str, ...]
    told_others: tuple[str, ...]
    attempts: tuple[str, ...]
    hashes: tuple[str, ...]  # the keyed hashes of all addresses of the person

    @property
    def contact_ids(self) -> list[str]:
        """The ids of the person's own rows."""
        return [row.id for row in self.contacts]

    @property
    def addresses(self) -> list[str]:
        """All addresses of the person."""
        known = {address for row in self.contacts for address in (row.phone, row.email)}
        return sorted(filter(None, known))

    @property
    def calls(self) -> list[str]:
        """The calls among the attempts."""
        return [id_ for id_ in self.attempts if id_.startswith("cl_")]

    @property
    def messages(self) -> list[str]:
        """The messages among the attempts."""
        return [id_ for id_ in self.attempts if id_.startswith("ml_")]


def same(named: Contact) -> tuple[Contact, ...]:
    """All rows that are the same person as this one, itself first: those of its role that share one
    of its addresses and bear no external id. With an external id of its own a row is somebody by
    themselves, whatever the address: a family has one telephone."""
    alike = Contact.external_id.is_null() & _shares(_hashes([named]))
    rows = _of_role(named).where(alike, Contact.id != named.id).order_by(Contact.id)
    return (named, *rows)


def of(named: Contact, hashes: Iterable[str] = ()) -> Person:
    """Everything about the person whom a contact stands for. One whose row is blank is known by the
    links between rows, and by the `hashes` of former addresses."""
    return _of((named,) if named.erased_at is not None else same(named), hashes)


def only(named: Contact) -> Person:
    """The same, as if this row alone were the person."""
    return _of((named,))


def _of(rows: tuple[Contact, ...], hashes: Iterable[str] = ()) -> Person:
    named = rows[0]
    ids, known = [row.id for row in rows], sorted(_hashes(rows) | set(hashes))
    others = _sharing(named, ids, known)
    notifications = _ids(Notification, Notification.contact, ids)
    bookings = _ids(Booking, Booking.contact, ids)
    about = _ids(Notification, Notification.booking, bookings)
    return Person(
        organization_id=named.organization_id,
        mode=named.mode,
        contacts=rows,
        sharing=others,
        bookings=tuple(bookings),
        notifications=tuple(notifications),
        told_others=tuple(sorted(set(about) - set(notifications))),
        attempts=tuple(_attempts(named, known, others, notifications, bookings)),
        hashes=tuple(known),
    )


def former_hashes(contact_id: str) -> list[str]:
    """The keyed hashes of the addresses by which it was tried to reach a contact."""
    mine = Notification.select(Notification.id).where(Notification.contact == contact_id)
    return sorted(
        {
            row.to_hash
            for table in ATTEMPTS
            for row in table.select(table.to_hash).where(table.notification.in_(mine)).distinct()
        }
    )


def held(
    named: Contact,
    subjects: Sequence[Any] = (),
    hashes: Sequence[str] = (),
    turn: Callable[[Person], object] = lambda _: None,
) -> Person | None:
    """The same with everything locked until the transaction ends, in the order in which everybody
    locks: bookings, whatever `turn` waits for, the other `subjects` (tables with a contact),
    people, calls and messages. None when somebody writes about the person at this moment: then undo
    the transaction, wait for them, and begin anew. People are not waited for here, since whoever
    writes about one may wait for what is locked by then."""
    tables = (Booking, *subjects)
    seen = of(named, hashes)
    before = {table: _ids(table, table.contact, seen.contact_ids) for table in tables}
    hold(Booking, before[Booking])
    turn(seen)
    for table in subjects:
        hold(table, before[table])
    if not _hold_people(seen.contact_ids):
        return None
    now = of(Contact.get_by_id(named.id), hashes)
    after = {table: _ids(table, table.contact, now.contact_ids) for table in tables}
    if after != before or now.contact_ids != seen.contact_ids:
        return None
    for table in ATTEMPTS:
        hold(table, [id_ for id_ in now.attempts if table is table_of(id_)])
    return of(now.contacts[0], hashes)


def hold(table: type[Row], ids: Iterable[str]) -> None:
    """Lock these rows, in the order of their ids."""
    column: Any = getattr(table, "id")  # noqa: B009 - not of every row, as its type has it
    for some in chunks(sorted(ids)):
        lock(table.select(column).where(column.in_(some)).order_by(column)).execute()


def hold_attempts(notification_ids: Sequence[str]) -> None:
    """Lock the calls and messages of these notifications."""
    for table in ATTEMPTS:
        hold(table, _ids(table, table.notification, notification_ids))


def chunks(ids: Sequence[str]) -> Iterator[list[str]]:
    """The ids in parts that one statement can take."""
    for start in range(0, len(ids), MOST_AT_ONCE):
        yield list(ids[start : start + MOST_AT_ONCE])


def table_of(attempt_id: str) -> type[Any]:
    """The table of an attempt."""
    calls, messages = ATTEMPTS
    return messages if attempt_id.startswith("ml_") else calls


def _hold_people(ids: Sequence[str]) -> bool:
    """Have nobody write a row that refers to these people until the transaction ends; False when
    somebody is at it."""
    if dialect() == "sqlite":
        return True
    rows: Any = Contact.select(Contact.id).where(Contact.id.in_(list(ids)))
    free = rows.order_by(Contact.id).for_update("FOR UPDATE", skip_locked=True)
    return len(list(free)) == len(ids)


def wait_for(contact_id: str) -> None:
    """Wait until nobody writes about a person. Call it in a transaction that has locked nothing."""
    if dialect() != "sqlite":
        row: Any = Contact.select(Contact.id).where(Contact.id == contact_id)
        list(row.for_update("FOR UPDATE"))


def _hashes(rows: Iterable[Contact]) -> set[str]:
    known = {hashed for row in rows for hashed in (row.phone_hash, row.email_hash)}
    return set(filter(None, known))


def _shares(hashes: Iterable[str]) -> Any:
    known = list(hashes)
    return Contact.phone_hash.in_(known) | Contact.email_hash.in_(known)


def _sharing(named: Contact, ids: Sequence[str], hashes: Iterable[str]) -> tuple[Contact, ...]:
    """Others with one of these addresses, of the other role among them."""
    mine = (Contact.organization == named.organization_id, Contact.mode == named.mode)
    others = Contact.select().where(*mine, _shares(hashes), Contact.id.not_in(list(ids)))
    return tuple(others.order_by(Contact.id))


def _of_role(named: Contact) -> Any:
    return Contact.select().where(
        Contact.organization == named.organization_id,
        Contact.mode == named.mode,
        Contact.role == named.role,
        Contact.erased_at.is_null(),
    )


def _ids(table: Any, column: Any, among: Sequence[str]) -> list[str]:
    found: list[str] = []
    for some in chunks(among):
        found += [row.id for row in table.select(table.id).where(column.in_(some))]
    return sorted(found)


def _attempts(
    named: Contact,
    hashes: Sequence[str],
    others: Sequence[Contact],
    notifications: Sequence[str],
    bookings: Sequence[str],
) -> Iterator[str]:
    """By their notification; by the address, where they are not for somebody else who has the same
    one; and by the booking, where they belong to no notification."""
    theirs = {row.id for row in others}
    for table in ATTEMPTS:
        found = set(_ids(table, table.notification, notifications))
        found |= {
            row.id
            for row in _to(table, named, hashes)
            if row.whose not in theirs
            and (row.whose is not None or row.booking_id is None or row.booking_id in bookings)
        }
        loose = table.notification.is_null()
        for some in chunks(bookings):
            mine = table.select(table.id).where(table.booking.in_(some), loose)
            found |= {row.id for row in mine}
        yield from sorted(found)


def _to(table: type[AnyAttempt], named: Contact, hashes: Sequence[str]) -> Iterable[Any]:
    if not hashes:
        return ()
    query = table.select(
        table.id, table.booking.alias("booking_id"), Notification.contact.alias("whose")
    ).join(Notification, JOIN.LEFT_OUTER, on=table.notification)
    mine = (table.organization == named.organization_id, table.mode == named.mode)
    found: Iterable[Any] = query.where(table.to_hash.in_(list(hashes)), *mine).namedtuples()
    return found
