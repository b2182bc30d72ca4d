"""Queries that are built once. Peewee writes a query's text anew each time it runs, which takes
longer than running it where the query is small; on the paths where that counts it is kept."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from peewee import (
    Context,
    Field,
    Function,
    JSONField,
    ModelDictCursorWrapper,
    ModelObjectCursorWrapper,
    Node,
)

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
        convert = _kept_as(self.field) if self.field else context.state.converter
        place = self.bare._replace(convert=convert or _as_it_is)
        text: Context = context.value(place, converter=False)
        return text

    @property
    def bare(self) -> _Place:
        """The same as a parameter of peewee's SQL, which takes no nodes."""
        return _Place(self.name, _as_it_is)


def _kept_as(field: Field) -> Callable[[Any], Any]:
    """How a field's values go to the database. On SQLite peewee has a function make JSON of its
    text, which a parameter can't do and need not."""
    if not isinstance(field, JSONField):
        convert: Callable[[Any], Any] = field.db_value
        return convert

    def text(value: Any) -> Any:
        kept: Any = field.db_value(value)  # type: ignore[no-untyped-call]
        return json.dumps(value, separators=(",", ":")) if isinstance(kept, Function) else kept

    return text


class Prepared:
    """A query by `build`, which is called once for each kind of database. Everything that differs
    from run to run is Given. Safe to be shared by threads."""

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._known: dict[type, tuple[Any, str, list[Any]]] = {}
        self._readers: dict[type, Callable[[Any], Any]] = {}

    def rows(self, **given: Any) -> list[Any]:
        """Run it with these values; what it selects or returns."""
        query, cursor = self._run(given)
        kind = type(query._database)
        read = self._readers.get(kind)
        if read is None:
            shape = query._get_cursor_wrapper(cursor)
            shape.initialize()  # how columns become a row is the same each time
            shape.cursor = None
            self._readers[kind] = read = _reader(shape)
        return [read(row) for row in cursor.fetchall()]

    def run(self, **given: Any) -> int:
        """Run it with these values; how many rows it changed."""
        query, cursor = self._run(given)
        return int(query._database.rows_affected(cursor))

    def told(self, **given: Any) -> tuple[str, list[Any]]:
        """Its text and its parameters with these values, to be run with others."""
        _, text, values = self._filled(given)
        return text, values

    def _run(self, given: dict[str, Any]) -> tuple[Any, Any]:
        query, text, values = self._filled(given)
        return query, db.execute_sql(text, values)

    def _filled(self, given: dict[str, Any]) -> tuple[Any, str, list[Any]]:
        kind = type(db.obj)
        if kind not in self._known:
            query = self._build()
            self._known[kind] = (query, *query.sql())
        query, text, places = self._known[kind]
        values = [
            place.convert(given[place.name]) if isinstance(place, _Place) else place
            for place in places
        ]
        return query, text, values


def _reader(shape: Any) -> Callable[[Any], Any]:
    """How a row is made of what the database gave. One with columns of its table alone is filled at
    once; peewee has a setter for each column, which takes as long as all the rest."""
    whole = isinstance(shape, ModelObjectCursorWrapper) and shape.is_model
    if not whole or not set(shape.unique_columns) <= set(shape.model._meta.fields):
        process: Callable[[Any], Any] = shape.process_row
        return process
    table = shape.model

    def read(row: Any) -> Any:
        made = table(__no_default__=True)
        made.__data__ = ModelDictCursorWrapper.process_row(shape, row)
        return made

    return read


@cache
def changing(
    table: Any, names: tuple[str, ...], states: frozenset[Any] | None, claimed: bool = False
) -> Prepared:
    """An UPDATE of these columns of the row with the id `of`, as long as it is in one of these
    states (None: in any) and, with `claimed`, under the claim `under`: the one statement by which a
    lifecycle moves."""
    fields = table._meta.fields
    values = {name: Given(name, fields[name]) for name in names}
    where = [table.id == Given("of")]
    if states is not None:
        where.append(table.state.in_(sorted(map(str, states))))
    if claimed:
        where.append(table.claim == Given("under"))
    return Prepared(lambda: table.update(values).where(*where))


@cache
def adding(table: Any, names: tuple[str, ...]) -> Prepared:
    """An INSERT of one row with these columns, which changes nothing where it would be a double."""
    fields = table._meta.fields
    values = {name: Given(name, fields[name]) for name in names}
    return Prepared(lambda: table.insert(values).on_conflict_ignore())


@cache
def equal(table: Any, names: tuple[str, ...]) -> Prepared:
    """The rows whose columns of these names, none of them NULL, are as given."""
    return Prepared(lambda: table.select().where(*same(table, names)))


def same(table: Any, names: tuple[str, ...]) -> list[Any]:
    """The conditions that these columns are as given."""
    return [getattr(table, name) == Given(name) for name in names]
