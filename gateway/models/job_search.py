"""Finding the jobs of the queues, notifications and others, by where they stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import fn

from gateway.models.listing import Position, page
from gateway.models.queue_counts import JOBS, NOTIFICATIONS
from gateway.models.reach import Reach
from gateway.models.work_views import Work

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
    (given up, with an open letter). Filters: queue, kind, state (a standing, or dead), held_by."""
    row, queue, where = work.table, work.queue(), work.standing(now)
    dead = fn.EXISTS(work.dead())
    query = row.select(row, queue.alias("queue"), where.alias("standing"), dead.alias("dead"))
    query = query.where(work.mine(reach), dead | _shown(work, view))
    conditions: dict[str, Callable[[Any], Any]] = {
        "queue": lambda value: queue == value,
        "kind": lambda value: work.kind == value,
        "state": lambda value: dead if value == "dead" else where == value,
        "held_by": lambda value: row.held_by == value,
    }
    return page(query, filters, conditions, (row.created_at, row.id), before, limit)


def _shown(work: Work, view: View) -> Any:
    row, done = work.table, work.table.state.in_(list(work.done))
    found = [work.kind.not_in(list(view.since))]
    for kind, since in view.since.items():
        ended = (done & (row.finished_at >= since[True])) | (
            ~done & (row.finished_at >= since[False])
        )
        found.append((work.kind == kind) & ended)
    return row.finished_at.is_null() | (reduce(or_, found) & work.not_cleared(view.cleared))
