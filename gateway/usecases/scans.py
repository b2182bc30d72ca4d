"""The hourly look for appointments that need a reminder and have none: a safety net under the
plans, which are written with the bookings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import structlog

from gateway.domain import times
from gateway.models import claims
from gateway.models.organization import Organization
from gateway.models.reach import Reach
from gateway.usecases import jobs, operators, policies, rescan

log = structlog.get_logger(__name__)

JOB = "appointment.scan"
MODES = ("live", "test")
NEAR = timedelta(hours=25)  # a day ahead, and an hour until the next look
MOST = 300  # bookings that one job looks at; the next goes on where it ended


def plan(organizations: Sequence[Organization], now: datetime) -> int:
    """Have these organizations' bookings be looked at; returns how many jobs that are."""
    for organization in organizations:
        for mode in MODES:
            jobs.plan(JOB, f"{organization.id}|{mode}", now, now, organization.id, mode)
    return len(organizations) * len(MODES)


def scan(key: str, now: datetime) -> None:
    """The job (`organization|mode`, and `|start` where it goes on): compare the bookings of the
    next day, and at least of the policy's look-ahead, with what their rules ask for; of those
    further ahead look at the ones that have no reminder at all. Safe to repeat."""
    organization_id, mode, *start = key.split("|")
    since = datetime.fromisoformat(start[0]).astimezone(UTC) if start else now
    organization = Organization.get_by_id(organization_id)
    ahead = timedelta(minutes=policies.in_force(organization, None).lookahead_minutes)
    near, reach = now + max(NEAR, ahead), Reach(organization_id, mode)
    found = rescan.Found()
    if since < near:
        found = rescan.look(reach, now, since, near, MOST)
    if found.next is None:
        bare = rescan.look(reach, now, max(since, near), None, MOST - found.bookings, bare=True)
        found.bookings += bare.bookings
        found.missing += bare.missing
        found.ring += bare.ring
        found.next = bare.next
    # Nobody rings here: the clock finds them.
    claims.hand_back(((id_, claim) for id_, claim, _ in found.ring), now)
    if found.next is not None and found.next > since:
        on = times.shown(found.next)
        jobs.plan(JOB, f"{organization_id}|{mode}|{on}", now, now, organization_id, mode)
    if found.missing:
        done = operators.at_the_console(organization_id, mode)
        operators.note(done, "scan-appointments", [(None, str(found.missing))], now)
        log.warning("missing reminders planned", missing=found.missing, bookings=found.bookings)
