"""Confirming a cancellation to the contact, where the policy wants that."""

from datetime import datetime, timedelta

from gateway.domain import channel_plan
from gateway.models.base import new_id
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.usecases import policies, schedule, work

KIND = "cancellation"
VALID_FOR = timedelta(hours=24)


def write(booking: Booking, now: datetime) -> None:
    """Write the confirmation of a booking that was just canceled, due at once; nothing where the
    policy names no channels for it. Call it in the transaction of the cancel."""
    plan = policies.in_force(booking.organization, booking).cancellation
    if plan is None:
        return
    row = {
        "id": new_id("nt"),
        "organization": booking.organization_id,
        "mode": booking.mode,
        "subject_type": KIND,
        "subject_id": booking.id,
        "schedule_version": booking.schedule_version,
        "rule": KIND,
        "number": 1,
        "kind": KIND,
        "purpose": "request",
        "booking": booking.id,
        "contact": booking.contact_id,
        "plan": channel_plan.to_json(plan),
        "step": 0,
        "lane": work.lane(plan[0].channel, "request"),
        "wording": {"template": KIND},
        "metadata": {},
        "due_at": now,
        "expires_at": now + VALID_FOR,
        "created_at": now,
        "tries": 0,
        **schedule.opening(now, now, past=False, due=False),
    }
    Notification.add([row])
