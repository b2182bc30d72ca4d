"""What people answer about their appointments: by a digit in a message, or a key in a call."""

from datetime import datetime

import structlog

from gateway.domain.callback import EventKind
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Conflict
from gateway.domain.keywords import Reply
from gateway.domain.lifecycle import BookingState
from gateway.domain.replies import Effect, Standing, effect, to_offer
from gateway.domain.waitlist_lifecycle import OfferState
from gateway.models import waitlist_line
from gateway.models.attempt import Attempt
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.conversations import Party
from gateway.models.feed import FeedEntry, entry
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import bookings, consents, leaving, offers
from gateway.usecases.accounts import Caller

log = structlog.get_logger(__name__)

NO_MORE_CALLS = "9"


def answered(
    about: Attempt, person: str, reply: Reply, source: str, now: datetime
) -> tuple[Effect, Booking | None]:
    """Do what an answer to a call or message asks for, and say what that was: 1 confirms the
    appointment that it was about, 2 asks to move it, 3 cancels it as DELETE does; of an offer, 1
    takes it and 3 lets it go, and once it is taken its appointment is meant. `person` is the keyed
    hash of the address that answered. Nothing is done twice."""
    offer = None if about.booking_id else Offer.told_by(about.notification_id)
    booking_id = offer.booking_id if offer is not None else about.booking_id
    if booking_id is None:
        return _to_offer(offer, person, reply, source, now), None
    with atomic():
        Booking.take_turn(about.organization_id, about.mode, booking_id)
        booking = Booking.of(about.organization_id, about.mode, id=booking_id)
        assert booking is not None, "an attempt's booking is its organization's"
        wanted = effect(reply, _standing(about, booking, person), now)
        _carry_out(wanted, booking, source, now)
    log.info("answer", booking_id=booking.id, reply=int(reply), effect=str(wanted), source=source)
    return wanted, bookings.show(_caller(booking, source), booking.id)


def _to_offer(
    seen: Offer | None, person: str, reply: Reply, source: str, now: datetime
) -> Effect:  # fmt: skip
    contact = seen.contact if seen is not None else None
    if seen is None or contact is None or person not in (contact.phone_hash, contact.email_hash):
        return Effect.NOTHING
    channel = source if source in CHANNELS else "voice"
    caller = _caller(seen, source)
    with atomic():
        waitlist_line.take_turn(seen.organization_id, seen.mode)
        offer = offers.show(caller, seen.id)
        wanted = to_offer(reply, OfferState(offer.state), offer.expires_at, now)
        if wanted == Effect.ACCEPT:
            try:
                offers.accept(caller, offer.id, now, channel)
            except Conflict:  # booked meanwhile, or nothing can be sent
                wanted = Effect.TOO_LATE
        elif wanted == Effect.DECLINE:
            offers.decline(caller, offer.id, now)
        if wanted == Effect.TOO_LATE and channel != "voice":
            offers.tell_over(offer, channel, now)
    log.info("answer", offer_id=seen.id, reply=int(reply), effect=str(wanted), source=source)
    return wanted


def pressed(call: CallLog, digits: str, now: datetime) -> None:
    """Do what was pressed in a call: 1, 2, 3 as in a message, 9 for no more calls; any other key,
    or several, mean nothing. Call it with the call locked, and its booking before it."""
    key = digits.strip("#*")
    if key == NO_MORE_CALLS:
        party = Party(call.organization_id, call.mode, "voice")
        consents.say(
            [party], call.to_hash, granted=False, source=consents.KEY_PRESS, at=now, now=now,
            event_id=None,
        )  # fmt: skip
    elif key in [str(int(reply)) for reply in Reply]:
        answered(call, call.to_hash, Reply(int(key)), consents.KEY_PRESS, now)
        if call.end_at is None:
            # Whoever cancels in a call hears the answer to the end.
            CallLog.update(end_at=None).where(CallLog.id == call.id).execute()


def take_turn(event: ProviderEvent, told: Told) -> None:
    """Wait for whoever changes the enrolment, the booking or the waitlist that a key may change,
    before the call is locked: a change of any locks its calls after it, and two that wait for each
    other would end in a fault."""
    if told.kind != EventKind.DIGITS:
        return
    call = CallLog.owner(event.provider, event.account, told.external_id)
    call = call or CallLog.get_or_none(CallLog.id == told.attempt_id)
    if call is not None and call.notification_id is not None:
        leaving.take_turn(call.notification_id)
    if call is not None and call.booking_id is not None:
        Booking.take_turn(call.organization_id, call.mode, call.booking_id)
    if call is not None:
        waitlist_line.take_turn(call.organization_id, call.mode)


def _standing(about: Attempt, booking: Booking, person: str) -> Standing:
    row = Notification.get_or_none(Notification.id == about.notification_id)
    contact = booking.contact
    to_contact = row is None or row.contact.role == contact.role
    return Standing(
        state=BookingState(booking.state),
        starts_at=booking.starts_at,
        told_start=_told_start(row, booking),
        speaks=to_contact and person in (contact.phone_hash, contact.email_hash),
        move_asked=booking.move_requested_at is not None,
    )


def _told_start(row: Notification | None, booking: Booking) -> datetime | None:
    """The start that a notification told of. One that belongs to the present schedule told of the
    present one; an older one ends with the start that it was about."""
    if row is None or row.schedule_version == booking.schedule_version:
        return None
    told: datetime = row.expires_at
    return told


def _carry_out(wanted: Effect, booking: Booking, source: str, now: datetime) -> None:
    if wanted == Effect.CONFIRM:
        _edit(
            booking, now, "booking.confirmed", state=BookingState.CONFIRMED, move_requested_at=None
        )
    elif wanted == Effect.ASK_TO_MOVE:
        _edit(booking, now, "booking.move_requested", move_requested_at=now)
    elif wanted == Effect.CANCEL:
        bookings.cancel(_caller(booking, source), booking.id, now)


def _edit(booking: Booking, now: datetime, type_: str, **changes: object) -> None:
    edited = Booking.edit(booking.id, booking.version, now, **changes)
    assert edited, "it is this one's turn"
    state = str(changes.get("state", booking.state))
    told = entry(
        booking.organization_id, booking.mode, now, "booking", booking.id, state, None, type_
    )
    FeedEntry.append([told])


def _caller(about: Booking | Offer, source: str) -> Caller:
    """The contact, as somebody who changes a booking or decides on an offer."""
    organization = Organization.get_by_id(about.organization_id)
    return Caller(organization, about.mode, frozenset(), "", source)
