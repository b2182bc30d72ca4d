"""Lists of values as one parameter, so that a prepared statement is the same however many they
are; and the rows of many ids."""

import json
from collections.abc import Collection
from functools import cache
from typing import Any, TypeVar

from peewee import SQL, Expression

from gateway.models.base import Row, dialect
from gateway.models.prepared import Given, Prepared

R = TypeVar("R", bound=Row)


def among(column: Any, name: str) -> Any:
    """Whether a column is among the values that are given under a name, as `listed` has them."""
    place = (Given(name).bare,)
    if dialect() == "sqlite":
        return Expression(column, "IN", SQL("(SELECT value FROM json_each(?))", place))
    return Expression(column, "=", SQL("ANY(%s)", place))


def listed(values: Collection[str]) -> Any:
    """Texts as one parameter."""
    return json.dumps(list(values)) if dialect() == "sqlite" else list(values)


def by_id(table: type[R], ids: Collection[str]) -> dict[str, R]:
    """The rows of these ids, those that are there; asks nothing for none."""
    rows: list[Any] = _by_ids(table).rows(ids=listed(ids)) if ids else []
    return {row.id: row for row in rows}


@cache
def _by_ids(table: type[Row]) -> Prepared:
    return Prepared(lambda: table.select().where(among(table._meta.primary_key, "ids")))
