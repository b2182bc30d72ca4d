"""Which trace rows belong to: that of the request which made their notification."""

from collections.abc import Sequence
from typing import Any

from gateway import tracing
from gateway.models import attempts
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent

Origins = dict[str, str]


def of(ids: Sequence[str]) -> Origins:
    """The traceparent of notifications, attempts and provider events that have one, by id; ids of
    anything else are passed over. Nothing is asked of the database where nobody traces."""
    if not tracing.on():
        return {}
    found = _of_notifications([id_ for id_ in ids if id_.startswith("nt_")])
    found |= _of_attempts([id_ for id_ in ids if id_.startswith(("cl_", "ml_"))])
    return found | _of_events([id_ for id_ in ids if id_.startswith("ev_")])


def _of_notifications(ids: list[str]) -> Origins:
    if not ids:
        return {}
    known = Notification.select(Notification.id, Notification.traceparent)
    known = known.where(Notification.id.in_(ids), Notification.traceparent.is_null(False))
    return _by_id(known)


def _of_attempts(ids: list[str]) -> Origins:
    found: Origins = {}
    for table in attempts.TABLES if ids else ():
        known = table.select(table.id, Notification.traceparent).join(Notification)
        known = known.where(table.id.in_(ids), Notification.traceparent.is_null(False))
        found |= _by_id(known)
    return found


def _by_id(known: Any) -> Origins:
    return dict(known.tuples())


def _of_events(ids: list[str]) -> Origins:
    """By the attempt that the event's address names, else by the provider's id."""
    if not ids:
        return {}
    events = ProviderEvent.select(
        ProviderEvent.id, ProviderEvent.attempt_hint, ProviderEvent.provider,
        ProviderEvent.account, ProviderEvent.external_id,
    ).where(ProviderEvent.id.in_(ids))  # fmt: skip
    about: dict[str, str] = {}
    for event in events:
        named = event.attempt_hint
        if named is None and event.external_id is not None:
            owner = attempts.owner(event.provider, event.account, event.external_id)
            named = owner.id if owner is not None else None
        if named is not None:
            about[event.id] = named
    known = _of_attempts(sorted(set(about.values())))
    return {event: known[attempt] for event, attempt in about.items() if attempt in known}
