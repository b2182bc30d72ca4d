"""Notifications that were put off by a policy, and are to be looked at again under another."""

from datetime import datetime, timedelta
from typing import Any

from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models.base import atomic, lock
from gateway.models.notification import Notification
from gateway.models.upcoming import wrote

Row = Notification
Position = tuple[datetime, str]
MODES = ("live", "test")
_PUT_OFF = (Reason.QUIET_HOURS, Reason.RATE_LIMITED)


def _waiting(organization_id: str, now: datetime) -> Any:
    """Those of an organization that wait for their moment: neither for a hold or a sender, nor
    between two tries."""
    mine = (Row.organization == organization_id) & Row.mode.in_(MODES) & (Row.state == N.SCHEDULED)
    for_time = Row.held_by.is_null() & Row.slot_at.is_null() & (Row.next_attempt_at > now)
    return mine & for_time & (Row.failures == 0) & (Row.repeats == 0)


def _beyond(column: Any, after: Position) -> Any:
    since, last = after
    return (column > since) | ((column == since) & (Row.id > last))


def reopen(organization_id: str, after: Position, now: datetime, limit: int) -> Position | None:
    """Have those that were put off past their moment be due at once: after a position (when they
    would be looked at, id), the earliest first and at most `limit`. The next position, None at the
    end; one that is put off again meanwhile does not come back before it."""
    until = Row.next_attempt_at
    late = (Row.due_at <= now) | Row.reason.in_(_PUT_OFF)
    some = Row.select(Row.id, until).where(
        _waiting(organization_id, now), late, _beyond(until, after)
    )
    with atomic():
        rows = list(lock(some.order_by(until, Row.id).limit(limit), skip_locked=True))
        Row.update(next_attempt_at=now).where(Row.id.in_([row.id for row in rows])).execute()
        wrote(now if rows else None)
    return (rows[-1].next_attempt_at, rows[-1].id) if len(rows) == limit else None


def wake_before(
    organization_id: str, ahead: timedelta, after: Position, now: datetime, limit: int
) -> Position | None:
    """Have those that are not due yet be looked at so long `ahead` of their moment: after a
    position (due, id), the earliest first and at most `limit`. The next position, None at the
    end."""
    some = Row.select(Row.id, Row.due_at).where(
        _waiting(organization_id, now), _beyond(Row.due_at, after)
    )
    with atomic():
        rows = list(lock(some.order_by(Row.due_at, Row.id).limit(limit), skip_locked=True))
        for row in rows:
            moment = max(now, row.due_at - ahead)
            sooner = (Row.id == row.id) & (Row.next_attempt_at > moment)
            if Row.update(next_attempt_at=moment).where(sooner).execute():
                wrote(moment)
    return (rows[-1].due_at, rows[-1].id) if len(rows) == limit else None
