"""Who waits, what is free, and what is held for whom, as answers show it."""

from typing import Any

from marshmallow import Schema, fields

from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.http.answers import moment, text, when, whole
from gateway.http.booking_answer import (
    BookingContact,
    ServiceAnswer,
    StaffAnswer,
    contact_shown,
    staff_shown,
)
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry


class WaitlistEntryAnswer(Schema):
    """Somebody who waits, or did."""

    id = text()
    state = text(enum=[str(state) for state in EntryState])
    contact = fields.Nested(BookingContact, required=True)
    service = fields.Nested(ServiceAnswer, required=True)
    staff = fields.Nested(StaffAnswer, required=True, allow_none=True)
    from_ = text("the earliest start that is wanted", name="from", format="date-time")
    to = when()
    created_at = when()
    updated_at = when()


class SlotAnswer(Schema):
    """Something that is free, or was."""

    id = text()
    state = text(enum=[str(state) for state in SlotState])
    reason = text("why it was withdrawn, where we did that", null=True)
    starts_at = when()
    time_zone = text()
    duration_minutes = whole(null=True)
    service = fields.Nested(ServiceAnswer, required=True)
    staff = fields.Nested(StaffAnswer, required=True, allow_none=True)
    price = text(null=True)
    freed_by = text("the booking that left it", null=True)
    booking_id = text("the booking that took it", null=True)
    next_offer_at = text(
        "when it is offered next, where that has to wait", null=True, format="date-time"
    )
    closes_at = when()
    created_at = when()
    updated_at = when()


class OfferAnswer(Schema):
    """A slot that is held for somebody, or was."""

    id = text()
    state = text(enum=[str(state) for state in OfferState])
    reason = text("why it came to nothing", null=True)
    offered_at = when()
    expires_at = when()
    ended_at = when(null=True)
    slot = fields.Nested(SlotAnswer, required=True)
    waitlist_entry = fields.Nested(WaitlistEntryAnswer, required=True)
    booking_id = text("what it became", null=True)


class WaitlistPage(Schema):
    """A page of those who wait."""

    data = fields.List(fields.Nested(WaitlistEntryAnswer), required=True)
    next_cursor = text(null=True)


class SlotPage(Schema):
    """A page of slots."""

    data = fields.List(fields.Nested(SlotAnswer), required=True)
    next_cursor = text(null=True)


class OfferPage(Schema):
    """A page of offers."""

    data = fields.List(fields.Nested(OfferAnswer), required=True)
    next_cursor = text(null=True)


def entry_answer(entry: WaitlistEntry) -> dict[str, Any]:
    """An entry with its people."""
    return {
        "id": entry.id,
        "state": str(entry.state),
        "contact": contact_shown(entry.contact),
        "service": entry.service,
        "staff": staff_shown(entry.staff) if entry.staff else None,
        "from": moment(entry.since),
        "to": moment(entry.until),
        "created_at": moment(entry.created_at),
        "updated_at": moment(entry.updated_at),
    }


def slot_answer(slot: Slot) -> dict[str, Any]:
    """A slot with its staff member."""
    return {
        "id": slot.id,
        "state": str(slot.state),
        "reason": slot.reason,
        "starts_at": moment(slot.starts_at),
        "time_zone": slot.time_zone,
        "duration_minutes": slot.duration_minutes,
        "service": slot.service,
        "staff": staff_shown(slot.staff) if slot.staff else None,
        "price": slot.service.get("price"),
        "freed_by": slot.freed_by_id,
        "booking_id": slot.booking_id,
        "next_offer_at": moment(slot.look_at),
        "closes_at": moment(slot.closes_at),
        "created_at": moment(slot.created_at),
        "updated_at": moment(slot.updated_at),
    }


def offer_answer(offer: Offer) -> dict[str, Any]:
    """An offer with its slot and whom it is for."""
    return {
        "id": offer.id,
        "state": str(offer.state),
        "reason": offer.reason,
        "offered_at": moment(offer.offered_at),
        "expires_at": moment(offer.expires_at),
        "ended_at": moment(offer.ended_at),
        "slot": slot_answer(offer.slot),
        "waitlist_entry": entry_answer(offer.waitlist_entry),
        "booking_id": offer.booking_id,
    }
