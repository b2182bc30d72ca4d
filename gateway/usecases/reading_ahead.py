"""What the gate asks about notifications, read for many of them at once. Whoever decides about one
asks as ever, and finds it known; what was not read here is read when it is asked for."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.errors import NoProvider
from gateway.models import circumstances, contacted, listed
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.contacted import Person
from gateway.models.gathering import Gathering
from gateway.models.hold import Hold, provider_scope
from gateway.models.notification import Notification
from gateway.models.rate import Rate, rates_of
from gateway.models.sender import Sender, Wanted
from gateway.usecases import facts, passage, readiness, subjects, work
from gateway.usecases.facts import Occasion

Rows = Sequence[Notification]


def read(kept: Gathering, rows: Rows, now: datetime) -> dict[str, Occasion]:
    """Read what will be asked about these notifications, which are locked. The occasion of each by
    its id, without those whose person or booking is not there. Call it in the gate's
    transaction."""
    if not rows:
        return {}
    around = circumstances.around_each(rows)
    bookings = listed.by_id(Booking, {row.booking_id for row in rows if row.booking_id})
    kept.know("around", around)
    kept.know(Booking, bookings)
    there = [row for row in rows if row.id in around and row.booking_id in {None, *bookings}]
    about = {row.id: facts.occasion_of(row) for row in there}
    kept.know("occasion", about)
    for table, found in subjects.read_ahead(there).items():
        kept.know(table, found)
    _customers([row for row in there if row.booking_id], bookings)
    _lately(kept, [row for row in there if facts.is_counted(row, about[row.id].policy)], now)
    served = _senders(kept, there)
    _holds(kept, [row for row in there if around[row.id][1].any_hold], served)
    _rates(kept, [row for row in there if work.limited(row.purpose, around[row.id][1].any_rate)])
    return about


def _customers(rows: Rows, bookings: dict[str, Booking]) -> None:
    """The customers of whom others are told."""
    theirs = [bookings[str(row.booking_id)] for row in rows]
    told = [one for row, one in zip(rows, theirs, strict=True) if one.contact_id != row.contact_id]
    people = listed.by_id(Contact, {booking.contact_id for booking in told})
    for booking in told:
        booking.contact = people[booking.contact_id]


def _lately(kept: Gathering, rows: Rows, now: datetime) -> None:
    people = {facts.person_of(row) for row in rows}
    if not people:
        return
    contacted.take_turns(people)
    kept.know(Person, contacted.lately_each(people, now - facts.LONGEST_DAY))


def _senders(kept: Gathering, rows: Rows) -> dict[str, Sender]:
    """Who serves the channel of each notification, by its id."""
    wanted = {row.id: one for row in rows if (one := _wanted(row)) is not None}
    found = Sender.serving_each(set(wanted.values())) if wanted else {}
    kept.know(Sender, found)
    return {id_: sender for id_, one in wanted.items() if (sender := found[one]) is not None}


def _wanted(row: Notification) -> Wanted | None:
    try:
        return readiness.wanted(row)
    except NoProvider:
        return None


def _holds(kept: Gathering, rows: Rows, served: dict[str, Sender]) -> None:
    scopes = {scope for row in rows for scope in passage.switches(row)}
    ways = (served[row.id] for row in rows if row.id in served)
    scopes |= {provider_scope(way.provider, way.account) for way in ways}
    over = Hold.over(scopes)  # asks nothing for none
    kept.know(Hold, {scope: over.get(scope) for scope in scopes})


def _rates(kept: Gathering, rows: Rows) -> None:
    scopes = {scope for row in rows for scope in rates_of(row.organization_id, row.purpose)}
    kept.know(Rate, Rate.named(scopes) if scopes else {})
