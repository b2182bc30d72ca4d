"""Finding the jobs of the queues, notifications and others, by where they stand."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import fn

from gateway.models.listing import Position, page
from gateway.models.queue_counts import JOBS, NOTIFICATIONS
from gateway.models.reach import Reach
from gateway.models.work_views import EVERY, Work

TABLES = (NOTIFICATIONS, JOBS)


@dataclass(frozen=True)
class View:
    """Since when finished jobs are shown: by kind of those done and of those failed, and by queue
    since it was cleared."""

    since: Mapping[str, Mapping[bool, datetime]]
    cleared: Mapping[str, datetime]


def find(
    work: Work,
    reach: Reach,
    filters: dict[str, Any],
    view: View,
    now: datetime,
    limit: int,
    before: Position | None = None,
) -> list[Any]:
    """Rows of one table newest first, each with its `queue`, `standing` and whether it is `dead`
    (given up, with an open letter). Filters: queue, kind, state (a standing, or dead), held_by,
    id."""
    row, queue, where = work.table, work.queue(), work.standing(now)
    dead = fn.EXISTS(work.dead())
    query = row.select(row, queue.alias("queue"), where.alias("standing"), dead.alias("dead"))
    query = query.where(work.mine(reach))
    conditions: dict[str, Callable[[Any], Any]] = {
        "queue": lambda value: queue == value,
        "kind": lambda value: work.kind == value,
        "state": lambda value: dead if value == "dead" else where == value,
        "held_by": lambda value: row.held_by == value,
        "id": lambda value: row.id == value,
    }
    found: dict[str, Any] = {}
    # One query for each part, since each has an index and all of them together have none.
    for part in _parts(work, view):
        order = (row.created_at, row.id)
        found |= {
            one.id: one
            for one in page(query.where(part), filters, conditions, order, before, limit)
        }
    return sorted(found.values(), key=lambda one: (one.created_at, one.id), reverse=True)[:limit]


def _parts(work: Work, view: View) -> Iterator[Any]:
    """What is shown: all that is not over, what ended lately, and what has an open letter. A view
    without any moments shows everything."""
    row = work.table
    if not view.since:
        yield EVERY
        return
    yield row.finished_at.is_null()
    for done, states in ((True, work.done), (False, work.failed)):
        earliest = min(since[done] for since in view.since.values())
        recent = row.state.in_(list(states)) & (row.finished_at >= earliest)
        yield recent & _shown(work, view)
    yield row.id.in_(work.buried())


def _shown(work: Work, view: View) -> Any:
    row, done = work.table, work.table.state.in_(list(work.done))
    found = [work.kind.not_in(list(view.since))]
    for kind, since in view.since.items():
        ended = (done & (row.finished_at >= since[True])) | (
            ~done & (row.finished_at >= since[False])
        )
        found.append((work.kind == kind) & ended)
    return reduce(or_, found) & work.not_cleared(view.cleared)
