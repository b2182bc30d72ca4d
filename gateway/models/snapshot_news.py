"""News about days that are counted already: read from the feed, where every move of every lifecycle
stands in the transaction that made it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from peewee import JOIN, Case, fn

from gateway.models import feed
from gateway.models.base import dialect
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.models.provider_event import ProviderEvent
from gateway.models.snapshot import SnapshotReading

HOUR = timedelta(hours=1)
# What carriers told may be committed some time after the moment that stands in it.
OVERLAP = timedelta(minutes=15)
Position = tuple[int, int]
Spans = list[tuple[datetime, datetime]]


def since(reading: SnapshotReading, horizon: Position, until: datetime) -> Spans:
    """The hours, all before `until`, that what happened after a reading and before the horizon is
    about."""
    mine = (FeedEntry.organization == reading.organization_id, FeedEntry.mode == reading.mode)
    entries = (
        *mine, *_after(reading.tx, reading.entry), *_before(horizon),
    )  # fmt: skip
    found: set[datetime] = set()
    for moments in (
        _notifications(entries, until),
        _of(Booking.starts_at, "booking", entries, until),
        _of(Offer.offered_at, "offer", entries, until),
        _of(MessageLog.created_at, "message", entries, until, MessageLog.direction == "inbound"),
        _heard_of_calls(reading, until),
    ):
        found.update(_hours(moments))
    return [(hour, hour + HOUR) for hour in sorted(found)]


def horizon() -> Position:
    """The position before which no entry can appear in the feed any more."""
    if dialect() == "postgresql":
        return feed.horizon(), 0
    last = FeedEntry.select(FeedEntry.tx, FeedEntry.id).order_by(FeedEntry.id.desc()).first()
    return (last.tx, last.id + 1) if last else (0, 0)


def _after(tx: int, entry: int) -> tuple[Any, ...]:
    row = FeedEntry
    return row.tx >= tx, (row.tx > tx) | (row.id >= entry)


def _before(position: Position) -> tuple[Any, ...]:
    tx, entry = position
    row = FeedEntry
    return row.tx <= tx, (row.tx < tx) | (row.id < entry)


def _hour(moment: Any) -> Any:
    if dialect() == "postgresql":
        return fn.date_trunc("hour", moment).coerce(False)
    return fn.substr(moment, 1, 13).coerce(False)


def _hours(query: Any) -> list[datetime]:
    """The hours of a query's one column."""
    values = [value for (value,) in query.tuples()]
    return [
        value.astimezone(UTC) if isinstance(value, datetime)
        else datetime.strptime(value, "%Y-%m-%d %H").replace(tzinfo=UTC)
        for value in values
    ]  # fmt: skip


def _of(moment: Any, object_: str, entries: tuple[Any, ...], until: datetime, *where: Any) -> Any:
    table = moment.model
    found = FeedEntry.select(_hour(moment)).join(table, on=(table.id == FeedEntry.object_id))
    return found.where(*entries, FeedEntry.object == object_, moment < until, *where).distinct()


def _notifications(entries: tuple[Any, ...], until: datetime) -> Any:
    """When those fell due that themselves, or whose calls and messages, moved."""
    row, call, message = Notification, CallLog, MessageLog
    kind, id_ = FeedEntry.object, FeedEntry.object_id
    about = Case(
        kind, (("call", call.notification), ("message", message.notification)), id_
    )  # fmt: skip
    found = (
        FeedEntry.select(_hour(row.due_at))
        .join(call, JOIN.LEFT_OUTER, on=((kind == "call") & (call.id == id_)))
        .switch(FeedEntry)
        .join(message, JOIN.LEFT_OUTER, on=((kind == "message") & (message.id == id_)))
        .switch(FeedEntry)
        .join(row, on=(row.id == about))
    )
    objects = kind.in_(["notification", "call", "message"])
    return found.where(*entries, objects, row.due_at < until).distinct()


def _heard_of_calls(reading: SnapshotReading, until: datetime) -> Any:
    """When those fell due of whose calls a carrier told anything: who answered moves no call."""
    event, call, row = ProviderEvent, CallLog, Notification
    found = (
        event.select(_hour(row.due_at))
        .join(call, on=(event.call == call.id))
        .join(row, on=(call.notification == row.id))
    )
    return found.where(
        event.organization == reading.organization_id,
        event.call.is_null(False),
        event.applied_at >= reading.applied_until - OVERLAP,
        call.mode == reading.mode,
        row.due_at < until,
    ).distinct()
