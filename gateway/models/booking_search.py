"""Finding bookings."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from peewee import JOIN

from gateway.models.booking import Booking
from gateway.models.contact import Contact


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: tuple[datetime, str] | None,
) -> list[Booking]:
    """Bookings of one organization and mode, newest first."""
    staff = Contact.alias()
    query = (
        Booking.select(Booking, Contact, staff)
        .join(Contact, on=Booking.contact)
        .switch(Booking)
        .join(staff, JOIN.LEFT_OUTER, on=Booking.staff, attr="staff")
        .where(Booking.organization == organization_id, Booking.mode == mode)
    )
    conditions: dict[str, Callable[[Any], Any]] = {
        "external_id": lambda value: Booking.external_id == value,
        "state": lambda value: Booking.state == value,
        "phone_hash": lambda value: Contact.phone_hash == value,
        "from_": lambda value: Booking.starts_at >= value,
        "to": lambda value: Booking.starts_at < value,
    }
    for name, condition in conditions.items():
        if filters.get(name) is not None:
            query = query.where(condition(filters[name]))
    if before is not None:
        at, last = before
        query = query.where(
            (Booking.booked_at < at) | ((Booking.booked_at == at) & (Booking.id < last))
        )
    return list(query.order_by(Booking.booked_at.desc(), Booking.id.desc()).limit(limit))
