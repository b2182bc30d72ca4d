"""Turns: which rows a clock takes next, and what became of those it took."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import Case, fn

from gateway.domain.lanes import priority
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import due
from gateway.models.base import atomic, lock, take_due
from gateway.models.feed import FeedEntry
from gateway.models.hold import SENDER
from gateway.models.listed import among, listed
from gateway.models.notification import LET_GO, Notification, told
from gateway.models.prepared import Given, Prepared
from gateway.models.rate import RATE
from gateway.models.turns import Queue, take

Row = Notification
SOURCE = due.Source(Row, Row.purpose, N.DUE)
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
    told_of = (Row.organization, Row.mode, Row.state, Row.reason)
    with atomic():
        rows = due.claim(SOURCE, lane, now, limit, lease, only=only, besides=besides, also=told_of)
        FeedEntry.append([told(row.__data__, now) for row in rows])
    return [(row.id, row.claim) for row in rows]


def claim_within(
    kind: str, most: int, lane: str, now: datetime, limit: int, lease: timedelta
) -> list[tuple[str, int]]:
    """Claim due rows of a kind as `claim_due` does, as long as fewer than `most` of it are at work,
    jobs of the kind, all lanes and processes together."""

    def claim(room: int) -> list[tuple[str, int]]:
        return claim_due(lane, now, room, lease, only=kind)

    return due.within(kind, most, limit, claim)


def held_each(claims: Collection[tuple[str, int]]) -> dict[tuple[str, int], Notification]:
    """The due rows that these claims (id, claim) hold and that were never tried, locked in the
    order of their ids, without those that another transaction holds."""
    ids = listed([id_ for id_, _ in claims])
    found = {(row.id, row.claim): row for row in _HELD_EACH.rows(ids=ids, state=N.DUE, none=0)}
    return {claim: found[claim] for claim in claims if claim in found}


def _held_each() -> Any:
    none = Given("none")  # what went before it may hold locks that others wait for
    first = (Row.tries == none, Row.failures == none)
    mine = Row.select().where(among(Row.id, "ids"), Row.state == Given("state"), *first)
    return lock(mine.order_by(Row.id), skip_locked=True)


_HELD_EACH = Prepared(_held_each)


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
    waits: dict[str, Any] = {"held_by": scope, "next_attempt_at": Row.expires_at}
    if row.step_until is not None:
        # Half of what is left to those that end sooner may be less.
        alike = alike.where(Row.expires_at >= row.expires_at)
        waits["step_until"] = row.step_until
    alike = alike.order_by(Row.next_attempt_at).limit(ALIKE)
    held = Row.update(**waits)
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


def release_all_due(now: datetime) -> int:
    """Let every claim that no worker has taken up run out at once: the broker lost its
    messages. Returns how many there were."""
    return due.release_all(SOURCE, now)


def hand_back(claimed: Iterable[tuple[str, int]], now: datetime) -> int:
    """Let these claims (id, claim) run out at once: the broker did not take their messages. Those
    that a worker took up all the same stay with it. Returns how many there were."""
    return due.hand_back(SOURCE, claimed, now)
