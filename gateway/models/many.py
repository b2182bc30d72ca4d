"""Rows by the dozen. They go to the database as one JSON text that it reads itself, so that the
statement is the same however many they are; and what is written together goes in one statement
where the database can do that."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from gateway.models.base import Row, UTCField, db, dialect

TYPES = {
    "VARCHAR": "text", "TEXT": "text", "INT": "integer", "BIGINT": "bigint",
    "TIMESTAMPTZ": "timestamptz", "JSON": "jsonb", "BOOL": "boolean", "FLOAT": "double precision",
}  # fmt: skip
_moment = UTCField().db_value


class Statement(NamedTuple):
    """What is to be sent, and its parameters."""

    text: str
    values: list[Any]


def inserting(
    table: type[Row], rows: Sequence[Mapping[str, Any]], **computed: str
) -> Statement:  # fmt: skip
    """An INSERT of rows, which all have the same columns, by field name. `computed` are columns by
    an expression of the database's own, in which "{name}" stands for a column of the row."""
    text = _text(dialect(), table, tuple(rows[0]), tuple(computed.items()))
    return Statement(text, [json.dumps(list(rows), default=_plain, ensure_ascii=False)])


def at_once(statements: Sequence[Statement]) -> None:
    """Send them: to PostgreSQL as one, which checks references when all is written; none of them
    sees what another one wrote."""
    if dialect() == "sqlite":
        for text, values in statements:
            db.execute_sql(text, values)
        return
    *before, last = statements
    parts = [f"w{number} AS ({one.text})" for number, one in enumerate(before)]
    text = f"WITH {', '.join(parts)} {last.text}" if parts else last.text
    db.execute_sql(text, [value for one in statements for value in one.values])


# In what is asked by `each_in_turn`: whether everything was written.
WRITTEN = {"postgresql": "EXISTS (SELECT FROM written)", "sqlite": "changes() > 0"}
_NEW = {"postgresql": " ON CONFLICT DO NOTHING RETURNING 1", "sqlite": " ON CONFLICT DO NOTHING"}


def each_in_turn(rows: Sequence[Row], asked: Statement) -> tuple[Any, ...]:
    """Insert rows, each referring to those before it at most; once one of them would be a double
    nothing more is written. What `asked` selects afterwards, which has WRITTEN in it to tell."""
    inserts = [inserting(type(row), [_whole(row)]) for row in rows]
    if dialect() == "sqlite":
        for text, values in inserts:
            if not db.rows_affected(db.execute_sql(f"{text} WHERE true{_NEW['sqlite']}", values)):
                break
        return tuple(db.execute_sql(*asked).fetchone())
    names = [*(f"row{number}" for number in range(1, len(rows))), "written"]
    after = ["", *(f" WHERE EXISTS (SELECT FROM {name})" for name in names)]
    parts = [
        f"{name} AS ({one.text}{condition}{_NEW['postgresql']})"
        for name, one, condition in zip(names, inserts, after, strict=False)
    ]
    values = [value for one in (*inserts, asked) for value in one.values]
    return tuple(db.execute_sql(f"WITH {', '.join(parts)} {asked.text}", values).fetchone())


def _whole(row: Row) -> dict[str, Any]:
    """All columns, so that the statement is the same whatever a row is given."""
    values: dict[str, Any] = {**dict.fromkeys(row._meta.fields), **row.__data__}
    return values


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        kept: str = _moment(value)
        return kept
    raise TypeError(f"{type(value).__name__} has no JSON")


@cache
def _text(
    kind: str, table: type[Row], names: tuple[str, ...], computed: tuple[tuple[str, str], ...]
) -> str:
    fields = [table._meta.fields[name] for name in names]
    columns = [field.column_name for field in fields]
    if kind == "sqlite":
        given = [f"json_extract(value, '$.{name}')" for name in names]
        source, row = "json_each(?)", "json_extract(value, '$.{}')"
    else:
        types = (
            f'"{name}" {TYPES[field.field_type]}' for name, field in zip(names, fields, strict=True)
        )
        given = [f'r."{name}"' for name in names]
        source, row = f"json_to_recordset(%s::json) AS r ({', '.join(types)})", "r.{}"
    columns += [table._meta.fields[name].column_name for name, _ in computed]
    own = {name: row.format(name) for name in names}
    given += [expression.format(**own) for _, expression in computed]
    listed = ", ".join(f'"{column}"' for column in columns)
    into = table._meta.table_name
    return f'INSERT INTO "{into}" ({listed}) SELECT {", ".join(given)} FROM {source}'  # noqa: S608
