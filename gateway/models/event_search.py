"""Finding provider events that could not be applied."""

from collections.abc import Callable, Sequence
from typing import Any

from peewee import ModelSelect

from gateway.models.listing import Position, page
from gateway.models.provider_event import UNREADABLE, ProviderEvent
from gateway.models.reach import Reach

PARKED, DEAD, DISCARDED = "parked", "dead", "discarded"
STATES = (PARKED, DEAD, UNREADABLE)

# What may be shown to people. The body and the query hold what the provider sent.
PUBLIC = tuple(
    getattr(ProviderEvent, name)
    for name in (
        "id", "provider", "account", "kind", "external_id", "organization", "status", "state",
        "reason", "tries", "received_at", "next_attempt_at",
    )
)  # fmt: skip

_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "ids": ProviderEvent.id.in_,
    "state": lambda value: (
        (ProviderEvent.state == PARKED) & (ProviderEvent.kind == UNREADABLE)
        if value == UNREADABLE
        else (ProviderEvent.state == value) & (ProviderEvent.kind != UNREADABLE)
    ),
    "provider": lambda value: ProviderEvent.provider == value,
    "from_": lambda value: ProviderEvent.received_at >= value,
    "to": lambda value: ProviderEvent.received_at < value,
}


def unapplied() -> Any:
    """The condition for an event that was kept and not applied, whether or not it is tried again
    by itself."""
    # The second says nothing more, and lets the index of those be used.
    return ProviderEvent.state.in_([PARKED, DEAD]) & ProviderEvent.applied_at.is_null()


def find(
    reach: Reach, filters: dict[str, Any], limit: int, before: Position | None = None
) -> list[ProviderEvent]:
    """Unapplied events, newest first."""
    order = (ProviderEvent.received_at, ProviderEvent.id)
    return page(_within(reach), filters, _CONDITIONS, order, before, limit)


def choose(
    reach: Reach, filters: dict[str, Any], limit: int, after: Position | None = None
) -> list[ProviderEvent]:
    """Unapplied events that meet a filter, oldest first, from a position on."""
    row, query = ProviderEvent, _filtered(reach, filters)
    if after is not None:
        at, last = after
        query = query.where(row.received_at >= at, (row.received_at > at) | (row.id > last))
    return list(query.order_by(row.received_at, row.id).limit(limit))


def count(reach: Reach, filters: dict[str, Any]) -> int:
    """How many unapplied events meet a filter."""
    return int(_filtered(reach, filters).count())


def known(reach: Reach, event_ids: Sequence[str]) -> set[str]:
    """Which of these events are within reach, applied ones among them."""
    row = ProviderEvent
    return {event.id for event in row.select(row.id).where(row.id.in_(event_ids), reach.events())}


def discard(event_id: str) -> bool:
    """Give an unapplied event up for good; False when it is applied or discarded already."""
    given_up = ProviderEvent.update(state=DISCARDED, next_attempt_at=None)
    return bool(given_up.where(ProviderEvent.id == event_id, unapplied()).execute())


def _within(reach: Reach) -> "ModelSelect[Any]":
    return ProviderEvent.select(*PUBLIC).where(reach.events(), unapplied())


def _filtered(reach: Reach, filters: dict[str, Any]) -> "ModelSelect[Any]":
    query = _within(reach)
    for name, condition in _CONDITIONS.items():
        if filters.get(name) is not None:
            query = query.where(condition(filters[name]))
    return query
