"""Erasing a person: nothing more leaves for them, and nothing personal about them is left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NotFound, StillRunning
from gateway.domain.outcomes import Reason
from gateway.models import person as persons
from gateway.models import personal, stray, waitlist_line, withdrawal
from gateway.models.base import atomic
from gateway.models.contact import Contact
from gateway.models.erasure import Erasure
from gateway.models.feed import FeedEntry, entry
from gateway.models.holdings import HOLDINGS, SUBJECTS
from gateway.models.person import Person
from gateway.models.records import AuditEntry
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import invoices, jobs, leaving, preferences, stopping, waitlist
from gateway.usecases.accounts import Caller

log = structlog.get_logger(__name__)

JOB = "erasure.finish"
TRIES = 10
# When it is looked whether what was at a provider is over: look-ups end after 72 hours.
AGAIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Erased:
    """Who was erased. `contacts` are all rows that were the person; `sharing` those of somebody
    else with the same address, which stay. `settled`: nothing can leave any more, nor is anything
    at a provider. `calls` are those to ask the carrier about after the commit."""

    contact_id: str
    contacts: list[str]
    sharing: list[str]
    settled: bool
    at: datetime
    calls: list[str] = field(default_factory=list)


def _preferences(one: Contact, now: datetime) -> Sequence[str]:
    """What is left of a customer is computed: others may be the same one by their address."""
    preferences.changed([one], now)
    return ()


class _Moved(Exception):
    """Something came while the person's rows were being locked."""


# What ends when a person is erased, by whoever keeps it: one line each, called for each contact
# that is the person, with its rows locked, before anything is taken out of them. It gives back the
# calls to ask the carrier about.
ENDINGS: tuple[Callable[[Contact, datetime], Sequence[str]], ...] = (
    lambda one, now: waitlist.forget(one.organization_id, one.mode, one.id, now),
    lambda one, now: leaving.gone(one, Reason.ERASED, now),
    lambda one, now: invoices.forget(one.id, now),
    _preferences,
)


def erase(caller: Caller, contact_id: str, now: datetime, request_id: str | None = None) -> Erased:
    """Erase the person whom a contact stands for, in one transaction. What waits is withdrawn; what
    is at a provider is asked to end; statements stay by keyed hash, so that a STOP outlives the
    person. Erasing twice is the same as once. Raises NotFound, StillRunning when there came
    something new about the person each time it was tried."""
    for _ in range(TRIES):
        try:
            with atomic():
                done = _erase(caller, contact_id, now, request_id)
        except _Moved:
            with atomic():
                persons.wait_for(contact_id)
            continue
        personal.purge_index()
        return done
    raise StillRunning("something about this person is being written")


def _erase(caller: Caller, contact_id: str, now: datetime, request_id: str | None) -> Erased:
    named = _named(caller, contact_id)
    if Erasure.of_person(named.id):
        return _again(named)
    # A row that is blank by its age may have left more behind than the row.
    hashes = persons.former_hashes(named.id) if named.erased_at is not None else ()
    person = persons.held(named, SUBJECTS, hashes, _take_turn)
    if person is None or Erasure.of_person(named.id):
        raise _Moved
    ended = [call for row in person.contacts for end in ENDINGS for call in end(row, now)]
    settled, calls = _withdraw(person, now)
    # Whatever was at the gate has its attempt by now.
    person = persons.of(person.contacts[0], hashes)
    _forget(person, now)
    Erasure.note(
        caller.organization_id, caller.mode, named.id, person.contact_ids, now, caller.key_id,
        request_id,
    )  # fmt: skip
    _tell(caller, person, now, request_id)
    jobs.plan(JOB, named.id, now + AGAIN, now, caller.organization_id, caller.mode)
    log.info("person erased", contact_ids=person.contact_ids)
    sharing = [row.id for row in person.sharing if row.role == named.role]
    return Erased(named.id, person.contact_ids, sharing, settled, now, [*ended, *calls])


def _take_turn(person: Person) -> None:
    """Wait for whoever changes the waitlist; where the person is not on it, it is not touched."""
    if any(WaitlistEntry.open_of(id_) for id_ in person.contact_ids):
        waitlist_line.take_turn(person.organization_id, person.mode)


def _named(caller: Caller, contact_id: str) -> Contact:
    found: Contact | None = Contact.get_or_none(
        Contact.id == contact_id,
        Contact.organization == caller.organization_id,
        Contact.mode == caller.mode,
    )
    if found is None:
        raise NotFound
    return found


def _again(named: Contact) -> Erased:
    rows = Erasure.of_person(named.id)
    contacts = [row.contact_id for row in rows]
    settled = all(row.finished_at for row in withdrawal.under_way_to(contacts))
    return Erased(named.id, contacts, [], settled, rows[0].at)


def _withdraw(person: Person, now: datetime) -> tuple[bool, list[str]]:
    """Take back what waits, and have ended what has left. Call it with the person's calls and
    messages locked: whoever brings news of one locks it before its notification."""
    withdrawal.cancel_pending_to(person.contact_ids, now, Reason.ERASED)
    away = withdrawal.under_way_to(person.contact_ids)
    persons.hold_attempts([row.id for row in away])
    calls = stopping.stop(away, now)
    return all(row.finished_at for row in away), calls


def _forget(person: Person, now: datetime) -> None:
    ids = [*person.contact_ids, *person.bookings, *person.notifications]
    stray.forget_answers(person.organization_id, person.mode, ids, person.addresses)
    stray.forget_events(person.addresses, now)
    personal.erase(person, now, HOLDINGS)


def _tell(caller: Caller, person: Person, now: datetime, request_id: str | None) -> None:
    who = (person.organization_id, person.mode, now)
    FeedEntry.append([entry(*who, "contact", id_, "erased") for id_ in person.contact_ids])
    AuditEntry.create(
        organization=caller.organization_id, at=now, key=caller.key_id, person=caller.person,
        action="erase-contact", objects=person.contact_ids, request_id=request_id,
    )  # fmt: skip


def finish(contact_id: str, now: datetime) -> None:
    """The job: once what was at a provider is over, take out of it what had to stay until then, and
    what came in the meantime; until then, look again."""
    named: Contact | None = Contact.get_or_none(Contact.id == contact_id)
    if named is None or named.erased_at is None:
        return
    rows = Erasure.of_person(contact_id)
    open_ = False
    for row in rows:
        with atomic():
            person = persons.held(Contact.get_by_id(row.contact_id))
            if person is None:
                open_ = True
                continue
            open_ = open_ or personal.unsettled(person)
            personal.erase_attempts(person, now)
    personal.purge_index()
    if open_:
        jobs.plan(JOB, contact_id, now + AGAIN, now, named.organization_id, named.mode)
