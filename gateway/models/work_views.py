"""How the queue views see rows of work, notifications and jobs alike: where each stands, and how
long what is finished is shown."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL

from gateway.kinds import Kept
from gateway.models.dead_letter import DeadLetter
from gateway.models.reach import NOBODY, Reach

EVERY = ~NOBODY


@dataclass(frozen=True)
class Work:
    """A table of work: how dead letters call it, the column of the kind of work, the states of what
    is done and of what failed, and as expressions its queue and where it stands (in the words of
    queue_counts.NAMES). `shared`: a row without a mode belongs to both."""

    table: Any
    object: str
    kind: Any
    done: Collection[str]
    failed: Collection[str]
    queue: Callable[[], Any]
    standing: Callable[[datetime], Any]
    shared: bool = False

    def mine(self, reach: Reach) -> Any:
        """The condition on rows within reach."""
        row, found = self.table, EVERY
        if not self.shared:
            return reach.rows(row)
        if reach.organization_id is not None:
            found &= row.organization == reach.organization_id
        if reach.mode is not None:
            found &= (row.mode == reach.mode) | row.mode.is_null()
        return found

    def in_view(
        self, kept: Mapping[str, Kept], cleared: Mapping[str, datetime], now: datetime
    ) -> Any:
        """The condition on rows: not finished, or not for so long that the views show them no more,
        by their kind and since their queue was cleared."""
        recent = [
            self.kind.in_([kind for kind in kept if kept[kind] == ages]) & self._recent(ages, now)
            for ages in set(kept.values())
        ]
        others = self.kind.not_in(list(kept)) & self._recent(Kept(), now)
        shown = reduce(or_, recent, others)
        return self.table.finished_at.is_null() | (shown & self.not_cleared(cleared))

    def _recent(self, ages: Kept, now: datetime) -> Any:
        done, ended = self.table.state.in_(list(self.done)), self.table.finished_at
        return (done & (ended >= now - ages.done_for)) | (~done & (ended >= now - ages.failed_for))

    def not_cleared(self, cleared: Mapping[str, datetime]) -> Any:
        """The condition on finished rows: not before their queue was cleared."""
        kept: Any = EVERY
        for name, moment in cleared.items():
            kept &= ~((self.queue() == name) & (self.table.finished_at <= moment))
        return kept

    def oldest_in_view(
        self, reach: Reach, kind: str, ages: Kept, *, now: datetime
    ) -> Iterator[tuple[bool, datetime]]:
        """From when on the views show finished work of a kind: (done?, moment), twice."""
        for done, most, age in (
            (True, ages.done, ages.done_for),
            (False, ages.failed, ages.failed_for),
        ):
            last = self._moment_of_last(reach, kind, done, most, now - age)
            yield done, max(filter(None, (now - age, last)))

    def _moment_of_last(
        self, reach: Reach, kind: str, done: bool, most: int | None, since: datetime
    ) -> datetime | None:
        if most is None:
            return None
        row, states = self.table, self.table.state.in_(list(self.done))
        found = row.select(row.finished_at).where(
            self.kind == kind, states if done else ~states, row.finished_at >= since
        )
        found = found.where(self.mine(reach)).order_by(row.finished_at.desc())
        return next((one.finished_at for one in found.offset(max(most - 1, 0)).limit(1)), None)

    def buried(self) -> Any:
        """The ids of what has such a letter, as a subquery."""
        return DeadLetter.select(DeadLetter.object_id).where(
            DeadLetter.object == self.object, DeadLetter.resolved_at.is_null()
        )

    def dead(self) -> Any:
        """The letters of a row that was given up and nobody looked after yet, as a subquery."""
        return DeadLetter.select(SQL("1")).where(
            DeadLetter.object_id == self.table.id,
            DeadLetter.object == self.object,
            DeadLetter.resolved_at.is_null(),
        )
