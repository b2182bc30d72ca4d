"""Which policy is in force."""

from gateway.domain import policy
from gateway.domain.policy import Policy
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.organization import Organization


def of(row: Notification) -> Policy:
    """The policy in force for a notification: its booking's over its organization's."""
    booking = Booking.get_or_none(Booking.id == row.booking_id) if row.booking_id else None
    return in_force(Organization.get_by_id(row.organization_id), booking)


def in_force(organization: Organization, booking: Booking | None) -> Policy:
    """A booking's policy over its organization's."""
    return policy.merged(organization.policy, booking.policy if booking is not None else None)
