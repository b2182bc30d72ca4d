"""Turns: which rows a clock takes next, and what became of those it took."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import Case, fn

from gateway.domain.lanes import priority
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import alone, atomic, lock, take_due
from gateway.models.feed import FeedEntry
from gateway.models.hold import SENDER
from gateway.models.notification import LET_GO, Notification, told
from gateway.models.rate import RATE
from gateway.models.turns import Queue, take

Row = Notification
ALIKE = 500  # rows that are held back along with one


def claim_due(
    lane: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    only: str | None = None,
    besides: Collection[str] = (),
) -> list[tuple[str, int]]:
    """Claim due rows of a lane for the workers, of one kind of work only, or all `besides` some:
    (id, claim) of each, at most `limit`, in the order in which they should go. Any number of clocks
    may do this at once; each row goes to one of them. When more is due than `limit`, organizations
    take turns."""

    def waiting(row: Any) -> Any:
        found = (row.lane == lane) & row.next_attempt_at.is_null(False)
        if only is not None:
            found &= row.purpose == only
        return found & row.purpose.not_in(list(besides)) if besides else found

    due = Queue(
        waiting=waiting,
        ready=lambda row: row.next_attempt_at <= now,
        first=lambda row: row.next_attempt_at,
        every=lambda row: (row.next_attempt_at,),
    )
    return _claim(due, now, limit, lease)


def _claim(due: Queue, now: datetime, limit: int, lease: timedelta) -> list[tuple[str, int]]:
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


def claim_within(
    kind: str, most: int, lane: str, now: datetime, limit: int, lease: timedelta
) -> list[tuple[str, int]]:
    """Claim due rows of a kind as `claim_due` does, as long as fewer than `most` of it are at work,
    all lanes and processes together. Clocks count one after the other: who finds another counting
    takes none."""
    if limit < 1:
        return []
    with atomic():
        if not alone(f"kind|{kind}"):
            return []
        room = min(limit, most - in_flight().get(kind, 0))
        return claim_due(lane, now, room, lease, only=kind)


def hold_alike(row: Notification, scope: str, now: datetime) -> int:
    """Have due rows wait under the name for which this one has to, if they would leave in its way:
    the same organization and mode, the same kind of work, the same step of the same plan. They need
    not be turned away one by one. Those that were let go already keep their turn. Returns how many
    there were."""
    alike = Row.select(Row.id).where(
        Row.lane == row.lane,
        Row.organization == row.organization_id,
        Row.next_attempt_at <= now,
        Row.mode == row.mode,
        Row.purpose == row.purpose,
        Row.state == N.SCHEDULED,
        Row.held_by.is_null(),
        Row.slot_at.is_null(),
        Row.expires_at > now,
        Row.step == row.step,
        Row.plan == row.plan,
    )
    alike = alike.order_by(Row.next_attempt_at).limit(ALIKE)
    held = Row.update(held_by=scope, next_attempt_at=Row.expires_at)
    return int(held.where(Row.id.in_(lock(alike, skip_locked=True))).execute())


def release_held(scope: str, limit: int, now: datetime) -> int:
    """As `let_go`; returns how many there were."""
    return len(let_go(scope, limit, now))


def let_go(scope: str, limit: int, now: datetime) -> list[str]:
    """Let rows go that a hold or a rate kept back: they are due at `now`. At most `limit`, those of
    the first lanes first, organizations taking turns, the earliest due of each first. Returns their
    ids."""
    turn = LET_GO if scope.startswith((SENDER, RATE)) else None
    released: list[str] = []
    for lane in _lanes_held(scope):
        if len(released) >= limit:
            break
        with atomic():
            ids = take(_held(scope, lane), limit - len(released))
            _let_go(ids, now, turn)
        released += ids
    return released


def on_the_way(ids: Collection[str]) -> list[str]:
    """Which of these rows, let go to a sender or a rate, did not get past the gate yet."""
    out = Row.select(Row.id).where(
        Row.id.in_(list(ids)),
        Row.slot_at.is_null(False),
        Row.held_by.is_null(),
        Row.state.in_(PENDING),
    )
    return [row.id for row in out]


def _held(scope: str, lane: str) -> Queue:
    return Queue(
        waiting=lambda row: (row.held_by == scope) & (row.lane == lane),
        ready=lambda row: row.held_by == scope,
        first=lambda row: row.due_at,
        every=lambda row: (row.organization, row.due_at),
    )


def _lanes_held(scope: str) -> list[str]:
    """The lanes of the rows that wait under a name, the first to be served first."""
    found: list[str] = []
    while True:
        beyond = Row.lane > found[-1] if found else Row.lane.is_null(False)
        lane = Row.select(fn.MIN(Row.lane)).where(Row.held_by == scope, beyond).scalar()
        if lane is None:
            return sorted(found, key=priority)
        found.append(lane)


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


def overdue_leases(now: datetime, limit: int = 500) -> list[Notification]:
    """Rows whose holder did not finish in time."""
    return list(Row.select().where(Row.lease_until < now).order_by(Row.lease_until).limit(limit))


def claim_steps(now: datetime, limit: int, pause: timedelta) -> list[str]:
    """Ids of rows whose present step had its time, put off by `pause` so that they are not handed
    out again at once."""
    return [row.id for row in take_due(Row.step_until, now, limit, pause)]


def in_flight() -> dict[str, int]:
    """How many rows a clock or a worker holds, by kind of work."""
    held = Row.select(Row.purpose, fn.COUNT(Row.id)).where(Row.lease_until.is_null(False))
    counted: Any = held.group_by(Row.purpose).tuples()
    return dict(counted)


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
