"""Rows and calls that tests of wordings share."""

from datetime import UTC, datetime
from typing import Any

from gateway.domain.rendering import Rendered
from gateway.models.base import new_id
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.template import Template
from gateway.usecases import wording

NOW = datetime(2026, 11, 30, 10, 30, tzinfo=UTC)
START = datetime(2026, 12, 1, 13, 30, tzinfo=UTC)


def appointment(organization: Organization, contact_id: str, **changes: Any) -> Booking:
    """Ada's haircut at START."""
    values: dict[str, Any] = {
        "organization": organization.id, "mode": "test", "contact": contact_id,
        "service": {"name": "Haircut", "price": "45.00 EUR"}, "starts_at": START,
        "starts_at_text": "-", "time_zone": "Europe/Berlin", "duration_minutes": 45,
        "state": "booked", "fingerprint": "f", "booked_at": NOW, "updated_at": NOW, **changes,
    }  # fmt: skip
    values.setdefault("id", new_id("bk"))
    Booking.insert(**values).execute()
    booking: Booking = Booking.get_by_id(values["id"])
    return booking


def rendered(
    row: Notification, booking: Booking | None, channel: str, organization: Organization,
    **more: Any,
) -> Rendered:  # fmt: skip
    """What the use case makes of a row at NOW."""
    return wording.render(row, booking, channel, organization, NOW, **more)


def keep(organization: Organization, body: str, **more: Any) -> None:
    """An own template, a reminder in English unless more is said."""
    values = {"name": "reminder", "channel": "any", "locale": "en", "version": 1, **more}
    Template.create(organization=organization.id, body=body, created_at=NOW, **values)
