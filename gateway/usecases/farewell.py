"""Confirming a cancellation to the contact, where the policy wants that."""

from datetime import datetime, timedelta

from gateway.domain import channel_plan
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.usecases import fresh, policies

KIND = "cancellation"
VALID_FOR = timedelta(hours=24)


def write(booking: Booking, now: datetime) -> None:
    """Write the confirmation of a booking that was just canceled, due at once; nothing where the
    policy names no channels for it. Call it in the transaction of the cancel."""
    plan = policies.in_force(booking.organization, booking).cancellation
    if plan is None:
        return
    row = fresh.notification(
        now,
        subject=(KIND, booking.id),
        purpose="request",
        plan=channel_plan.to_json(plan),
        due_at=now,
        organization=booking.organization_id,
        mode=booking.mode,
        schedule_version=booking.schedule_version,
        rule=KIND,
        kind=KIND,
        booking=booking.id,
        contact=booking.contact_id,
        wording={"template": KIND},
        expires_at=now + VALID_FOR,
    )
    Notification.add([row])
