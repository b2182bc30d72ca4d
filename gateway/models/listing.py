"""One page of a list: filters, newest first, from a position that later rows do not shift."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from peewee import SQL, CharField, ModelSelect

from gateway.models.base import UTCField

Position = tuple[datetime, str]


def page(
    query: "ModelSelect[Any]",
    filters: Mapping[str, Any],
    conditions: Mapping[str, Callable[[Any], Any]],
    order: tuple[UTCField, CharField],
    before: Position | None,
    limit: int,
) -> list[Any]:
    """At most `limit` rows of the query that meet every filter that is set, ordered by `order`
    (moment, id) downwards, older than the position `before`."""
    for name, condition in conditions.items():
        if filters.get(name) is not None:
            query = query.where(condition(filters[name]))
    moment, key = order
    if before is not None:
        at, last = before
        # The first condition is what an index can seek.
        query = query.where(moment <= at, (moment < at) | (key < last))
    # In the text: PostgreSQL takes a parameter for a tenth of all rows, and would sort them.
    return list(query.order_by(moment.desc(), key.desc()).limit(SQL(str(limit))))
