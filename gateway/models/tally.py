"""Counts of what happened, of all processes together and for good: what /metrics shows."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from peewee import CharField, DoubleField, fn

from gateway.metrics import Series
from gateway.models.base import Row, alone, atomic, id_field, new_id
from gateway.models.gathering import present
from gateway.models.prepared import adding

MANY = 1000  # rows, above which they are put together
AT_ONCE = 20_000


class Tally(Row):
    """So much more of one series. Rows are only ever added, so that nobody waits for anybody, and
    put together from time to time; what counts is their sum. The series is JSON."""

    id = id_field("ta")
    series = CharField(max_length=200)
    value = DoubleField()

    @classmethod
    def add(cls, counted: Mapping[Series, float]) -> None:
        """Add to these series, in the transaction that is open if one is."""
        gathering = present()
        if gathering is not None and counted is not gathering.counts:
            gathering.counts.update(counted)
            return
        rows = [
            {"id": new_id("ta"), "series": _text(key), "value": counted[key]} for key in counted
        ]
        if len(rows) == 1:
            adding(cls, tuple(rows[0])).run(**rows[0])
            return
        for start in range(0, len(rows), 200):
            cls.insert_many(rows[start : start + 200]).execute()

    @classmethod
    def totals(cls) -> dict[Series, float]:
        """The sum of each series."""
        counted: Any = cls.select(cls.series, fn.SUM(cls.value)).group_by(cls.series).tuples()
        return {tuple(json.loads(text)): float(value) for text, value in counted}

    @classmethod
    def put_together(cls) -> int:
        """One row for each series, if there are many; how many rows that made fewer. Whoever reads
        meanwhile sees them before or after."""
        if cls.select().count() <= MANY:
            return 0
        with atomic():
            if not alone("tallies"):
                return 0
            oldest = cls.select(cls.id).order_by(cls.id).limit(AT_ONCE)
            gone = cls.delete().where(cls.id.in_(oldest)).returning(cls.series, cls.value)
            count, sums = _sums((row.series, row.value) for row in gone.execute())
            cls.add(sums)
        return count - len(sums)


def _text(series: Series) -> str:
    return json.dumps(series, separators=(",", ":"))


def _sums(rows: Iterable[tuple[str, float]]) -> tuple[int, dict[Series, float]]:
    """How many rows there are, and the sum of each series."""
    count, found = 0, dict[Series, float]()
    for text, value in rows:
        count += 1
        series: Series = tuple(json.loads(text))
        found[series] = found.get(series, 0.0) + value
    return count, found
