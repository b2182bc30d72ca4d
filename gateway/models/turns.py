"""Turns between organizations: which rows of a queue go next when not all of them can.

Inside an organization the earliest goes first. Between organizations it is one each, round after
round, so that however much of one waits, another's next row is at most one round away.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from peewee import JOIN, SQL, Select, fn

from gateway.models.base import db, dialect, lock
from gateway.models.notification import Notification
from gateway.models.organization import Organization

# Not a parameter, which PostgreSQL takes for a tenth of all rows and plans anew each time.
ONE = SQL("1")


@dataclass(frozen=True)
class Queue:
    """Rows of a table that wait for the same thing. Each part is made for the table or an alias of
    it; there is an index of those `waiting` by organization and `first`."""

    waiting: Callable[[Any], Any]
    ready: Callable[[Any], Any]  # of those waiting, may go now
    first: Callable[[Any], Any]  # the earliest has the lowest
    every: Callable[[Any], Any]  # an order in which an index has all that are ready
    table: Any = Notification  # with an organization; rows that belong to none go first


def take(queue: Queue, limit: int) -> list[str]:
    """Ids of the rows that go next, at most `limit`, in the order in which they should go. Locked
    until the transaction ends; rows that another transaction holds are passed over."""
    if limit < 1:
        return []
    rows = _earliest(queue, limit + 1)
    if len(rows) <= limit:
        return rows
    left = _organizations(queue)
    random.shuffle(left)
    taken = _nobodys(queue, limit) if queue.table.organization.null else []
    while left and len(taken) < limit:
        room = limit - len(taken)
        left = left[:room]
        share = -(-room // len(left))
        lines = _lines(queue, left, share, taken)
        rounds = chain.from_iterable(zip_longest(*(lines[one] for one in left if one in lines)))
        taken += [id_ for id_ in rounds if id_ is not None][:room]
        left = [one for one in left if len(lines.get(one, ())) == share]
    return taken


def _nobodys(queue: Queue, limit: int) -> list[str]:
    row = queue.table
    found = row.select(row.id).where(row.organization.is_null(), queue.waiting(row))
    found = found.where(queue.ready(row)).order_by(queue.first(row)).limit(limit)
    return [one.id for one in lock(found, skip_locked=True)]


def _earliest(queue: Queue, limit: int) -> list[str]:
    row = queue.table
    found = row.select(row.id, queue.first(row)).where(queue.waiting(row), queue.ready(row))
    found = found.order_by(*queue.every(row)).limit(limit)
    rows = list(lock(found, skip_locked=True).tuples())
    return [id_ for id_, _ in sorted(rows, key=lambda one: (one[1], one[0]))]


def _organizations(queue: Queue) -> list[str]:
    """Organizations with rows that may go: one jump through the index for each that has any
    waiting, however many those are."""
    row = queue.table
    other, probe = row.alias(), row.alias()
    # Ordered by both columns, since only the index of those waiting has that order.
    start = row.select(row.organization).where(queue.waiting(row), row.organization.is_null(False))
    start = start.order_by(row.organization, queue.first(row)).limit(ONE)
    seen = Select(columns=(start,)).cte("seen", recursive=True, columns=("id",))
    after = (
        other.select(other.organization)
        .where(queue.waiting(other), other.organization > seen.c.id)
        .order_by(other.organization, queue.first(other))
        .limit(ONE)
    )
    every = seen.union_all(Select((seen,), (after,)).where(seen.c.id.is_null(False)))
    ready = probe.select(SQL("1")).where(
        probe.organization == every.c.id, queue.waiting(probe), queue.ready(probe)
    )
    query = every.select_from(every.c.id).where(every.c.id.is_null(False), fn.EXISTS(ready))
    return [id_ for (id_,) in query.bind(db.obj).tuples()]


def _lines(
    queue: Queue, organizations: Sequence[str], share: int, besides: Sequence[str]
) -> dict[str, list[str]]:
    """The next rows of each organization, at most `share` of each, earliest first."""
    row = queue.table
    line = row.alias()
    mine = line.select(line.id, queue.first(line)).where(
        line.organization == Organization.id,
        queue.waiting(line),
        queue.ready(line),
        line.id.not_in(list(besides)),
    )
    mine = mine.order_by(queue.first(line)).limit(share)
    if dialect() == "sqlite":
        joined = Organization.select(Organization.id, row.id, queue.first(row))
        joined = joined.join(row, on=row.id.in_(mine.select(line.id)))
    else:
        part = lock(mine, skip_locked=True).alias("part")
        joined = Organization.select(Organization.id, part.c.id, part.c[queue.first(row).name])
        joined = joined.join(part, JOIN.LATERAL, on=SQL("true"))
    lines: dict[str, list[tuple[Any, str]]] = {}
    found: Any = joined.where(Organization.id.in_(organizations)).tuples()
    for organization, id_, first in found:
        lines.setdefault(organization, []).append((first, id_))
    return {one: [id_ for _, id_ in sorted(rows)] for one, rows in lines.items()}
