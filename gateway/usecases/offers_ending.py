"""How offers come to nothing, and who is next then."""

from datetime import datetime

import structlog

from gateway.domain.outcomes import Reason
from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.models import withdrawal
from gateway.models.offer import OFFER, Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import jobs, stopping
from gateway.usecases.offers_making import EXPIRE, LOOK, next_in_line

log = structlog.get_logger(__name__)


def end(offer: Offer, to: OfferState, now: datetime, reason: Reason | None = None) -> list[str]:
    """End an open offer other than by its acceptance: who it was for is back in line, and the next
    one gets the slot at once. Returns the calls that are to be ended after the commit. Call it when
    it is the caller's turn (waitlist_line)."""
    if not Offer.move(offer, to, now, reason):
        return []
    log.info("offer ended", offer_id=offer.id, state=str(to), reason=reason)
    jobs.cancel(EXPIRE, offer.id, now)
    slot, entry = Slot.get_by_id(offer.slot_id), WaitlistEntry.get_by_id(offer.waitlist_entry_id)
    if entry.state == EntryState.OFFERED:
        WaitlistEntry.move(entry, EntryState.WAITING, now)
    if slot.state == SlotState.OFFERED:
        Slot.move(slot, SlotState.OPEN, now)
        next_in_line(slot, now)
    look_for(entry, now)
    return withdraw(offer, now, _WHY[to])


_WHY = {
    OfferState.DECLINED: Reason.OVER,
    OfferState.EXPIRED: Reason.EXPIRED,
    OfferState.REVOKED: Reason.CANCELED,
}


def look_for(entry: WaitlistEntry, now: datetime) -> None:
    """Offer what is open to somebody who waits again, or as of now: each slot that they could have
    goes to whoever is next for it, until they were offered one."""
    since = max(entry.since, now)
    open_ = Slot.open_for(entry.organization_id, entry.mode, entry.service_id, since, entry.until)
    for slot in open_:
        if WaitlistEntry.get_by_id(entry.id).state != EntryState.WAITING:
            return
        if entry.staff_id in (None, slot.staff_id):
            next_in_line(slot, now)


def withdraw(offer: Offer, now: datetime, reason: Reason) -> list[str]:
    """Take back what was to tell of an offer: nothing of it leaves any more. Returns the calls that
    are to be ended."""
    withdrawal.cancel_pending(OFFER, offer.id, now, reason)
    return stopping.stop(withdrawal.under_way(OFFER, offer.id), now)


def close(slot: Slot, to: SlotState, now: datetime, reason: Reason | None = None) -> list[str]:
    """Take a slot from whoever it is offered to, and offer it no more. Returns the calls that are
    to be ended. Call it when it is the caller's turn."""
    jobs.cancel(LOOK, slot.id, now)
    offer = Offer.open_on(slot=slot.id)
    Slot.move(slot, to, now, reason=reason)
    return end(offer, OfferState.REVOKED, now, Reason.OVER) if offer is not None else []
