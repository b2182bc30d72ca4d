"""Finding the jobs of the queues: notifications, by where they stand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL, fn

from gateway.models.dead_letter import NOTIFICATION, DeadLetter
from gateway.models.listing import Position, page
from gateway.models.notification import Notification
from gateway.models.queue_counts import DONE, mine, not_cleared, queue, standing
from gateway.models.reach import Reach

Row = Notification


@dataclass(frozen=True)
class View:
    """Since when finished jobs are shown: by kind of those done and of those failed, and by queue
    since it was cleared."""

    since: Mapping[str, Mapping[bool, datetime]]
    cleared: Mapping[str, datetime]


def find(
    reach: Reach,
    filters: dict[str, Any],
    view: View,
    now: datetime,
    limit: int,
    before: Position | None = None,
) -> list[Notification]:
    """Jobs newest first, each with its `queue`, `standing` and whether it is `dead` (given up, with
    an open letter). Filters: queue, kind, state (a standing, or dead), held_by."""
    letters = DeadLetter.select(SQL("1")).where(
        DeadLetter.object_id == Row.id,
        DeadLetter.object == NOTIFICATION,
        DeadLetter.resolved_at.is_null(),
    )
    dead = fn.EXISTS(letters)
    where = standing(now)
    query = Row.select(
        Row, queue().alias("queue"), where.alias("standing"), dead.alias("dead")
    ).where(mine(reach), dead | _shown(view))
    conditions: dict[str, Callable[[Any], Any]] = {
        "queue": lambda value: queue() == value,
        "kind": lambda value: Row.purpose == value,
        "state": lambda value: dead if value == "dead" else where == value,
        "held_by": lambda value: Row.held_by == value,
    }
    return page(query, filters, conditions, (Row.created_at, Row.id), before, limit)


def _shown(view: View) -> Any:
    found = [Row.purpose.not_in(list(view.since))]
    for kind, since in view.since.items():
        done = Row.state.in_(DONE) & (Row.finished_at >= since[True])
        failed = Row.state.not_in(DONE) & (Row.finished_at >= since[False])
        found.append((Row.purpose == kind) & (done | failed))
    return Row.finished_at.is_null() | (reduce(or_, found) & not_cleared(view.cleared))
