"""Turns: which rows a clock takes next, and what became of those it took."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import Case

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import atomic, lock
from gateway.models.feed import FeedEntry
from gateway.models.hold import SENDER
from gateway.models.notification import LET_GO, Notification, told
from gateway.models.turns import Queue, take

Row = Notification


def claim_due(now: datetime, limit: int, lease: timedelta) -> list[tuple[str, int]]:
    """Claim due rows for the workers: (id, claim) of each, at most `limit`, in the order in which
    they should go. Any number of clocks may do this at once; each row goes to one of them. When
    more is due than `limit`, organizations take turns."""
    due = Queue(
        waiting=lambda row: row.next_attempt_at.is_null(False),
        ready=lambda row: row.next_attempt_at <= now,
        first=lambda row: row.next_attempt_at,
        every=lambda row: (row.next_attempt_at,),
    )
    with atomic():
        ids = take(due, limit)
        if not ids:
            return []
        claimed = {
            row.id: row
            for row in Row.update(
                state=N.DUE,
                next_attempt_at=None,
                held_by=None,
                claim=Row.claim + 1,
                lease_until=now + lease,
            )
            .where(Row.id.in_(ids))
            .returning(Row.id, Row.organization, Row.mode, Row.state, Row.reason, Row.claim)
            .execute()
        }
        FeedEntry.append([told(claimed[id_].__data__, now) for id_ in ids])
    return [(id_, claimed[id_].claim) for id_ in ids]


def release_held(scope: str, limit: int, now: datetime) -> int:
    """Let rows go that a hold or a busy sender kept back: they are due at `now`. At most `limit`,
    organizations taking turns, the earliest due of each first. Returns how many there were."""
    held = Queue(
        waiting=lambda row: row.held_by == scope,
        ready=lambda row: row.held_by == scope,
        first=lambda row: row.due_at,
        every=lambda row: (row.organization, row.due_at),
    )
    with atomic():
        ids = take(held, limit)
        _let_go(ids, now, LET_GO if scope.startswith(SENDER) else None)
    return len(ids)


def release_one(scope: str, now: datetime) -> int:
    """Let one held row go, to try whether the others may: of those with the fewest tries the
    earliest, so that none is asked to try again and again."""
    fewest = Row.select(Row.id).where(Row.held_by == scope).order_by(Row.tries, Row.due_at).limit(1)
    with atomic():
        ids = [row.id for row in lock(fewest, skip_locked=True)]
        _let_go(ids, now, None)
    return len(ids)


def _let_go(ids: list[str], now: datetime, turn: datetime | None) -> None:
    due = Row.next_attempt_at.to_value(now)
    again = Case(None, [(Row.state == N.SCHEDULED, due)], Row.next_attempt_at)
    free = Row.update(held_by=None, next_attempt_at=again, slot_at=turn)
    free.where(Row.id.in_(ids)).execute()


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
    return _run_out(Row.state == N.DUE, now)


def hand_back(claimed: Iterable[tuple[str, int]], now: datetime) -> int:
    """Let these claims (id, claim) run out at once: the broker did not take their messages. Those
    that a worker took up all the same stay with it. Returns how many there were."""
    known = dict(claimed)
    theirs = Row.id.in_(list(known)) & Row.claim.in_(set(known.values()))
    return _run_out(theirs & (Row.state == N.DUE), now)


def _run_out(which: Any, now: datetime) -> int:
    waiting = Row.select(Row.id).where(Row.lease_until.is_null(False), which)
    mine = lock(waiting.order_by(Row.id), skip_locked=True)
    held = Row.update(lease_until=now - timedelta(seconds=1)).where(Row.id.in_(mine))
    return int(held.execute())
