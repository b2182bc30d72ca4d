"""The way out of a notification that may leave: past holds, budgets and rates, or what it has to
wait for."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.lanes import queue_of
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import attempts, claims, enrolment_notifications
from gateway.models.circumstances import Circumstances
from gateway.models.hold import (
    COURSE,
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
from gateway.models.sender import Sender
from gateway.usecases import breaker, holds, steps, subjects, work
from gateway.usecases.breaker import Passage
from gateway.usecases.holds import switched_off

STILL_RINGING = timedelta(seconds=5)  # an earlier attempt of the same notification is not over
NO_BUDGET = timedelta(seconds=3)
SLOT_LASTS = timedelta(seconds=10)  # a slot missed for longer is lost; few are out at a time


def switches(row: Notification) -> list[str]:
    """The holds that somebody may have put on a notification by hand, the widest first."""
    queue, own = queue_of(row.channel), row.organization_id
    found = [EVERYTHING, queue_scope(queue), kind_scope(row.purpose)]
    found += [queue_scope(queue, own), kind_scope(row.purpose, own)]
    if row.purpose in REMINDERS:
        found += [reminders_scope(), reminders_scope(own)]
    return found


@dataclass(frozen=True)
class Wait:
    """What is to be written into a row that can't leave now. `scope` is the hold or the rate that
    it met, None where only this row has to wait."""

    changes: dict[str, Any]
    scope: str | None = None

    def too_long(self, now: datetime) -> bool:
        """Whether the next step of the plan is not to wait along with it any more."""
        until: datetime | None = self.changes.get("step_until")
        return until is not None and until <= now


def put_back(row: Notification, wait: Wait, now: datetime) -> None:
    """Have the row wait. Others that are due and would meet the same hold or rate go there along
    with it: a backlog would come to the gate in vain, row by row, and those that were given a slot
    would wait behind it. Call it in the gate's transaction."""
    Notification.move(row, N.SCHEDULED, now, **wait.changes)
    if wait.scope is not None:
        claims.hold_alike(row, wait.scope, now)


def way(
    row: Notification,
    sender: Sender,
    passage: Passage,
    now: datetime,
    known: Circumstances | None = None,
) -> Passage | Wait:
    """The way out, or what the row has to wait for. Whatever waits for a hold or a rate does so
    until it is let go, and expires in time; no try is counted."""
    if subjects.paused(row):
        later = now + enrolment_notifications.UNTIL_RESUMED
        return Wait({"next_attempt_at": later, "slot_at": None, "held_by": COURSE})
    by_hand = switches(row)
    none = known is not None and not known.any_hold
    over = {} if none else Hold.over([*by_hand, passage.scope])
    paused = next((scope for scope in by_hand if scope in over or switched_off(scope)), None)
    if paused is not None:
        return held(row, paused)
    hold = over.get(passage.scope)
    if hold is not None and hold.blocks(now):
        return _away(row, passage.scope, now)
    if row.tries and attempts.any_open(row.id):
        return Wait({"next_attempt_at": now + STILL_RINGING})
    if row.failures and not passage.memory.budget.spend(now):
        return Wait({"next_attempt_at": min(now + _until_budget(row), row.expires_at)})
    waits = _turn(row, sender, now, limited=known is None or known.any_rate)
    if waits is not None:
        return waits
    if hold is not None:
        if not Hold.take_probe(hold, breaker.probe_until(now)):
            return _away(row, passage.scope, now)
        return replace(passage, probe=hold)
    if not row.failures:
        passage.memory.budget.earn()
    return passage


def held(row: Notification, scope: str, step_until: datetime | None = None) -> Wait:
    """Wait for a hold or a rate, or for the end, whichever comes first; for another step of the
    plan at the most until `step_until`."""
    waits = {"next_attempt_at": row.expires_at, "slot_at": None, "held_by": scope}
    return Wait({**waits, "step_until": step_until}, scope)


def _away(row: Notification, scope: str, now: datetime) -> Wait:
    """Wait for a carrier that is held; not for ever where another step of the plan follows."""
    return held(row, scope, steps.gives_way_at(row, scope, now))


def _until_budget(row: Notification) -> timedelta:
    """Longer each time, up to a minute or so: very many rows may wait for the same few tries."""
    in_vain = max(0, row.claim - row.tries - 1)
    return NO_BUDGET * random.uniform(0.5, 1.5) * 2.0 ** min(in_vain, 4)


def _turn(row: Notification, sender: Sender, now: datetime, *, limited: bool) -> Wait | None:
    """What the row waits for at its organization's rates and at its sender; None when it is its
    turn, and then `slot_at` says since when. A slot is taken seconds ahead at most, so that little
    is lost with a row that is canceled meanwhile."""
    if row.slot_at is not None and now - row.slot_at <= SLOT_LASTS:
        slot: datetime = row.slot_at
        return Wait({"next_attempt_at": slot, "slot_at": slot}) if slot > now else None
    slot, latest = now, None
    limits: list[tuple[Paced, str]] = [
        (rate, rate.id) for rate in work.limits(row.organization_id, row.purpose, any_own=limited)
    ]
    limits.append((sender, sender_scope(sender.id)))
    for limit, scope in limits:
        found = _slot(row, limit, scope, now)
        if found is None:
            return held(row, scope)
        if found > slot:
            slot, latest = found, scope
    if slot > now:
        return Wait({"next_attempt_at": slot, "slot_at": slot}, latest)
    row.slot_at = slot
    return None


def _slot(row: Notification, limit: Paced, scope: str, now: datetime) -> datetime | None:
    if row.slot_at is None and limit.rate_per_second and any_held(scope):
        return None  # others wait for it already: those that are let go have their turn
    return type(limit).reserve(limit, now, min(row.expires_at, now + holds.AHEAD))
