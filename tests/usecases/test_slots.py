"""What becomes free, and when it is not any more."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, Invalid, NotFound, Over
from gateway.models.booking import Booking
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.usecases import bookings, offers, slots
from tests.usecases.desk import Desk
from tests.usecases.line import CUT, EVE, Line


@pytest.fixture
def line(desk: Desk) -> Line:
    """Nobody waits yet."""
    return Line(desk.caller, desk.now)


def test_of_a_slot_without_staff_nobody_who_wants_somebody_hears(line: Line, desk: Desk) -> None:
    line.joins("Eve's", staff=EVE)
    line.joins("Anybody's")
    booking = desk.book(line.start, service=CUT).booking
    bookings.cancel(line.caller, booking.id, line.now)
    (slot,) = Slot.select()
    assert (line.holder(slot), slot.staff_id, slot.freed_by_id) == ("Anybody's", None, booking.id)


def test_a_slot_is_not_offered_when_it_is_too_near(line: Line) -> None:
    line.join_all("Ada Bob Cay Dan")
    slot = line.frees(starts_at=line.now + timedelta(minutes=65))
    line.passes(hours=2)
    assert line.history(slot) == [("Ada", "expired"), ("Bob", "expired"), ("Cay", "expired")]
    assert line.state(slot) == "expired"
    late = line.frees(starts_at=line.now + timedelta(minutes=29))
    assert (line.state(late), line.history(late)) == ("expired", [])


def test_what_is_open_closes_when_it_is_too_near(line: Line) -> None:
    slot = line.frees(starts_at=line.now + timedelta(minutes=31))
    assert line.state(slot) == "open"
    line.passes(minutes=1)
    assert line.state(slot) == "expired"


@pytest.mark.parametrize("days", [-1, 800])
def test_a_slot_in_the_past_or_years_ahead_is_refused(line: Line, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        line.frees(starts_at=line.now + timedelta(days=days))
    assert refused.value.field == "starts_at"


def test_the_same_free_time_of_the_same_person_is_one_slot(line: Line) -> None:
    first, again = line.frees(), line.frees()
    other = line.frees(staff={"external_id": "m-4"})
    assert first.id == again.id != other.id
    assert Slot.select().count() == 2


@pytest.mark.row("B1")
def test_a_canceled_booking_frees_its_time(line: Line, desk: Desk) -> None:
    line.joins("Ada", staff=EVE)
    service = {**CUT, "price": "45.00 EUR"}
    booking = desk.book(line.start, service=service, staff=EVE, duration_minutes=30).booking
    bookings.cancel(line.caller, booking.id, line.now)
    bookings.cancel(line.caller, booking.id, line.now)

    (slot,) = Slot.select()
    assert (line.holder(slot), slot.freed_by_id) == ("Ada", booking.id)
    assert (slot.starts_at, slot.duration_minutes) == (line.start, 30)
    assert (slot.service, slot.staff_id) == (service, booking.staff_id)


def test_a_booking_that_was_over_or_names_no_service_frees_nothing(line: Line, desk: Desk) -> None:
    for more in ({}, {"service": {"name": "Haircut"}}):
        booking = desk.book(line.start, **more).booking
        bookings.cancel(line.caller, booking.id, line.now)
    soon = desk.book(line.now + timedelta(minutes=29), service=CUT).booking
    bookings.cancel(line.caller, soon.id, line.now)
    assert Slot.select().count() == 0


def test_a_booking_that_is_moved_away_frees_where_it_was(line: Line, desk: Desk) -> None:
    line.joins("Ada")
    booking = desk.book(line.start, service=CUT, staff=EVE, duration_minutes=45).booking
    desk.edit(booking, line.now, starts_at=line.start + timedelta(minutes=15))
    assert Slot.select().count() == 0  # it still needs a part of it
    desk.edit(booking, line.now, starts_at=line.start + timedelta(hours=3))
    (slot,) = Slot.select()
    assert slot.starts_at == line.start + timedelta(minutes=15)
    assert line.holder(slot) == "Ada"


def test_a_time_that_is_booked_again_is_offered_no_more(line: Line, desk: Desk) -> None:
    line.joins("Ada")
    slot = line.frees()
    offer = line.offer("Ada")
    desk.book(line.start + timedelta(minutes=30), staff=EVE, duration_minutes=45)
    assert (line.state(slot), line.state(offer)) == ("withdrawn", "revoked")
    with pytest.raises(Over):
        offers.accept(line.caller, offer.id, line.now)


def test_a_canceled_booking_frees_nothing_where_somebody_else_is_booked(
    line: Line, desk: Desk
) -> None:
    one, _ = (desk.book(line.start, service=CUT, staff=EVE).booking for _ in range(2))
    bookings.cancel(line.caller, one.id, line.now)
    assert Slot.select().count() == 0


def test_a_slot_that_is_withdrawn_is_held_for_nobody(line: Line) -> None:
    line.join_all("Ada Bob")
    slot = line.frees()
    slots.withdraw(line.caller, slot.id, line.now)
    slots.withdraw(line.caller, slot.id, line.now)
    assert (line.state(slot), line.history(slot)) == ("withdrawn", [("Ada", "revoked")])
    with pytest.raises(NotFound):
        slots.withdraw(line.caller, "sl_none", line.now)


def test_a_booking_made_at_the_same_moment_is_seen_at_the_last_one(line: Line, desk: Desk) -> None:
    """Whoever accepts after somebody else was booked for that time is told so."""
    line.joins("Ada")
    slot = line.frees()
    desk.now = line.now + timedelta(seconds=1)
    Slot.update(state="taken").where(Slot.id == slot.id).execute()  # not seen by the booking
    desk.book(line.start, staff=EVE)
    Slot.update(state="offered").where(Slot.id == slot.id).execute()
    with pytest.raises(Conflict):
        offers.accept(line.caller, line.offer("Ada").id, desk.now)
    assert Offer.get().state == "offered"
    assert Booking.select().count() == 1
