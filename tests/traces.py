"""Whatever is kept anywhere, as text in which a test looks for traces of somebody."""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

import redis

from gateway.models import base


def tables() -> list[str]:
    """All tables of the database, those that a search index keeps for itself among them."""
    if base.dialect() == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return sorted(name for (name,) in base.db.execute_sql(query).fetchall())


def kept_in_database() -> dict[str, str]:
    """Every row of every table, by table."""
    with base.connection():
        return {name: "\n".join(_rows(name)) for name in tables()}


def _rows(table: str) -> Iterator[str]:
    for row in base.db.execute_sql(f'SELECT * FROM "{table}"').fetchall():
        yield " | ".join(_plain(value) for value in row)


def _plain(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def kept_in_redis(client: redis.Redis) -> str:
    """Every key of a Redis, with whatever is in it as Redis itself would save it."""
    return "\n".join(
        f"{key!r} {client.dump(key)!r}" for key in client.scan_iter(count=1000)
    )  # fmt: skip


def of_number(number: str) -> set[str]:
    """The ways in which a number in E.164 may be written."""
    digits = number.lstrip("+")
    national = digits[-10:]
    spaced = f"{national[:3]} {national[3:6]} {national[6:]}"
    dashed = f"{national[:3]}-{national[3:6]}-{national[6:]}"
    encoded = base64.b64encode(digits.encode()).decode().rstrip("=")
    return {number, digits, national, spaced, dashed, quote(number, safe=""), encoded}


def found(kept: dict[str, str], traces: Iterable[str]) -> dict[str, list[str]]:
    """Where something was found, whatever its letters: the traces by the name of the place."""
    wanted = list(traces)
    seen = {
        place: [trace for trace in wanted if trace.lower() in text.lower()]
        for place, text in kept.items()
    }
    return {place: traces for place, traces in seen.items() if traces}
