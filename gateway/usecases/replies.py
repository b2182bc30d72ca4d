"""What people answer about their appointments: by a digit in a message, or a key in a call."""

from datetime import datetime

import structlog

from gateway.domain.callback import EventKind
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.keywords import Reply
from gateway.domain.lifecycle import BookingState
from gateway.domain.replies import Effect, Standing, effect
from gateway.models.attempt import Attempt
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.conversations import Party
from gateway.models.feed import FeedEntry, entry
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import bookings, consents
from gateway.usecases.accounts import Caller

log = structlog.get_logger(__name__)

NO_MORE_CALLS = "9"


def answered(
    about: Attempt, person: str, reply: Reply, source: str, now: datetime
) -> tuple[Effect, Booking | None]:
    """Do what an answer to a call or message asks for, and say what that was: 1 confirms the
    appointment that it was about, 2 asks to move it, 3 cancels it as DELETE does. `person` is the
    keyed hash of the address that answered. Nothing is done twice."""
    if about.booking_id is None:
        return Effect.NOTHING, None
    with atomic():
        Booking.take_turn(about.organization_id, about.mode, about.booking_id)
        booking = Booking.of(about.organization_id, about.mode, id=about.booking_id)
        assert booking is not None, "an attempt's booking is its organization's"
        wanted = effect(reply, _standing(about, booking, person), now)
        _carry_out(wanted, booking, source, now)
    log.info("answer", booking_id=booking.id, reply=int(reply), effect=str(wanted), source=source)
    return wanted, bookings.show(_caller(booking, source), booking.id)


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
    """Wait for whoever changes the booking that a key may change, before the call is locked: a
    change of a booking locks its calls after it, and two that wait for each other would end in a
    fault."""
    if told.kind != EventKind.DIGITS:
        return
    call = CallLog.owner(event.provider, event.account, told.external_id)
    call = call or CallLog.get_or_none(CallLog.id == told.attempt_id)
    if call is not None and call.booking_id is not None:
        Booking.take_turn(call.organization_id, call.mode, call.booking_id)


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


def _caller(booking: Booking, source: str) -> Caller:
    """The contact, as somebody who changes a booking."""
    organization = Organization.get_by_id(booking.organization_id)
    return Caller(organization, booking.mode, frozenset(), "", source)
