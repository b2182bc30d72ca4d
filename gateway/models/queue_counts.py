"""Counting the rows of each queue."""

from datetime import datetime
from typing import Any

from peewee import SQL, Case, fn

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import Reach

NAMES = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
_DONE = (N.REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED)
_ACTIVE = (N.SENDING, N.UNKNOWN)
_UNAPPLIED = {"parked": "delayed", "dead": "dead", "discarded": "failed"}
_APPLIED = {"received": "waiting", "applied": "completed"}


def notifications(organization_id: str, mode: str, now: datetime) -> dict[str, dict[str, int]]:
    """Counts by kind of notification of one organization and mode."""
    row = Notification
    standing = Case(
        None,
        (
            (row.lease_until < now, "stalled"),
            (row.state == N.DUE, "waiting"),
            ((row.state == N.SCHEDULED) & (row.next_attempt_at <= now), "waiting"),
            ((row.state == N.SCHEDULED) & row.held_by.is_null(False), "waiting"),
            (row.state == N.SCHEDULED, "delayed"),
            (row.state.in_(_ACTIVE) & row.finished_at.is_null(), "active"),
            (row.state.in_(_DONE), "completed"),
        ),
        "failed",
    )
    counted: Any = (
        row.select(row.kind, standing.alias("standing"), fn.COUNT(row.id))
        .where(row.organization == organization_id, row.mode == mode)
        .group_by(SQL("1"), SQL("2"))
        .tuples()
    )
    counts: dict[str, dict[str, int]] = {}
    for kind, name, count in counted:
        counts.setdefault(kind, dict.fromkeys(NAMES, 0))[name] += count
    for kind, count in _dead(organization_id, mode):
        counts.setdefault(kind, dict.fromkeys(NAMES, 0))["dead"] += count
    return counts


def _dead(organization_id: str, mode: str) -> list[tuple[str, int]]:
    buried: Any = (
        DeadLetter.select(Notification.kind, fn.COUNT(DeadLetter.id))
        .join(Notification, on=(DeadLetter.object_id == Notification.id))
        .where(
            DeadLetter.organization == organization_id,
            DeadLetter.mode == mode,
            DeadLetter.object == "notification",
            DeadLetter.resolved_at.is_null(),
        )
        .group_by(Notification.kind)
    )
    return list(buried.tuples())


def events(organization_id: str, reach: Reach) -> dict[str, int]:
    """Counts of the inbox: of events that are known to be this organization's, and of all that are
    within reach and could not be applied."""
    row = ProviderEvent
    kept = row.state.in_(list(_UNAPPLIED)) & reach.events()
    done = row.state.in_(list(_APPLIED)) & (row.organization == organization_id)
    counts = dict.fromkeys(NAMES, 0)
    # One that could not be read is parked and not tried again by itself.
    given_up = (row.state == "parked") & row.next_attempt_at.is_null()
    state = Case(None, ((given_up, "dead"),), row.state)
    counted: Any = row.select(state, fn.COUNT(row.id)).where(kept | done).group_by(SQL("1"))
    for word, count in counted.tuples():
        counts[(_UNAPPLIED | _APPLIED)[word]] += count
    return counts
