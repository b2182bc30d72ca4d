"""The line: who is next for a slot. Whoever changes anything about an organization's waitlist does
it in turn, so that the line has one order."""

from peewee import fn

from gateway.domain.waitlist_lifecycle import EntryState
from gateway.models.base import in_turn
from gateway.models.contact import Contact
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry


def take_turn(organization_id: str, mode: str) -> None:
    """Wait for whoever changes the waitlist of this organization and mode; the next one waits until
    the transaction ends. A booking that is changed along with it is locked before, calls and
    notifications after."""
    in_turn(f"waitlist|{organization_id}|{mode}")


def behind(slot: Slot, limit: int, after: WaitlistEntry | None = None) -> list[WaitlistEntry]:
    """Who waits for a slot like this one, first come first, at most `limit`, behind `after`, each
    with the person: without those who were offered this very slot before."""
    row = WaitlistEntry
    before = Offer.select(Offer.id).where(Offer.slot == slot.id, Offer.contact == row.contact)
    staff = row.staff.is_null()
    if slot.staff_id is not None:
        staff |= row.staff == slot.staff_id
    query = row.select(row, Contact).join(Contact, on=row.contact)
    query = query.where(
        row.organization == slot.organization_id,
        row.mode == slot.mode,
        row.service_id == slot.service_id,
        row.state == EntryState.WAITING,
        row.since <= slot.starts_at,
        row.until > slot.starts_at,
        staff,
        ~fn.EXISTS(before),
    )
    if after is not None:
        tie = (row.created_at == after.created_at) & (row.id > after.id)
        query = query.where((row.created_at > after.created_at) | tie)
    return list(query.order_by(row.created_at, row.id).limit(limit))
