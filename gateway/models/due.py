"""Claiming rows that fall due, whatever table they are of: notifications and jobs go by the same
rules, so that both are counted where only so many of a kind may be at work."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import Value, fn

from gateway.models.base import alone, atomic, dialect, lock
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.models.prepared import Prepared
from gateway.models.turns import Queue, take

Claims = list[tuple[str, int]]


@dataclass(frozen=True)
class Source:
    """A table of rows that fall due: the column of their kind of work, and the state of those that
    a clock has claimed."""

    table: Any
    kind: Any
    claimed: str


def claim(
    source: Source,
    lane: str,
    now: datetime,
    limit: int,
    lease: timedelta,
    *,
    only: str | None = None,
    besides: Collection[str] = (),
    also: Collection[Any] = (),
) -> list[Any]:
    """Claim due rows of a lane, of one kind of work only, or all `besides` some: their ids, claims
    and the columns `also` asked for, at most `limit`, in the order in which they should go. Call it
    inside a transaction."""
    ids = take(line(source, lane, now, only=only, besides=besides), limit)
    if not ids:
        return []
    table = source.table
    mine = table.update(
        state=source.claimed,
        next_attempt_at=None,
        held_by=None,
        claim=table.claim + 1,
        lease_until=now + lease,
    ).where(among(table.id, ids))
    claimed = {row.id: row for row in mine.returning(table.id, table.claim, *also).execute()}
    return [claimed[id_] for id_ in ids]


def line(
    source: Source,
    lane: str,
    now: datetime,
    *,
    only: str | None = None,
    besides: Collection[str] = (),
    untried: bool = False,
) -> Queue:
    """The due rows of a lane, for their turns; which ones as in `claim`, or those that never failed
    (`untried`)."""

    def waiting(row: Any) -> Any:
        found = (row.lane == lane) & row.next_attempt_at.is_null(False)
        kind = getattr(row, source.kind.name)
        if only is not None:
            found &= kind == only
        if untried:
            found &= row.reason.is_null()
        return found & kind.not_in(list(besides)) if besides else found

    return Queue(
        waiting=waiting,
        ready=lambda row: row.next_attempt_at <= now,
        first=lambda row: row.next_attempt_at,
        every=lambda row: (row.next_attempt_at,),
        table=source.table,
    )


def among(ids: Any, values: Sequence[str]) -> Any:
    """Whether an id is among these. PostgreSQL takes them as one value, so that the statement is
    the same however many they are."""
    if dialect() == "sqlite":
        return ids.in_(values)
    return ids == fn.ANY(Value(list(values), converter=False, unpack=False))


def within(kind: str, most: int, limit: int, work: Callable[[int], Claims]) -> Claims:
    """Claim rows of a kind by `work`, as long as fewer than `most` of it are at work, all tables,
    lanes and processes together. Clocks count one after the other: who finds another counting
    takes none."""
    if limit < 1:
        return []
    with atomic():
        if not alone(f"kind|{kind}"):
            return []
        return work(min(limit, most - in_flight()[kind]))


def in_flight() -> Counter[str]:
    """How many rows a clock or a worker holds, by kind of work."""
    counted: Counter[str] = Counter()
    for held in _HELD:
        counted.update(dict(held.rows()))
    return counted


def _held(table: Any, kind: Any) -> Prepared:
    held = table.select(kind, fn.COUNT(table.id)).where(table.lease_until.is_null(False))
    return Prepared(lambda: held.group_by(kind).tuples())


_HELD = (_held(Notification, Notification.purpose), _held(Job, Job.kind))


def hand_back(source: Source, claimed: Iterable[tuple[str, int]], now: datetime) -> int:
    """Let these claims (id, claim) run out at once: the broker did not take their messages. Those
    that a worker took up all the same stay with it. Returns how many there were."""
    known, table = dict(claimed), source.table
    return _run_out(source, now, table.id.in_(list(known)), table.claim.in_(set(known.values())))


def release_all(source: Source, now: datetime) -> int:
    """Let every claim that no worker has taken up run out at once: the broker lost its messages.
    Returns how many there were."""
    return _run_out(source, now)


def _run_out(source: Source, now: datetime, *which: Any) -> int:
    table = source.table
    waiting = table.select(table.id).where(
        table.lease_until.is_null(False), table.state == source.claimed, *which
    )
    mine = lock(waiting.order_by(table.id), skip_locked=True)
    held = table.update(lease_until=now - timedelta(seconds=1)).where(table.id.in_(mine))
    return int(held.execute())
