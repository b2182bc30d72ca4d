"""Queries that are built once. Peewee writes a query's text anew each time it runs, which takes
longer than running it where the query is small; on the paths where that counts it is kept."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from peewee import Context, Field, Node

from gateway.models.handle import db


class _Place(NamedTuple):
    name: str
    convert: Callable[[Any], Any]


def _as_it_is(value: Any) -> Any:
    return value


class Given(Node):
    """Stands in a query for a value that is told when it runs. Compared with a field it is
    converted as that field's values are; elsewhere by the `field` it is of, or not at all."""

    def __init__(self, name: str, field: Field | None = None) -> None:
        self.name, self.field = name, field

    def __sql__(self, context: Context) -> Context:
        convert = self.field.db_value if self.field else context.state.converter
        place = self.bare._replace(convert=convert or _as_it_is)
        text: Context = context.value(place, converter=False)
        return text

    @property
    def bare(self) -> _Place:
        """The same as a parameter of peewee's SQL, which takes no nodes."""
        return _Place(self.name, _as_it_is)


class Prepared:
    """A query by `build`, which is called once for each kind of database. Everything that differs
    from run to run is Given. Safe to be shared by threads."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._known: dict[type, tuple[Any, str, list[Any]]] = {}

    def rows(self, **given: Any) -> list[Any]:
        """Run it with these values; what it selects or returns."""
        query, cursor = self._run(given)
        return list(query._get_cursor_wrapper(cursor))

    def run(self, **given: Any) -> int:
        """Run it with these values; how many rows it changed."""
        query, cursor = self._run(given)
        return int(query._database.rows_affected(cursor))

    def _run(self, given: dict[str, Any]) -> tuple[Any, Any]:
        kind = type(db.obj)
        if kind not in self._known:
            query = self._build()
            self._known[kind] = (query, *query.sql())
        query, text, places = self._known[kind]
        values = [
            place.convert(given[place.name]) if isinstance(place, _Place) else place
            for place in places
        ]
        return query, db.execute_sql(text, values)


@cache
def changing(table: Any, names: tuple[str, ...], states: frozenset[Any]) -> Prepared:
    """An UPDATE of these columns of the row with the id `of`, as long as it is in one of these
    states: the one statement by which a lifecycle moves."""
    fields = table._meta.fields
    values = {name: Given(name, fields[name]) for name in names}
    return Prepared(
        lambda: table.update(values).where(
            table.id == Given("of"), table.state.in_(sorted(map(str, states)))
        )
    )
