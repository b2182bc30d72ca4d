"""Appointments that should have begun and did not."""

from datetime import datetime, timedelta

import structlog

from gateway.domain.lifecycle import BookingState
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry, entry
from gateway.usecases import policies

log = structlog.get_logger(__name__)

NOT_BEGUN = (BookingState.BOOKED, BookingState.CONFIRMED)


def plan(booking: Booking) -> None:
    """Have a booking marked overdue so long after its start as the policy says, unless it has begun
    by then. Only one that somebody is assigned to can be. Call it in the transaction of the
    change."""
    moment = planned(booking)
    if (booking.overdue_at, booking.overdue) != (moment, False):
        Booking.expect(booking, moment)


def planned(booking: Booking) -> datetime | None:
    """When that is; None for never."""
    if booking.staff_id is None or BookingState(booking.state) not in NOT_BEGUN:
        return None
    moment: datetime = booking.starts_at + _wait(booking)
    return moment


def _wait(booking: Booking) -> timedelta:
    return timedelta(minutes=policies.in_force(booking.organization, booking).overdue_minutes)


def mark(booking_id: str, now: datetime) -> None:
    """Mark an appointment that is overdue by now. Safe to repeat, and too early."""
    with atomic():
        seen = Booking.get_by_id(booking_id)
        # It may have been moved since the clock found it.
        booking = Booking.mark_overdue(booking_id, now - _wait(seen), NOT_BEGUN)
        if booking is None:
            return
        said = entry(
            booking.organization_id, booking.mode, now, "booking", booking.id, booking.state, None,
            "booking.overdue",
        )  # fmt: skip
        FeedEntry.append([said])
    log.warning("appointment overdue", booking_id=booking_id)
