"""Which policy is in force, and what follows when another one is."""

from datetime import datetime, timedelta

import structlog

from gateway.domain import policy
from gateway.domain.policy import Policy
from gateway.domain.quiet_hours import Action
from gateway.models import deferred
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import jobs

log = structlog.get_logger(__name__)

LOOK_AGAIN = "policy.changed"
LONGEST_NIGHT = timedelta(hours=25)  # how far quiet hours can bring anything forward
BATCH = 500


def of(row: Notification) -> Policy:
    """The policy in force for a notification: its booking's over its organization's."""
    booking = Booking.get_or_none(Booking.id == row.booking_id) if row.booking_id else None
    return in_force(Organization.get_by_id(row.organization_id), booking)


def in_force(organization: Organization, booking: Booking | None) -> Policy:
    """A booking's policy over its organization's."""
    return policy.merged(organization.policy, booking.policy if booking is not None else None)


def changed(organization_id: str, now: datetime) -> None:
    """Have everything that waits by the former policy of an organization looked at again. Call it
    in the transaction of the change."""
    jobs.plan(LOOK_AGAIN, organization_id, now, now, organization_id)


def look_again(organization_id: str, now: datetime) -> None:
    """Bring what waits of an organization to the gate, which decides by the policy of today: at
    once what was put off, in good time what is to be brought forward. Safe to repeat: who is woken
    too early waits on."""
    organization = Organization.get_or_none(Organization.id == organization_id)
    if organization is None:
        return
    position: deferred.Position | None = (now, "")
    while position is not None:
        position = deferred.reopen(organization_id, position, now, BATCH)
    quiet = in_force(organization, None).quiet_hours
    if quiet is not None and quiet.action == Action.ADVANCE:
        position = (now, "")
        while position is not None:
            position = deferred.wake_before(organization_id, LONGEST_NIGHT, position, now, BATCH)
    log.info("policy changed", organization_id=organization_id)
