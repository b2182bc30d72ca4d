"""How offers come to nothing, and who is next then."""

from collections.abc import Collection
from datetime import datetime

import structlog

from gateway.domain.outcomes import Reason
from gateway.domain.waitlist_lifecycle import EntryState, OfferState, SlotState
from gateway.models import lapses, withdrawal
from gateway.models.feed import FeedEntry
from gateway.models.listed import by_id
from gateway.models.many import at_once
from gateway.models.offer import OFFER, Offer
from gateway.models.offer import told as offer_told
from gateway.models.organization import Organization
from gateway.models.slot import Slot
from gateway.models.slot import told as slot_told
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.models.waitlist_entry import told as entry_told
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


def lapse(offer_ids: Collection[str], now: datetime) -> None:
    """End those of these offers that nobody took in time, as `end` does one, but all at once: first
    everybody is back in line, then each slot goes to whoever is next. Call it when it is the turn
    of them all."""
    late = lapses.overdue(offer_ids, now)
    over = {"state": OfferState.EXPIRED, "ended_at": now, "reason": Reason.EXPIRED}
    ended = lapses.moved(Offer, late, OfferState.OFFERED, over)
    if not ended:
        return
    again, free = {"state": EntryState.WAITING}, {"state": SlotState.OPEN, "look_at": None}
    entries = lapses.moved(
        WaitlistEntry, [offer.waitlist_entry for offer in ended], EntryState.OFFERED,
        again | {"updated_at": now},
    )  # fmt: skip
    slots = lapses.moved(
        Slot, [offer.slot for offer in ended], SlotState.OFFERED, free | {"updated_at": now}
    )
    told = [offer_told(row, now) for row in ended] + [entry_told(row, now) for row in entries]
    at_once([FeedEntry.appending(told + [slot_told(row, now) for row in slots])])
    for offer in ended:
        log.info("offer ended", offer_id=offer.id, state=str(offer.state), reason=offer.reason)
    whose = by_id(Organization, {slot.organization_id for slot in slots})
    for slot in slots:
        next_in_line(slot, now, whose[slot.organization_id])
    looked_at = {slot.id for slot in slots}
    waits = {row.id: row for row in entries}
    missed = {
        entry for entry, slot in lapses.openings([*waits], now) if slot not in looked_at
    }  # fmt: skip
    for entry in entries:
        if entry.id in missed:
            look_for(waits[entry.id], now)
    by_offer = {offer.id: offer for offer in ended}
    for id_ in lapses.still_told([*by_offer]):
        withdraw(by_offer[id_], now, Reason.EXPIRED)


_WHY = {
    OfferState.DECLINED: Reason.OVER,
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
