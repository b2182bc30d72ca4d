"""Finding attempts, calls or messages, by what both have."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gateway.models.attempt import Attempt
from gateway.models.booking import Booking
from gateway.models.listing import Position, page

Kind = TypeVar("Kind", bound=Attempt)


def find(
    table: type[Kind],
    organization_id: str,
    mode: str,
    filters: Mapping[str, Any],
    limit: int,
    before: Position | None,
    further: Mapping[str, Callable[[Any], Any]] | None = None,
) -> list[Kind]:
    """Rows of one organization and mode, newest first. `further` are the conditions that only this
    table has, by the filter's name."""
    query = table.select().where(table.organization == organization_id, table.mode == mode)
    conditions: dict[str, Callable[[Any], Any]] = {
        "phone_hash": lambda value: table.to_hash == value,
        "email_hash": lambda value: table.to_hash == value,
        "booking_id": lambda value: table.booking == value,
        "booking_external_id": lambda value: table.booking.in_(
            Booking.select(Booking.id).where(
                Booking.organization == organization_id,
                Booking.mode == mode,
                Booking.external_id == value,
            )
        ),
        "state": lambda value: table.state == value,
        "provider": lambda value: table.provider == value,
        "external_id": lambda value: table.external_id == value,
        "direction": lambda value: table.direction == value,
        "from_": lambda value: table.created_at >= value,
        "to": lambda value: table.created_at < value,
        **(further or {}),
    }
    return page(query, filters, conditions, (table.created_at, table.id), before, limit)
