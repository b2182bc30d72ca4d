"""What an answer about an appointment, or an offer of one, comes to: pure rules,
whichever way the answer came."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.keywords import Reply
from gateway.domain.lifecycle import BookingState
from gateway.domain.waitlist_lifecycle import OfferState


class Effect(StrEnum):
    """What is to be done with an answer."""

    CONFIRM = "confirm"
    ASK_TO_MOVE = "ask_to_move"
    CANCEL = "cancel"
    TELL_ANEW = "tell_anew"  # it answers what is not true any more: say what is, change nothing
    ACCEPT = "accept"
    DECLINE = "decline"
    TOO_LATE = "too_late"  # what was offered is not held for them any more
    NOTHING = "nothing"


def to_offer(reply: Reply, state: OfferState, expires_at: datetime, now: datetime) -> Effect:
    """What an answer to an offer comes to now: 1 takes it and 3 lets it go, while it is held."""
    if reply == Reply.MOVE:
        return Effect.NOTHING
    if state != OfferState.OFFERED or now >= expires_at:
        return Effect.TOO_LATE if reply == Reply.CONFIRM else Effect.NOTHING
    return Effect.ACCEPT if reply == Reply.CONFIRM else Effect.DECLINE


@dataclass(frozen=True)
class Standing:
    """Where an appointment stands when somebody answers. `told_start` is the start that the person
    was told of (None: not known, taken for the present one); `speaks` says whether the answer came
    from the address of whoever booked."""

    state: BookingState
    starts_at: datetime
    told_start: datetime | None
    speaks: bool
    move_asked: bool


def effect(reply: Reply, standing: Standing, now: datetime) -> Effect:
    """What this answer comes to now. Only whoever booked decides, only while the appointment is
    open and has not begun, and only about the start that they were told of."""
    if not standing.speaks or now >= standing.starts_at:
        return Effect.NOTHING
    if standing.state not in (BookingState.BOOKED, BookingState.CONFIRMED):
        return Effect.NOTHING
    if standing.told_start not in (None, standing.starts_at):
        return Effect.TELL_ANEW
    if reply == Reply.CANCEL:
        return Effect.CANCEL
    if reply == Reply.MOVE:
        return Effect.NOTHING if standing.move_asked else Effect.ASK_TO_MOVE
    confirmed = standing.state == BookingState.CONFIRMED and not standing.move_asked
    return Effect.NOTHING if confirmed else Effect.CONFIRM
