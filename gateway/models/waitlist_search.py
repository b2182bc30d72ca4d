"""Finding slots, offers and who waits."""

from collections.abc import Callable
from typing import Any

from gateway.models.contact import Contact
from gateway.models.listing import Position, page
from gateway.models.offer import Offer
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry

_Conditions = dict[str, Callable[[Any], Any]]


def slots(
    organization_id: str, mode: str, filters: dict[str, Any], limit: int, before: Position | None
) -> list[Slot]:
    """Slots of one organization and mode, newest first."""
    conditions: _Conditions = {
        "state": lambda value: Slot.state == value,
        "service": lambda value: Slot.service_id == value,
        "staff": lambda value: Slot.staff.in_(_staff(organization_id, mode, value)),
        "from_": lambda value: Slot.starts_at >= value,
        "to": lambda value: Slot.starts_at < value,
    }
    query = Slot.with_staff(organization_id, mode)
    return page(query, filters, conditions, (Slot.created_at, Slot.id), before, limit)


def waiting(
    organization_id: str, mode: str, filters: dict[str, Any], limit: int, before: Position | None
) -> list[WaitlistEntry]:
    """Entries of one organization and mode, newest first."""
    row = WaitlistEntry
    conditions: _Conditions = {
        "state": lambda value: row.state == value,
        "service": lambda value: row.service_id == value,
        "staff": lambda value: row.staff.in_(_staff(organization_id, mode, value)),
        "phone_hash": lambda value: Contact.phone_hash == value,
    }
    query = row.with_people(organization_id, mode)
    return page(query, filters, conditions, (row.created_at, row.id), before, limit)


def offers(
    organization_id: str, mode: str, filters: dict[str, Any], limit: int, before: Position | None
) -> list[Offer]:
    """Offers of one organization and mode, newest first."""
    conditions: _Conditions = {
        "state": lambda value: Offer.state == value,
        "slot_id": lambda value: Offer.slot == value,
        "waitlist_entry_id": lambda value: Offer.waitlist_entry == value,
    }
    query = Offer.of(organization_id, mode)
    return page(query, filters, conditions, (Offer.offered_at, Offer.id), before, limit)


def _staff(organization_id: str, mode: str, external_id: str) -> Any:
    found = Contact.alias()
    mine = (found.organization == organization_id, found.mode == mode, found.role == "staff")
    return found.select(found.id).where(*mine, found.external_id == external_id)
