"""The way out of a notification that may leave: past holds, budgets and rates, or what it has to
wait for."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.lanes import queue_of
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import attempts, claims
from gateway.models.hold import (
    EVERYTHING,
    REMINDERS,
    Hold,
    any_held,
    kind_scope,
    queue_scope,
    reminders_scope,
    sender_scope,
)
from gateway.models.notification import Notification
from gateway.models.pace import Paced
from gateway.models.rate import Rate
from gateway.models.sender import Sender
from gateway.usecases import breaker, holds
from gateway.usecases.breaker import Passage
from gateway.usecases.holds import switched_off

STILL_RINGING = timedelta(seconds=5)  # an earlier attempt of the same notification is not over
NO_BUDGET = timedelta(seconds=3)
SLOT_LASTS = timedelta(seconds=2)  # a slot missed for longer, in an outage, is not used in a burst


def switches(row: Notification) -> list[str]:
    """The holds that somebody may have put on a notification by hand, the widest first."""
    queue, own = queue_of(row.channel), row.organization_id
    found = [EVERYTHING, queue_scope(queue), kind_scope(row.purpose)]
    found += [queue_scope(queue, own), kind_scope(row.purpose, own)]
    if row.purpose in REMINDERS:
        found += [reminders_scope(), reminders_scope(own)]
    return found


def wait(row: Notification, found: dict[str, Any], now: datetime) -> None:
    """Write into the row what it has to wait for. If that is a hold or a rate, others that are due
    and would meet it too are put there along with it. Call it in the gate's transaction."""
    Notification.move(row, N.SCHEDULED, now, **found)
    if found.get("held_by"):
        claims.hold_alike(row, found["held_by"], now)


def way(
    row: Notification, sender: Sender, passage: Passage, now: datetime
) -> Passage | dict[str, Any]:
    """The way out, or what is to be written into the row that has to wait: until when, and for
    what. Whatever waits for a hold or a rate does so until it is let go, and expires in time; no
    try is counted."""
    by_hand = switches(row)
    over = Hold.over([*by_hand, passage.scope])
    held = next((scope for scope in by_hand if scope in over or switched_off(scope)), None)
    if held is not None:
        return _held(row, held)
    hold = over.get(passage.scope)
    if hold is not None and hold.blocks(now):
        return _held(row, passage.scope)
    if row.tries and attempts.any_open(row.id):
        return {"next_attempt_at": now + STILL_RINGING}
    if row.failures and not passage.memory.budget.spend(now):
        return {"next_attempt_at": min(now + _until_budget(row), row.expires_at)}
    waits = _turn(row, sender, now)
    if waits is not None:
        return waits
    if hold is not None:
        if not Hold.take_probe(hold, breaker.probe_until(now)):
            return _held(row, passage.scope)
        return replace(passage, probe=hold)
    if not row.failures:
        passage.memory.budget.earn()
    return passage


def _held(row: Notification, scope: str) -> dict[str, Any]:
    return {"next_attempt_at": row.expires_at, "slot_at": None, "held_by": scope}


def _until_budget(row: Notification) -> timedelta:
    """Longer each time, up to a minute or so: very many rows may wait for the same few tries."""
    in_vain = max(0, row.claim - row.tries - 1)
    return NO_BUDGET * random.uniform(0.5, 1.5) * 2.0 ** min(in_vain, 4)


def _turn(row: Notification, sender: Sender, now: datetime) -> dict[str, Any] | None:
    """What the row waits for at its organization's rates and at its sender; None when it is its
    turn, and then `slot_at` says since when. A slot is taken seconds ahead at most, so that little
    is lost with a row that is canceled meanwhile."""
    if row.slot_at is not None and now - row.slot_at <= SLOT_LASTS:
        slot: datetime = row.slot_at
        return {"next_attempt_at": slot, "slot_at": slot} if slot > now else None
    slot = now
    limits: list[tuple[Paced, str]] = [
        (rate, rate.id) for rate in Rate.over(row.organization_id, row.purpose)
    ]
    limits.append((sender, sender_scope(sender.id)))
    for limit, scope in limits:
        found = _slot(row, limit, scope, now)
        if found is None:
            return _held(row, scope)
        slot = max(slot, found)
    if slot > now:
        return {"next_attempt_at": slot, "slot_at": slot}
    row.slot_at = slot
    return None


def _slot(row: Notification, limit: Paced, scope: str, now: datetime) -> datetime | None:
    if row.slot_at is None and limit.rate_per_second and any_held(scope):
        return None  # others wait for it already: those that are let go have their turn
    return type(limit).reserve(limit, now, min(row.expires_at, now + holds.AHEAD))
