"""Keyset pages: opaque cursors that work for one list of one organization only."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from marshmallow import Schema

from gateway.http.config import settings
from gateway.http.errors import InvalidCursor
from gateway.http.fields import Limit, Text
from gateway.usecases.accounts import Caller

Row = TypeVar("Row")
Position = list[str] | list[int]

_CURSOR = re.compile(r"[A-Za-z0-9_-]{24,400}", re.ASCII)
_MAC_BYTES = 16
DEFAULT_LIMIT = 50


class PageQuery(Schema):
    """The parameters of every list."""

    limit = Limit(load_default=DEFAULT_LIMIT)
    cursor = Text(maximum=400, metadata={"description": "`next_cursor` of the page before"})


def seal(caller: Caller, resource: str, filters: Mapping[str, Any], position: Position) -> str:
    """A cursor for this position in this list of this caller's organization and mode."""
    payload = json.dumps(position, separators=(",", ":")).encode()
    mac = _mac(caller, resource, filters, payload)
    return base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()


def unseal(caller: Caller, resource: str, filters: Mapping[str, Any], cursor: str) -> Position:
    """The position inside a cursor. Raises InvalidCursor unless `seal` made it, unchanged, for
    the same organization, mode, resource and filters."""
    if not _CURSOR.fullmatch(cursor):
        raise InvalidCursor
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except binascii.Error:
        raise InvalidCursor from None
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    expected = _mac(caller, resource, filters, payload)
    canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    if not hmac.compare_digest(mac, expected) or canonical != cursor:
        raise InvalidCursor
    position: Position = json.loads(payload)
    return position


def _mac(caller: Caller, resource: str, filters: Mapping[str, Any], payload: bytes) -> bytes:
    bound = [caller.organization.id, caller.mode, resource, sorted(filters.items())]
    text = json.dumps(bound, default=str).encode() + b"\n" + payload
    return hmac.digest(settings().derived_secret("cursor"), text, hashlib.sha256)[:_MAC_BYTES]


def page(
    caller: Caller,
    resource: str,
    query: dict[str, Any],
    find: Callable[[dict[str, Any], int, tuple[datetime, str] | None], list[Row]],
    key: Callable[[Row], tuple[datetime, str]],
) -> tuple[list[Row], str | None]:
    """One page, newest first, and the cursor of the next or None. `find(filters, limit, before)`
    asks for rows that sort before a key; `key` tells a row's."""
    filters = dict(query)
    limit, cursor = filters.pop("limit"), filters.pop("cursor", None)
    before = None
    if cursor is not None:
        at, last = unseal(caller, resource, filters, cursor)
        before = (datetime.fromisoformat(str(at)), str(last))
    rows = find(filters, limit + 1, before)
    if len(rows) <= limit:
        return rows, None
    at_last, id_last = key(rows[limit - 1])
    position = [at_last.astimezone(UTC).isoformat(), id_last]
    return rows[:limit], seal(caller, resource, filters, position)
