"""Finding bookings."""

from collections.abc import Callable
from typing import Any

from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.listing import Position, page


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: Position | None,
) -> list[Booking]:
    """Bookings of one organization and mode, newest first."""
    conditions: dict[str, Callable[[Any], Any]] = {
        "external_id": lambda value: Booking.external_id == value,
        "state": lambda value: Booking.state == value,
        "phone_hash": lambda value: Contact.phone_hash == value,
        "from_": lambda value: Booking.starts_at >= value,
        "to": lambda value: Booking.starts_at < value,
    }
    query = Booking.with_people(organization_id, mode)
    return page(query, filters, conditions, (Booking.booked_at, Booking.id), before, limit)
