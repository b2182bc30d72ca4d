"""Quiet hours in tests: none where nothing is said, since they run at any hour."""

from datetime import UTC, datetime, timedelta

from gateway.models import base
from gateway.models.organization import Organization


def winter_monday() -> datetime:
    """Ten in the morning in Berlin, on a Monday of next January: ahead whenever tests run, and no
    clocks change about then."""
    first = datetime(datetime.now(UTC).year + 1, 1, 8, 9, tzinfo=UTC)
    return first + timedelta(days=-first.weekday() % 7)


def none_are_quiet(organization_id: str) -> None:
    """Have an organization disturb people at any hour."""
    mine = Organization.id == organization_id
    Organization.update(policy={"quiet_hours": None}).where(mine).execute()


def nights_are_quiet() -> None:
    """Have every organization keep the hours that are usual."""
    with base.connection():
        Organization.update(policy={}).execute()
