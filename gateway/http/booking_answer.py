"""Bookings and their reminders as answers show them."""

from typing import Any

from marshmallow import Schema, fields

from gateway.domain.lifecycle import BookingState
from gateway.http.answers import moment, text, when, whole
from gateway.http.notification_answer import (
    Planned,
    ReminderAnswer,
    ReminderDetail,
    reminder,
    reminders_answer,
)
from gateway.models.booking import Booking
from gateway.models.contact import Contact


class BookingContact(Schema):
    """Whoever is reached."""

    id = text()
    external_id = text(null=True)
    name = text(null=True)
    phone = text(null=True)
    email = text(null=True)
    locale = text(null=True)
    time_zone = text(null=True)


class StaffAnswer(Schema):
    """Whoever serves the contact; `id` is the one you gave."""

    id = text(null=True)
    name = text(null=True)
    phone = text(null=True)
    email = text(null=True)
    time_zone = text(null=True)


class ServiceAnswer(Schema):
    """What is booked, as given."""

    id = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    price = fields.String(allow_none=True)


class BookingRow(Schema):
    """A booking as lists show it."""

    id = text()
    external_id = text(null=True)
    version = whole()
    state = text(enum=[str(state) for state in BookingState])
    starts_at = when()
    time_zone = text()
    duration_minutes = whole(null=True)
    contact = fields.Nested(BookingContact, required=True)
    service = fields.Nested(ServiceAnswer, required=True, allow_none=True)
    staff = fields.Nested(StaffAnswer, required=True, allow_none=True)
    confirmed = fields.Boolean(required=True)
    overdue = fields.Boolean(required=True)
    move_requested_at = text(
        "when the contact asked for another time", null=True, format="date-time"
    )
    policy = fields.Dict(
        required=True, metadata={"description": "what differs from the organization's"}
    )
    metadata = fields.Dict(required=True)
    created_at = when()
    updated_at = when()


class BookingAnswer(BookingRow):
    """A booking with its reminders."""

    reminders = fields.List(fields.Nested(ReminderAnswer), required=True)


class BookingDetail(BookingRow):
    """A booking with its reminders and their attempts."""

    reminders = fields.List(fields.Nested(ReminderDetail), required=True)


class BookingPage(Schema):
    """A page of bookings."""

    data = fields.List(fields.Nested(BookingRow), required=True)
    next_cursor = text(null=True)


class ReminderList(Schema):
    """All reminders of a booking, in the order in which they fall due."""

    data = fields.List(fields.Nested(ReminderDetail), required=True)
    next_cursor = text("always null: the list is whole", null=True)


def booking_row(booking: Booking) -> dict[str, Any]:
    """A booking without its reminders."""
    return {
        "id": booking.id,
        "external_id": booking.external_id,
        "version": booking.version,
        "state": str(booking.state),
        "starts_at": moment(booking.starts_at),
        "time_zone": booking.time_zone,
        "duration_minutes": booking.duration_minutes,
        "contact": contact_shown(booking.contact),
        "service": booking.service,
        "staff": staff_shown(booking.staff) if booking.staff else None,
        "confirmed": booking.state == BookingState.CONFIRMED,
        "overdue": booking.overdue,
        "move_requested_at": moment(booking.move_requested_at),
        "policy": booking.policy,
        "metadata": booking.metadata,
        "created_at": moment(booking.booked_at),
        "updated_at": moment(booking.updated_at),
    }


def booking_answer(booking: Booking, planned: Planned, *, attempts: bool) -> dict[str, Any]:
    """A booking with its reminders, and with their attempts if so asked."""
    shown = reminders_answer(planned) if attempts else [reminder(row) for row, _ in planned]
    return {**booking_row(booking), "reminders": shown}


def contact_shown(person: Contact) -> dict[str, Any]:
    """Whoever is reached."""
    return {
        "id": person.id,
        "external_id": person.external_id,
        **_reachable(person),
        "locale": person.locale,
        "time_zone": person.time_zone,
    }


def staff_shown(person: Contact) -> dict[str, Any]:
    """Whoever serves them."""
    return {"id": person.external_id, **_reachable(person), "time_zone": person.time_zone}


def _reachable(person: Contact) -> dict[str, Any]:
    return {"name": person.name, "phone": person.phone, "email": person.email}
