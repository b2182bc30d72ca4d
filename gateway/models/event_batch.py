"""Rows of many provider events at once. Whoever locks several takes them in the order of their ids,
so that no two wait for each other."""

import json
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from gateway.models.attempts import AnyAttempt
from gateway.models.base import db, dialect, lock
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.gathering import Changes, Gathering
from gateway.models.listed import among, listed
from gateway.models.many import TYPES, Statement
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.prepared import Given, Prepared, same
from gateway.models.provider_event import ProviderEvent
from gateway.models.tally import Tally

Table = type[CallLog] | type[MessageLog]


def waiting(event_ids: Collection[str]) -> list[ProviderEvent]:
    """Those of these events that wait to be applied and nobody else is at, locked."""
    return _WAITING.rows(ids=listed(event_ids))


def attempts(
    table: Table, provider: str, account: str, external_ids: Collection[str]
) -> list[AnyAttempt]:
    """The attempts with these ids at the provider, locked."""
    theirs = {"provider": provider, "account": account}
    return _attempts(table).rows(ids=listed(external_ids), **theirs)


def notifications(ids: Collection[str]) -> list[Notification]:
    """These notifications, locked."""
    return _NOTIFICATIONS.rows(ids=listed(ids))


def settle(table: Table, event_ids: Collection[str], now: datetime) -> None:
    """These events did their work; each belongs to the attempt with its id at the provider."""
    _settling(table).run(ids=listed(event_ids), now=now)


_WAITING = Prepared(
    lambda: lock(
        ProviderEvent.select()
        .where(among(ProviderEvent.id, "ids"), ProviderEvent.next_attempt_at.is_null(False))
        .order_by(ProviderEvent.id),
        skip_locked=True,
    )
)
_NOTIFICATIONS = Prepared(
    lambda: lock(
        Notification.select().where(among(Notification.id, "ids")).order_by(Notification.id)
    )
)


@cache
def _attempts(table: Table) -> Prepared:
    theirs = same(table, ("provider", "account"))
    return Prepared(
        lambda: lock(
            table.select().where(*theirs, among(table.external_id, "ids")).order_by(table.id)
        )
    )


@cache
def _settling(table: Table) -> Prepared:
    row = ProviderEvent
    done = {"state": "applied", "reason": None, "next_attempt_at": None}
    about = {"organization": table.organization, table.OBJECT: table.id}
    applied = {"applied_at": Given("now", row.applied_at)}
    return Prepared(
        lambda: row.update(**done, **about, **applied).from_(table).where(
            among(row.id, "ids"),
            table.provider == row.provider,
            table.account == row.account,
            table.external_id == row.external_id,
        )
    )  # fmt: skip


def change(table: Any, rows: Changes) -> None:
    """Write columns of many rows, by their id; one statement for all that change the same ones."""
    for text, values in changing(table, rows):
        db.execute_sql(text, values)


def changing(table: Any, rows: Changes) -> list[Statement]:
    """The same, as statements to be sent together with others."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row_id, values in rows.items():
        alike[tuple(values)].append({"of": row_id, **values})
    return [
        Statement(_changing(dialect(), table, names), [json.dumps(changed)])
        for names, changed in alike.items()
    ]


@cache
def _changing(kind: str, table: Any, names: tuple[str, ...]) -> str:
    fields = [table._meta.fields[name] for name in names]
    into, columns = table._meta.table_name, [f'"{one.column_name}"' for one in fields]
    if kind == "sqlite":
        given = [f"json_extract(value, '$.{name}')" for name in names]
        source, of = "json_each(?)", "json_extract(value, '$.of')"
    else:
        typed = (f'"{one.name}" {TYPES[one.field_type]}' for one in fields)
        source = f'json_to_recordset(%s::json) AS r ("of" text, {", ".join(typed)})'
        given, of = [f'r."{name}"' for name in names], 'r."of"'
    pairs = ", ".join(f"{column} = {value}" for column, value in zip(columns, given, strict=True))
    return f'UPDATE "{into}" SET {pairs} FROM {source} WHERE "{into}"."id" = {of}'  # noqa: S608


def write(gathering: Gathering) -> None:
    """Write what was kept back."""
    FeedEntry.append(gathering.feed)
    if gathering.counts:
        Tally.add(gathering.counts)
