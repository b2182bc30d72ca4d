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

from gateway.models.base import dialect, lock
from gateway.models.notification import Notification
from gateway.models.organization import Organization

Row = Notification


@dataclass(frozen=True)
class Queue:
    """Notifications that wait for the same thing. Each part is made for the table or an alias of
    it; there is an index of those `waiting` by organization and `first`."""

    waiting: Callable[[Any], Any]
    ready: Callable[[Any], Any]  # of those waiting, may go now
    first: Callable[[Any], Any]  # the earliest has the lowest
    every: Callable[[Any], Any]  # an order in which an index has all that are ready


def take(queue: Queue, limit: int) -> list[str]:
    """Ids of the rows that go next, at most `limit`, in the order in which they should go. Locked
    until the transaction ends; rows that another transaction holds are passed over."""
    if limit < 1:
        return []
    if not _crowded(queue, limit):
        return _all(queue, limit)
    left = _organizations(queue)
    random.shuffle(left)
    taken: list[str] = []
    while left and len(taken) < limit:
        room = limit - len(taken)
        left = left[:room]
        share = -(-room // len(left))
        lines = _lines(queue, left, share, taken)
        rounds = chain.from_iterable(zip_longest(*(lines[one] for one in left if one in lines)))
        taken += [id_ for id_ in rounds if id_ is not None][:room]
        left = [one for one in left if len(lines.get(one, ())) == share]
    return taken


def _crowded(queue: Queue, limit: int) -> bool:
    beyond = Row.select(SQL("1")).where(queue.waiting(Row), queue.ready(Row))
    beyond = beyond.order_by(*queue.every(Row)).offset(limit).limit(1)
    return next(iter(beyond.tuples()), None) is not None


def _all(queue: Queue, limit: int) -> list[str]:
    found = Row.select(Row.id, queue.first(Row)).where(queue.waiting(Row), queue.ready(Row))
    found = found.order_by(*queue.every(Row)).limit(limit)
    rows = list(lock(found, skip_locked=True).tuples())
    return [id_ for id_, _ in sorted(rows, key=lambda row: (row[1], row[0]))]


def _organizations(queue: Queue) -> list[str]:
    """Organizations with rows that may go: one jump through the index for each that has any
    waiting, however many those are."""
    other, probe = Row.alias(), Row.alias()
    # Ordered by both columns, since only the index of those waiting has that order.
    start = Row.select(Row.organization).where(queue.waiting(Row))
    start = start.order_by(Row.organization, queue.first(Row)).limit(1)
    seen = Select(columns=(start,)).cte("seen", recursive=True, columns=("id",))
    after = (
        other.select(other.organization)
        .where(queue.waiting(other), other.organization > seen.c.id)
        .order_by(other.organization, queue.first(other))
        .limit(1)
    )
    every = seen.union_all(Select((seen,), (after,)).where(seen.c.id.is_null(False)))
    ready = probe.select(SQL("1")).where(
        probe.organization == every.c.id, queue.waiting(probe), queue.ready(probe)
    )
    query = every.select_from(every.c.id).where(every.c.id.is_null(False), fn.EXISTS(ready))
    return [id_ for (id_,) in query.bind(Row._meta.database).tuples()]


def _lines(
    queue: Queue, organizations: Sequence[str], share: int, besides: Sequence[str]
) -> dict[str, list[str]]:
    """The next rows of each organization, at most `share` of each, earliest first."""
    line = Row.alias()
    mine = line.select(line.id, queue.first(line)).where(
        line.organization == Organization.id,
        queue.waiting(line),
        queue.ready(line),
        line.id.not_in(list(besides)),
    )
    mine = mine.order_by(queue.first(line)).limit(share)
    if dialect() == "sqlite":
        joined = Organization.select(Organization.id, Row.id, queue.first(Row))
        joined = joined.join(Row, on=Row.id.in_(mine.select(line.id)))
    else:
        part = lock(mine, skip_locked=True).alias("part")
        joined = Organization.select(Organization.id, part.c.id, part.c[queue.first(Row).name])
        joined = joined.join(part, JOIN.LATERAL, on=SQL("true"))
    lines: dict[str, list[tuple[Any, str]]] = {}
    found: Any = joined.where(Organization.id.in_(organizations)).tuples()
    for organization, id_, first in found:
        lines.setdefault(organization, []).append((first, id_))
    return {one: [id_ for _, id_ in sorted(rows)] for one, rows in lines.items()}
