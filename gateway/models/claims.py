"""Turns: which rows a clock takes next, and what became of those it took."""

from datetime import datetime, timedelta

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import atomic, lock
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification, told

Row = Notification


def claim_due(now: datetime, limit: int, lease: timedelta) -> list[tuple[str, int]]:
    """Claim the earliest due rows for the workers: (id, claim) of each, at most `limit`. Any
    number of clocks may do this at once; each row goes to one of them."""
    waiting = (
        Row.select(Row.id)
        .where(Row.next_attempt_at <= now)
        .order_by(Row.next_attempt_at)
        .limit(limit)
    )
    with atomic():
        claimed = list(
            Row.update(
                state=N.DUE,
                next_attempt_at=None,
                claim=Row.claim + 1,
                lease_until=now + lease,
            )
            .where(Row.id.in_(lock(waiting, skip_locked=True)))
            .returning(Row)
            .execute()
        )
        FeedEntry.append([told(row.__data__, now) for row in claimed])
    return [(row.id, row.claim) for row in claimed]


def next_due() -> datetime | None:
    """When the next waiting row falls due; None when nothing waits."""
    first = (
        Row.select(Row.next_attempt_at)
        .where(Row.next_attempt_at.is_null(False))
        .order_by(Row.next_attempt_at)
        .first()
    )
    return first.next_attempt_at if first else None


def overdue_leases(now: datetime, limit: int = 500) -> list[Notification]:
    """Rows whose holder did not finish in time."""
    return list(Row.select().where(Row.lease_until < now).order_by(Row.lease_until).limit(limit))


def release_all_due(now: datetime) -> int:
    """Let every claim that no worker has taken up run out at once: the broker lost its
    messages. Returns how many there were."""
    waiting = Row.select(Row.id).where(Row.lease_until.is_null(False), Row.state == N.DUE)
    mine = lock(waiting.order_by(Row.id), skip_locked=True)
    held = Row.update(lease_until=now - timedelta(seconds=1)).where(Row.id.in_(mine))
    return int(held.execute())
