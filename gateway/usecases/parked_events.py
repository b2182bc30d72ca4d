"""Provider events that were kept and could not be applied: look at them, have them tried again, or
give them up."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from gateway.domain.errors import NotFound
from gateway.models import event_search
from gateway.models.base import atomic
from gateway.models.dead_letter import DISCARDED, EVENT, REPLAYED, DeadLetter
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import inbox, operators
from gateway.usecases.operators import Operator, Position, Tally

log = structlog.get_logger(__name__)


def search(
    operator: Operator, filters: dict[str, Any], limit: int, before: Position | None = None
) -> list[ProviderEvent]:
    """Unapplied events within reach, newest first, older than `before` (received_at, id). Filters:
    state (parked, dead, unreadable), provider, from_ and to (by receipt, UTC, from included, to
    not)."""
    return event_search.find(operator.reach, filters, limit, before)


def show(operator: Operator, event_id: str) -> ProviderEvent:
    """One unapplied event. Raises NotFound, also for one that was applied or discarded."""
    found = event_search.find(operator.reach, {"ids": [event_id]}, 1)
    if not found:
        raise NotFound
    return found[0]


def replay(
    operator: Operator,
    filters: dict[str, Any],
    now: datetime,
    *,
    dry_run: bool,
    limit: int,
    after: Position | None = None,
) -> Tally:
    """Have the unapplied events that meet the filters (those of `search`, or ids) tried again
    now, oldest first and at most `limit`. Raises NotFound when one of the ids is not within
    reach."""
    act = None if dry_run else again
    return _act(operator, "replay-events", filters, now, act, limit, after)


def discard(
    operator: Operator,
    filters: dict[str, Any],
    now: datetime,
    *,
    dry_run: bool,
    limit: int,
    after: Position | None = None,
) -> Tally:
    """Give up the unapplied events that meet the filters, as `replay` chooses them: they stay on
    record and are never applied."""
    act = None if dry_run else give_up
    return _act(operator, "discard-events", filters, now, act, limit, after)


def again(event_id: str, now: datetime) -> bool:
    """Put an unapplied event back in line and close its dead letter; False when it was applied or
    discarded meanwhile."""
    with atomic():
        done = inbox.replay(event_id, now)
        if done:
            DeadLetter.resolve(EVENT, event_id, REPLAYED, now)
    return done


def give_up(event_id: str, now: datetime) -> bool:
    """Discard an unapplied event and its dead letter; False when it was applied or discarded
    meanwhile."""
    with atomic():
        done = event_search.discard(event_id)
        if done:
            DeadLetter.resolve(EVENT, event_id, DISCARDED, now)
    return done


def _act(
    operator: Operator,
    action: str,
    filters: dict[str, Any],
    now: datetime,
    act: Callable[[str, datetime], bool] | None,
    limit: int,
    after: Position | None,
) -> Tally:
    with atomic():
        standing = event_search.count(operator.reach, filters) if after is None else 0
        named = set(filters.get("ids") or ())
        if named - event_search.known(operator.reach, sorted(named)):
            raise NotFound("one of these events does not exist", "ids")
        chosen = event_search.choose(operator.reach, filters, limit, after)
        done = [event for event in chosen if act is None or act(event.id, now)]
        if act is not None:
            operators.note(operator, action, ((e.organization_id, e.id) for e in done), now)
    if act is not None:
        log.info("events handled by hand", action=action, count=len(done), key_id=operator.key_id)
    tally = Tally(
        events=len(done),
        skipped=len(chosen) - len(done),
        ids=[event.id for event in done],
        last=(chosen[-1].received_at, chosen[-1].id) if chosen else None,
    )
    if after is None:
        tally.remaining = standing - len(chosen)
        tally.skipped += max(0, len(named) - standing)
    return tally
