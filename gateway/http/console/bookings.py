"""/console/bookings: an appointment, what will be sent about it and what happened."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response

from gateway import wallclock
from gateway.domain.lifecycle import BOOKING_MOVES, BookingState, NotificationState
from gateway.http import doorbell
from gateway.http.arguments import opaque_id
from gateway.http.console.group import blueprint
from gateway.http.staff_answers import back, page, partial
from gateway.http.staff_pages import caller, form, recorded, staff
from gateway.models import console_search
from gateway.models.attempts import AnyAttempt
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry
from gateway.usecases import bookings, plan
from gateway.usecases.plan import Contact

AHEAD, BEHIND = 30, 20  # of the plan; a booking may have very many reminders


@dataclass(frozen=True)
class Move:
    """A line of the timeline: what moved, with the channel and the page of a call or message."""

    entry: FeedEntry
    attempt: AnyAttempt | None


@blueprint.get("/bookings/<booking_id>")
@staff()
def booking(booking_id: str) -> Response:
    """An appointment."""
    row = bookings.show(caller(), opaque_id(booking_id))
    moves = BOOKING_MOVES[BookingState(row.state)]
    return page(
        "booking.html",
        may_cancel=BookingState.CANCELED in moves,
        may_confirm=BookingState.CONFIRMED in moves,
        **_standing(row, wallclock.now()),
    )


@blueprint.get("/bookings/<booking_id>/live")
@staff(background=True)
def booking_live(booking_id: str) -> Response:
    """How it stands."""
    row = bookings.show(caller(), opaque_id(booking_id))
    return partial("booking_live.html", **_standing(row, wallclock.now()))


@blueprint.post("/bookings/<booking_id>/cancel")
@staff("support")
def cancel_booking(booking_id: str) -> Response:
    """Cancel it, and all that did not leave yet."""
    id_ = opaque_id(booking_id)
    with recorded("cancel-booking", id_, reason=form().get("reason", "")):
        canceled = bookings.cancel(caller(), id_, wallclock.now())
    doorbell.ring_to_end(canceled.calls)
    told = "The booking is canceled."
    if not canceled.settled:
        told += " Something is at the provider already, which is asked to end it."
    return back(told, "console.booking", booking_id=id_)


@blueprint.post("/bookings/<booking_id>/confirm")
@staff("support")
def confirm_booking(booking_id: str) -> Response:
    """Note that the person will come."""
    id_ = opaque_id(booking_id)
    with recorded("confirm-booking", id_, reason=form().get("reason", "")):
        changes = {"state": BookingState.CONFIRMED}
        booked = bookings.edit(caller(), id_, changes, None, wallclock.now())
    doorbell.later(booked.ring)
    doorbell.ring_to_end(booked.ending)
    return back("The booking is confirmed.", "console.booking", booking_id=id_)


def _standing(row: Booking, now: datetime) -> dict[str, Any]:
    own = (row.organization_id, row.mode)
    planned = plan.of_booking(caller(), row.id, now)
    made = console_search.attempts_of_bookings([row.id])
    rows = console_search.attempts(*own, {"ids": made}, len(made), None)
    known = {one.id: one for one in rows}
    moves = console_search.moves(*own, [row.id, *(one.notification.id for one in planned), *known])
    ahead = [one for one in planned if _ahead(one)]
    return {
        "row": row,
        "ahead": ahead[:AHEAD],
        "further": max(0, len(ahead) - AHEAD),
        "behind": [one for one in planned if not _ahead(one)][-BEHIND:],
        "moves": [Move(one, known.get(one.object_id)) for one in moves],
        "rows": rows,
        "over": not BOOKING_MOVES[BookingState(row.state)] and not ahead,
    }


def _ahead(one: Contact) -> bool:
    """Whether it is still to be decided about."""
    return one.at is not None or one.decision.state == NotificationState.SENDING
