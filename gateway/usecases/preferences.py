"""What each customer usually books: computed in the background after each change of a booking,
always from all bookings of that customer, so that it comes out the same whenever it is computed."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain import preferences
from gateway.domain.preferences import FACETS, Visit
from gateway.models import preference
from gateway.models.base import atomic
from gateway.models.contact import Contact
from gateway.models.many import Statement
from gateway.models.preference import Preference, customer_of
from gateway.usecases import jobs

JOB = "contact.preferences"


@dataclass(frozen=True)
class Usual:
    """What a customer usually books: how many bookings were counted, and by facet (service, staff,
    weekday, hour) the values chosen with their counts, the favourite first. `names` are those of
    the staff members' contacts, by id."""

    bookings: int
    counts: Mapping[str, list[dict[str, Any]]]
    staff: Mapping[str, Contact]


def changed(people: Iterable[Contact], now: datetime) -> None:
    """Have the preferences of these people be computed anew: a booking of theirs was made, changed
    or canceled. Call it in the transaction of the change."""
    whose = {(one.organization_id, one.mode, customer_of(one)) for one in people}
    for organization_id, mode, customer in sorted(whose):
        key = "|".join((organization_id, mode, customer))
        jobs.plan(JOB, key, now, now, organization_id, mode)


def of_booked(person: Contact, now: datetime) -> Statement:
    """The same of one person, as a statement to be sent at once and with others."""
    whose = (person.organization_id, person.mode)
    return jobs.planning(JOB, "|".join((*whose, customer_of(person))), now, now, *whose)


def merged(before: Contact, after: Contact, now: datetime) -> None:
    """A contact's addresses changed: that may make it another customer, whose bookings count with
    other ones. Call it in the transaction of the change."""
    if after.role == "contact" and customer_of(before) != customer_of(after):
        changed([before, after], now)


def compute(key: str, now: datetime) -> None:
    """The job: count all bookings of one customer, and keep that."""
    organization_id, mode, customer = key.split("|")
    with atomic():
        _compute(organization_id, mode, customer)


def _compute(organization_id: str, mode: str, customer: str) -> None:
    Preference.take_turn(organization_id, mode, customer)
    people = preference.members(organization_id, mode, customer)
    visits = [
        Visit(row.starts_at, row.time_zone, row.service, row.staff_id)
        for row in preference.chosen(people, preferences.COUNTED)
    ]
    counted = preferences.counts(visits)
    Preference.write(organization_id, mode, customer, len(visits), counted)


def recompute(organization_id: str, mode: str) -> int:
    """Compute the preferences of everybody in an organization and mode from its bookings, which
    gives the rows that are there. Returns of how many customers."""
    found = {customer_of(one) for one in preference.customers(organization_id, mode)}
    for customer in sorted(found | Preference.known(organization_id, mode)):
        with atomic():
            _compute(organization_id, mode, customer)
    return len(found)


def forget(contact: Contact) -> bool:
    """Forget what was counted of a customer who is erased. Call it in that transaction, while the
    contact still has its addresses; False when nothing was known."""
    return Preference.remove(contact.organization_id, contact.mode, customer_of(contact))


def usual(person: Contact) -> Usual:
    """What a contact usually books."""
    kept = Preference.of(person.organization_id, person.mode, [customer_of(person)])
    if not kept:
        return Usual(0, {facet: [] for facet in FACETS}, {})
    counts = kept[0].counts
    return Usual(
        kept[0].bookings, counts, preference.people([one["value"] for one in counts["staff"]])
    )


def score(
    contact: Contact,
    service: Mapping[str, Any] | None,
    staff: str | None,
    starts_at: datetime,
    time_zone: str | None = None,
) -> int:
    """How well an appointment fits what a customer usually books, 0 (nothing known, or nothing
    alike) to 4,000. As for `scores`."""
    return scores([contact], service, staff, starts_at, time_zone)[contact.id]


def scores(
    people: Collection[Contact],
    service: Mapping[str, Any] | None,
    staff: str | None,
    starts_at: datetime,
    time_zone: str | None = None,
) -> dict[str, int]:
    """The same of several people of one organization and mode, by contact id, in two queries:
    `service` as booked ({"id", "name"}), `staff` the id of the staff member's contact, `starts_at`
    aware, read in `time_zone`, the organization's where none is given."""
    if not people:
        return {}
    first = next(iter(people))
    slot = Visit(starts_at, time_zone or first.organization.time_zone, service, staff)
    customers = {one.id: customer_of(one) for one in people}
    rows = Preference.of(first.organization_id, first.mode, set(customers.values()))
    known = {row.customer: preferences.score(row.counts, row.bookings, slot) for row in rows}
    return {contact_id: known.get(customer, 0) for contact_id, customer in customers.items()}
