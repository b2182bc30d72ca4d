"""What people say to an offer, and what its time does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain import times
from gateway.domain.errors import Conflict, NotFound, Over
from gateway.domain.lifecycle import NotificationState
from gateway.domain.outcomes import Reason
from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.models import waitlist_line, waitlist_search
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.offer import OFFER, Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import bookings, fresh, jobs, offers_ending, slots, waitlist
from gateway.usecases.accounts import Caller
from gateway.usecases.offers_making import EXPIRE, LOOK
from gateway.usecases.schedule import Ring
from gateway.usecases.wanted import Wanted

log = structlog.get_logger(__name__)

MINUTES_LATE = timedelta(minutes=5)
TOGETHER = 20  # offers that lapse in one transaction, in which nobody else of theirs has a turn
_Whose = tuple[str, str]  # an organization and a mode
ACCEPTED, OVER = "accepted", "over"  # the rules of what is told after an offer
_UNTOLD = (
    NotificationState.SUPPRESSED, NotificationState.NOT_REACHED, NotificationState.CANCELED,
)  # fmt: skip


@dataclass
class Decided:
    """An offer that was decided on, the booking that it became, what of that is due now, and the
    calls that are to be ended, both after the commit."""

    offer: Offer
    booking: Booking | None = None
    ring: list[Ring] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)


def accept(caller: Caller, offer_id: str, now: datetime, told_by: str | None = None) -> Decided:
    """Book the slot of an offer for whoever it is held for, with the organization's reminders, all
    in one transaction. They are told on the channel `told_by`, else on the one that the offer came
    by. Raises NotFound, Conflict with its state when it is over, NoProvider."""
    with atomic():
        offer = _in_turn(caller, offer_id)
        _require_open(offer, now)
        slot, entry = offer.slot, offer.waitlist_entry
        if slots.is_gone(slot):
            raise Conflict("the slot was booked meanwhile")
        Slot.move(slot, SlotState.TAKEN, now)
        WaitlistEntry.move(entry, EntryState.ACCEPTED, now)
        booked = bookings.book(caller, _wanted(offer, slot, entry), now)
        Offer.move(offer, OfferState.ACCEPTED, now, booking=booked.booking.id)
        Slot.update(booking=booked.booking.id).where(Slot.id == slot.id).execute()
        for name, key in ((EXPIRE, offer.id), (LOOK, slot.id), (waitlist.EXPIRE, entry.id)):
            jobs.cancel(name, key, now)
        channel = _in_writing(offer, told_by)
        ending = offers_ending.withdraw(offer, now, Reason.OVER)
        if channel is not None:
            _tell(offer, ACCEPTED, "waitlist_accepted", channel, now, booked.booking)
    log.info("offer accepted", offer_id=offer.id, booking_id=booked.booking.id)
    return Decided(offer, booked.booking, booked.ring, ending)


def _wanted(offer: Offer, slot: Slot, entry: WaitlistEntry) -> Wanted:
    return Wanted(
        external_id=offer.id,
        starts_at=slot.starts_at,
        starts_at_text=times.shown(slot.starts_at),
        time_zone=slot.time_zone,
        duration_minutes=slot.duration_minutes,
        contact=entry.contact,
        staff=slot.staff if slot.staff_id else None,
        service=slot.service,
        metadata={"offer_id": offer.id, "waitlist_entry_id": entry.id},
        fingerprint=offer.id,
    )


def _in_writing(offer: Offer, told_by: str | None) -> str | None:
    """The channel on which to write to somebody about an offer: that of their answer, else the one
    that it came by last, and never a call."""
    told = [row for row in Notification.of_subject(OFFER, offer.id) if row.rule == OFFER]
    came_by = [told[0].channel, *(step["channel"] for step in told[0].plan)] if told else []
    return next((one for one in (told_by, *came_by) if one and one != "voice"), None)


def tell_over(offer: Offer, channel: str, now: datetime) -> None:
    """Tell somebody who wants it, once, that what was offered is not held for them any more. Call
    it inside a transaction."""
    if not any(row.rule == OVER for row in Notification.of_subject(OFFER, offer.id)):
        _tell(offer, OVER, "waitlist_over", channel, now)


def _tell(
    offer: Offer,
    rule: str,
    template: str,
    channel: str,
    now: datetime,
    booking: Booking | None = None,
) -> None:
    row = fresh.notification(
        now,
        subject=(OFFER, offer.id),
        purpose="request",
        plan=[{"channel": channel}],
        due_at=now,
        organization=offer.organization_id,
        mode=offer.mode,
        rule=rule,
        kind="confirmation" if booking is not None else "reply",
        booking=booking.id if booking is not None else None,
        contact=offer.contact_id,
        wording={"template": template},
        expires_at=offer.slot.starts_at,
    )
    Notification.add([row])


def decline(caller: Caller, offer_id: str, now: datetime) -> Decided:
    """Let an offer go: the next in line gets the slot at once, and who declined keeps their place
    for other ones. Raises NotFound, Conflict with its state when it is over."""
    return _end(caller, offer_id, OfferState.DECLINED, now)


def revoke(caller: Caller, offer_id: str, now: datetime) -> Decided:
    """Take an offer back: the same, but by the organization."""
    return _end(caller, offer_id, OfferState.REVOKED, now)


def _end(caller: Caller, offer_id: str, to: OfferState, now: datetime) -> Decided:
    with atomic():
        offer = _in_turn(caller, offer_id)
        _require_open(offer, now)
        ending = offers_ending.end(offer, to, now)
    return Decided(offer, ending=ending)


def expire(offer_id: str, now: datetime) -> None:
    """The job: an offer that nobody took in time lapses, and the next in line gets the slot. Safe
    to repeat, and too early."""
    expire_several([offer_id], now)


def expire_several(offer_ids: list[str], now: datetime) -> None:
    """The same for several, whoever they are of. Nobody's turn is held while another's is waited
    for: those that somebody else has just now come afterwards, each by itself."""
    open_, later = Offer.still_open(offer_ids), dict[_Whose, list[str]]()
    for first in range(0, len(open_), TOGETHER):
        some: dict[_Whose, list[str]] = {}
        for id_, *whose in open_[first : first + TOGETHER]:
            some.setdefault((whose[0], whose[1]), []).append(id_)
        with atomic():
            mine = waitlist_line.try_turns(some)
            for one in some.keys() - mine:
                later.setdefault(one, []).extend(some[one])
            ready = [id_ for one in some if one in mine for id_ in some[one]]
            if ready:
                offers_ending.lapse(ready, now)
    for whose_turn, ids in sorted(later.items()):
        for first in range(0, len(ids), TOGETHER):
            with atomic():
                waitlist_line.take_turn(*whose_turn)
                offers_ending.lapse(ids[first : first + TOGETHER], now)


def wind_up(now: datetime) -> int:
    """Set the timers anew of offers that should have lapsed minutes ago: a job that failed for good
    must not hold a slot for ever. Returns how many there were."""
    late = Offer.overdue(now - MINUTES_LATE)
    for offer in late:
        jobs.plan(EXPIRE, offer.id, now, now, offer.organization_id, offer.mode)
    return len(late)


def untold(offer_id: str, now: datetime) -> None:
    """The job: nobody could be told of an offer, so that the next in line gets the slot at once.
    Safe to repeat."""
    _ended_by_itself(offer_id, now, _give_up)


def _ended_by_itself(offer_id: str, now: datetime, act: Callable[[Offer, datetime], None]) -> None:
    seen = Offer.get_or_none(Offer.id == offer_id)
    if seen is None or seen.state != OfferState.OFFERED:
        return
    with atomic():
        waitlist_line.take_turn(seen.organization_id, seen.mode)
        offer = Offer.get_by_id(offer_id)
        if offer.state == OfferState.OFFERED:
            act(offer, now)


def _give_up(offer: Offer, now: datetime) -> None:
    told = [row for row in Notification.of_subject(OFFER, offer.id) if row.rule == OFFER]
    if told and told[0].state in _UNTOLD:
        reason = Reason(told[0].reason) if told[0].reason else None
        offers_ending.end(offer, OfferState.REVOKED, now, reason)


def show(caller: Caller, offer_id: str) -> Offer:
    """One offer with its slot and its entry. Raises NotFound."""
    query = Offer.of(caller.organization_id, caller.mode).where(Offer.id == offer_id)
    found = Offer.with_parts(list(query))
    if not found:
        raise NotFound
    return found[0]


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[Offer]:
    """Offers newest first, at most `limit`, older than `before` (offered_at, id). Filters: state,
    slot_id, waitlist_entry_id."""
    found = waitlist_search.offers(caller.organization_id, caller.mode, filters, limit, before)
    return Offer.with_parts(found)


def _in_turn(caller: Caller, offer_id: str) -> Offer:
    """An offer as it is once it is the caller's turn. Raises NotFound."""
    show(caller, offer_id)
    waitlist_line.take_turn(caller.organization_id, caller.mode)
    return show(caller, offer_id)


def _require_open(offer: Offer, now: datetime) -> None:
    state = OfferState(offer.state)
    if state == OfferState.OFFERED and now >= offer.expires_at:
        state = OfferState.EXPIRED  # its timer is about to say so
    if state != OfferState.OFFERED:
        raise Over("the offer", str(state))
