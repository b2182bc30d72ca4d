"""Finding calls."""

from collections.abc import Callable
from typing import Any

from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.listing import Position, page
from gateway.models.transcript import Transcript


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: Position | None,
) -> list[CallLog]:
    """Calls of one organization and mode, newest first."""
    query = CallLog.select().where(CallLog.organization == organization_id, CallLog.mode == mode)
    conditions: dict[str, Callable[[Any], Any]] = {
        "phone_hash": lambda value: CallLog.to_hash == value,
        "booking_id": lambda value: CallLog.booking == value,
        "booking_external_id": lambda value: CallLog.booking.in_(
            Booking.select(Booking.id).where(
                Booking.organization == organization_id,
                Booking.mode == mode,
                Booking.external_id == value,
            )
        ),
        "state": lambda value: CallLog.state == value,
        "provider": lambda value: CallLog.provider == value,
        "external_id": lambda value: CallLog.external_id == value,
        "from_": lambda value: CallLog.created_at >= value,
        "to": lambda value: CallLog.created_at < value,
        "q": Transcript.saying,
    }
    return page(query, filters, conditions, (CallLog.created_at, CallLog.id), before, limit)
