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
from gateway.models.many import TYPES
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.tally import Tally

Table = type[CallLog] | type[MessageLog]


def waiting(event_ids: Collection[str]) -> list[ProviderEvent]:
    """Those of these events that wait to be applied and nobody else is at, locked."""
    mine = ProviderEvent.id.in_(list(event_ids)), ProviderEvent.next_attempt_at.is_null(False)
    found = ProviderEvent.select().where(*mine).order_by(ProviderEvent.id)
    return list(lock(found, skip_locked=True))


def attempts(
    table: Table, provider: str, account: str, external_ids: Collection[str]
) -> list[AnyAttempt]:
    """The attempts with these ids at the provider, locked."""
    theirs = (table.provider == provider, table.account == account)
    found = table.select().where(*theirs, table.external_id.in_(list(external_ids)))
    return list(lock(found.order_by(table.id)))


def notifications(ids: Collection[str]) -> list[Notification]:
    """These notifications, locked."""
    found = Notification.select().where(Notification.id.in_(list(ids)))
    return list(lock(found.order_by(Notification.id)))


def settle(table: Table, event_ids: Collection[str], now: datetime) -> None:
    """These events did their work; each belongs to the attempt with its id at the provider."""
    about = {"organization": table.organization, table.OBJECT: table.id}
    done = {"state": "applied", "reason": None, "next_attempt_at": None, "applied_at": now}
    ProviderEvent.update(**done, **about).from_(table).where(
        ProviderEvent.id.in_(list(event_ids)),
        table.provider == ProviderEvent.provider,
        table.account == ProviderEvent.account,
        table.external_id == ProviderEvent.external_id,
    ).execute()


def change(table: Any, rows: Changes) -> None:
    """Write columns of many rows, by their id; one statement for all that change the same ones."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row_id, values in rows.items():
        alike[tuple(values)].append({"of": row_id, **values})
    for names, changed in alike.items():
        db.execute_sql(_changing(dialect(), table, names), [json.dumps(changed)])


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
