"""/api/v1/bookings: making, reading, changing and canceling appointments."""

from typing import Any

from flask import Response

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.booking_answer import (
    BookingAnswer,
    BookingDetail,
    BookingPage,
    ReminderList,
    booking_answer,
    booking_row,
)
from gateway.http.booking_input import (
    BookingChanges,
    BookingInput,
    BookingQuery,
    merge,
)
from gateway.http.idempotency import HEADER, REPLAYED, fingerprint, once
from gateway.http.notification_answer import reminders_answer
from gateway.http.pagination import page
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.usecases import bookings, people, rule_words, schedule
from gateway.usecases.idempotency import Answer
from gateway.usecases.wanted import Booked, Wanted

blueprint = Blueprint(
    "bookings",
    __name__,
    url_prefix="/api/v1/bookings",
    description="Appointments and their reminders",
)
EXAMPLE = {
    "external_id": "bk-1001",
    "starts_at": "2026-12-01T14:30:00+01:00",
    "time_zone": "Europe/Berlin",
    "duration_minutes": 45,
    "contact": {"external_id": "c-77", "name": "Ada", "phone": "+4915112345678", "locale": "de"},
    "service": {"id": "cut", "name": "Haircut", "price": "45.00 EUR"},
    "reminders": [
        {
            "kind": "before",
            "minutes": 1440,
            "channels": [
                {"channel": "whatsapp", "unless": "delivered", "within_minutes": 30},
                {"channel": "sms"},
            ],
        },
        {"kind": "at", "at": "2026-12-01T09:00:00+01:00", "channel": "voice", "say": "See you!"},
    ],
    "metadata": {"anything": "of yours"},
}


@blueprint.route("", methods=["POST"])
@requires("bookings:write")
@blueprint.doc(operationId="book", summary="Book an appointment", parameters=[HEADER])
@blueprint.arguments(BookingInput, example=EXAMPLE)
@blueprint.response(201, BookingAnswer, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=BookingAnswer,
    success=True,
    description="The very same booking is there already",
    headers=REPLAYED,
)
def book(wanted: dict[str, Any]) -> Response:
    """The same `external_id` again is no second booking: 200 if identical, else 409."""
    asked = Wanted(**wanted, fingerprint=fingerprint())

    def work(now: Any) -> Answer:
        booked = bookings.book(caller(), asked, now)
        if booked.created and asked.reminders:
            rule_words.require(caller(), asked.reminders, booked.booking.contact.locale)
        if not booked.created:
            return Answer(200, _whole(booked.booking))
        rows = sorted(booked.planned, key=lambda row: (row.due_at, row.rule, row.number))
        shown = booking_answer(booked.booking, [(row, []) for row in rows], attempts=False)
        return Answer(201, shown, booked.ring)

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("bookings:read", query=True)
@blueprint.doc(operationId="listBookings", summary="List bookings, newest first")
@blueprint.arguments(BookingQuery, location="query")
@blueprint.response(200, BookingPage)
def list_bookings(query: dict[str, Any]) -> Response:
    """Filters combine; `from` and `to` are about the start."""
    rows, following = page(
        caller(),
        "bookings",
        query,
        lambda filters, limit, before: bookings.search(caller(), filters, limit, before),
        lambda row: (row.booked_at, row.id),
    )
    return send(200, {"data": [booking_row(row) for row in rows], "next_cursor": following})


@blueprint.route("/<booking_id>", methods=["GET"])
@requires("bookings:read")
@blueprint.doc(operationId="showBooking", summary="Show a booking")
@blueprint.response(200, BookingDetail)
def show(booking_id: str) -> Response:
    """With its reminders and their attempts."""
    booking = bookings.show(caller(), opaque_id(booking_id))
    planned = bookings.reminders(caller(), booking.id)
    return send(200, booking_answer(booking, planned, attempts=True))


@blueprint.route("/<booking_id>/reminders", methods=["GET"])
@requires("bookings:read")
@blueprint.doc(operationId="listReminders", summary="List the reminders of a booking")
@blueprint.response(200, ReminderList)
def list_reminders(booking_id: str) -> Response:
    """Each with its state and its attempts, in the order in which they fall due."""
    planned = bookings.reminders(caller(), opaque_id(booking_id))
    return send(200, {"data": reminders_answer(planned), "next_cursor": None})


@blueprint.route("/<booking_id>", methods=["PATCH"])
@requires("bookings:write")
@blueprint.doc(operationId="changeBooking", summary="Change a booking")
@blueprint.arguments(BookingChanges, example={"starts_at": "2026-12-02T10:00:00+01:00"})
@blueprint.response(200, BookingAnswer)
def edit(changes: dict[str, Any], booking_id: str) -> Response:
    """Reschedules what is pending; what was sent stays. A `version` that is stale is a 409."""
    version = changes.pop("version", None)
    booked = _edited(opaque_id(booking_id), changes, version)
    doorbell.later(booked.ring)
    doorbell.ring_to_end(booked.ending)
    return send(200, _whole(booked.booking))


@blueprint.route("/<booking_id>", methods=["DELETE"])
@requires("bookings:write")
@blueprint.doc(operationId="cancelBooking", summary="Cancel a booking")
@blueprint.response(200, BookingAnswer, description="Nothing of it can leave any more")
@blueprint.alt_response(
    202,
    schema=BookingAnswer,
    success=True,
    description="Canceled, while a call is already at the provider: it is asked to end",
)
def cancel(booking_id: str) -> Response:
    """Cancels what is pending; what was sent stays. Again, it is the same."""
    canceled = bookings.cancel(caller(), opaque_id(booking_id), wallclock.now())
    doorbell.ring_to_end(canceled.calls)
    return send(200 if canceled.settled else 202, _whole(canceled.booking))


def _edited(booking_id: str, changes: dict[str, Any], version: int | None) -> Booked:
    """Edit what is read in the same turn, since parts of a person are merged into it. So whoever
    gives no version never meets another edit."""
    person = caller()
    with atomic():
        Booking.take_turn(person.organization_id, person.mode, booking_id)
        merged = merge(bookings.show(person, booking_id), changes)
        edited = bookings.edit(person, booking_id, merged, version, wallclock.now())
        if {"contact", "reminders"} & merged.keys():
            people.require(edited.booking, schedule.rules_of(edited.booking))
        if "reminders" in merged:
            rule_words.require(person, merged["reminders"], edited.booking.contact.locale)
    return edited


def _whole(booking: Booking) -> dict[str, Any]:
    planned = bookings.reminders(caller(), booking.id)
    return booking_answer(booking, planned, attempts=False)
