"""Storing provider events that come at the same moment by one statement and one commit: the first
of a process's threads that has one writes it, and those that come meanwhile are written together by
the next. Nobody waits who is alone."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from gateway.domain.errors import StoreUnavailable
from gateway.models.base import db, dialect, is_lost, new_id
from gateway.models.many import inserting
from gateway.models.provider_event import UNREADABLE, ProviderEvent, at_once

MOST = 64


@dataclass
class _Item:
    event: dict[str, Any]
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    kept: str | None = None
    fault: Exception | None = None


_USUAL = {name: value for name, value in ProviderEvent().__data__.items() if name != "id"}
_lock = threading.Lock()
_waiting: list[_Item] = []
_busy = False


def keep(**values: Any) -> str | None:
    """As ProviderEvent.keep_unseen: an event's id once it is durable, None when it or anything
    readable of the same signed content is there. Raises what writing it alone would raise."""
    global _busy
    item = _Item({**_USUAL, "id": new_id("ev"), **values})
    with _lock:
        _waiting.append(item)
        item.leads, _busy = not _busy, True
    if not item.leads:
        item.woken.wait()
    if item.leads:
        _lead()
    if item.fault is not None:
        raise item.fault
    return item.kept


def _lead() -> None:
    """Write all that wait, and have the first of those that came meanwhile lead."""
    global _busy
    with _lock:
        batch = _waiting[:MOST]
        del _waiting[:MOST]
    try:
        _write(batch)
    finally:  # whatever ends this thread: the others go on
        with _lock:
            following = _waiting[0] if _waiting else None
            _busy = following is not None
            if following is not None:
                following.leads = True
        for item in [*batch, following] if following is not None else batch:
            item.woken.set()


def _write(batch: Sequence[_Item]) -> None:
    try:
        if len(batch) > 1 and _together(batch):
            return
        for item in batch:
            _alone(item)
    except BaseException as fault:
        told = fault if isinstance(fault, Exception) else StoreUnavailable()
        for item in batch:
            item.fault = item.fault or told
        if told is not fault:
            raise


def _together(batch: Sequence[_Item]) -> bool:
    """Whether they could be written by one statement."""
    fields = ProviderEvent._meta.fields
    rows = [
        {name: fields[name].db_value(value) for name, value in item.event.items()} for item in batch
    ]
    # In one order everywhere: no two processes wait for each other over doubles.
    rows.sort(key=lambda row: (row["provider"], row["account"], row["dedup_key"]))
    try:
        with at_once():
            stored = db.execute_sql(_text(dialect(), tuple(rows[0])), [json.dumps(rows)])
            kept = {row[0] for row in stored.fetchall()}
    except Exception as fault:
        if is_lost(fault):
            raise
        return False
    for item in batch:
        item.kept = item.event["id"] if item.event["id"] in kept else None
    return True


def _alone(item: _Item) -> None:
    try:
        item.kept = ProviderEvent.keep_unseen(**item.event)
    except Exception as fault:
        if is_lost(fault):
            raise
        item.fault = fault


@cache
def _text(kind: str, names: tuple[str, ...]) -> str:
    row = "json_extract(value, '$.{}')" if kind == "sqlite" else "r.{}"
    same = f"s.digest = {row.format('digest')} AND s.provider = {row.format('provider')}"
    insert = inserting(ProviderEvent, [dict.fromkeys(names)]).text
    return (
        f"{insert} WHERE NOT EXISTS (SELECT 1 FROM provider_event s WHERE {same}"  # noqa: S608
        f" AND s.kind <> '{UNREADABLE}') ON CONFLICT DO NOTHING RETURNING id"
    )
