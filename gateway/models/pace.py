"""What may be used only so often a second, over all processes: its moments are slots of a row."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from peewee import OP, SQL, Expression, FloatField, fn

from gateway.models.base import Row, UTCField, dialect, id_field, lock
from gateway.models.event_batch import change
from gateway.models.prepared import Given, Prepared


@dataclass(frozen=True)
class Room:
    """Slots that are free: so many from a moment on, at a rate a second."""

    slots: int
    first: datetime
    per_second: float

    def after(self, slots: int) -> datetime:
        """The moment after so many of them."""
        return self.first + timedelta(seconds=slots / self.per_second)

    def within(self, span: timedelta) -> int:
        """How many there are in a span of time, taken or not."""
        return math.ceil(span.total_seconds() * self.per_second)


class Paced(Row):
    """Something with a rate. `next_free_at` is the first moment that nobody has taken."""

    id = id_field("pc")
    rate_per_second = FloatField(null=True)  # NULL: no limit of ours
    next_free_at = UTCField(null=True)

    @classmethod
    def room(cls, id_: str, since: datetime, until: datetime) -> Room | None:
        """The slots from `since` to `until` that are free. None when it has no rate, or is
        gone."""
        row = cls.get_or_none(cls.id == id_)
        if row is None or not row.rate_per_second:
            return None
        first = max(since, row.next_free_at or since)
        free = (until - first).total_seconds() * row.rate_per_second
        return Room(max(0, math.ceil(free)), first, row.rate_per_second)

    @classmethod
    def reserve(cls, paced: "Paced", now: datetime, until: datetime) -> datetime | None:
        """The moment at which it may be used next, which is taken by this call; `now` when it was
        never used, and not after `now` when it is free. None, and nothing taken, when it is not
        before `until`. Call it inside a transaction."""
        if not paced.rate_per_second:
            return now
        if now >= until:
            return None
        gap = timedelta(seconds=1 / paced.rate_per_second)
        if dialect() == "postgresql":
            known = {"id": paced.id, "now": now, "until": until, "gap": gap // _UNIT}
            known["earliest"] = _earliest(now, gap)
            slots: list[datetime] = [row.next_free_at - gap for row in _taking(cls).rows(**known)]
            return slots[0] if slots else None
        while True:
            row = cls.get_by_id(paced.id)
            slot = max(_earliest(now, gap), row.next_free_at or now)
            if slot >= until:
                return None
            taken = cls.update(next_free_at=slot + gap).where(cls.id == paced.id)
            previous = row.next_free_at
            free = cls.next_free_at.is_null() if previous is None else cls.next_free_at == previous
            if taken.where(free).execute():
                return slot

    @classmethod
    def reserve_each(
        cls, wanted: Mapping[str, int], now: datetime, until: datetime
    ) -> dict[str, list[datetime]]:
        """So many moments of each, by id: those before `until`, which are taken by this call. Two
        statements for all of them, which locks them in the order of their ids; none that has no
        rate. Call it inside a transaction."""
        mine = cls.select().where(cls.id.in_(list(wanted))).order_by(cls.id)
        found, free = dict[str, list[datetime]](), dict[str, dict[str, Any]]()
        for row in lock(mine):
            if not row.rate_per_second:
                found[row.id] = [now] * wanted[row.id]
                continue
            gap = timedelta(seconds=1 / row.rate_per_second)
            first = max(_earliest(now, gap), row.next_free_at or now)
            room = max(0, -((first - until) // gap))
            slots = [first + gap * number for number in range(min(wanted[row.id], room))]
            found[row.id] = slots
            if slots:
                moment = cls.next_free_at.db_value(slots[-1] + gap)
                free[row.id] = {"next_free_at": moment}
        if free:
            change(cls, free)
        return found


_UNIT = timedelta(microseconds=1)
CATCH_UP = timedelta(milliseconds=250)


def _earliest(now: datetime, gap: timedelta) -> datetime:
    """The first moment that is still to be had. What has many a second would lose some in every
    pause of a process, for good where as many are wanted as there are: so the last quarter of a
    second may be made up for. What has few loses nothing worth mentioning."""
    return now - CATCH_UP if 4 * gap <= CATCH_UP else now


@cache
def _taking(table: type[Paced]) -> Prepared:
    """Taking the next slot in one statement: many that read first and write then would all but one
    write in vain."""
    moment = table.next_free_at
    now, until, earliest = (Given(name, moment) for name in ("now", "until", "earliest"))
    gap = SQL("%s * interval '1 microsecond'", (Given("gap").bare,))
    free = fn.COALESCE(moment, SQL("'-infinity'::timestamptz"))
    slot = fn.GREATEST(fn.COALESCE(moment, now), earliest)
    taken = table.update(next_free_at=Expression(slot, OP.ADD, gap))
    mine = (table.id == Given("id"), free < until)
    return Prepared(lambda: taken.where(*mine).returning(moment))
