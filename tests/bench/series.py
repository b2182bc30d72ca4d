"""Rows by the hundred thousand, written by the database itself from a series of numbers."""

from datetime import UTC, datetime
from typing import Any

from gateway.models import base

_SERIES = "WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"
_ZEROS = "0" * 26


def fill(table: Any, count: int, **columns: str) -> None:
    """Insert `count` rows with these columns, SQL expressions of `n`, which counts from 1. This
    thread must be connected."""
    names, values = ", ".join(columns), ", ".join(columns.values())
    into = f"INSERT INTO {table._meta.table_name} ({names})"
    if not _postgresql():
        base.db.execute_sql(f"{into} {_SERIES.format(count=count)} SELECT {values} FROM s")
        return
    base.db.execute_sql("SET statement_timeout = 0")
    values = values.replace("%", "%%")  # which is the mark of a parameter there
    base.db.execute_sql(f"{into} SELECT {values} FROM generate_series(1, {count}) n")


def settle(*tables: Any) -> None:
    """Have the database know what it holds now, as it does by itself after a while."""
    if not _postgresql():
        base.db.execute_sql("ANALYZE")
        return
    for table in tables:
        base.db.execute_sql(f"VACUUM (ANALYZE) {table._meta.table_name}")


def id_(prefix: str, tag: str) -> str:
    """Ids like ours, each row its own: a prefix, a tag that keeps fills apart, digits."""
    digits = f"('{_ZEROS}' || n)"
    width = 26 - len(tag)
    return f"'{prefix}_{tag}' || substr({digits}, length({digits}) - {width - 1}, {width})"


def moment(start: datetime, step: float = 0.0) -> str:
    """Moments that begin at `start`, `step` seconds apart; to the millisecond on SQLite."""
    at = start.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00:00")
    if _postgresql():
        return f"timestamptz '{at}' + (n - 1) * interval '{step * 1e6:.3f} microseconds'"
    shifted = f"strftime('%Y-%m-%d %H:%M:%f', '{at[:23]}', ((n - 1) * {step:.9f}) || ' seconds')"
    return f"{shifted} || '000+00:00'" if step else f"'{at}'"


def text(value: str) -> str:
    """A value that stands in every row."""
    return "'" + value.replace("'", "''") + "'"


def _postgresql() -> bool:
    return base.dialect() == "postgresql"
