"""The way out of a notification that may leave: past holds, budgets and rates, or what it has to
wait for."""

import random
from collections import defaultdict
from collections.abc import Iterable
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
    kind_scope,
    queue_scope,
    reminders_scope,
)
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import breaker, pacing, steps, subjects
from gateway.usecases.breaker import Passage
from gateway.usecases.holds import switched_off
from gateway.usecases.pacing import Turn

SWEEPS = 4  # of rows that wait along, in one transaction
STILL_RINGING = timedelta(seconds=5)  # an earlier attempt of the same notification is not over
NO_BUDGET = timedelta(seconds=3)
NEAR = timedelta(milliseconds=50)  # a slot for which a worker waits itself
NEAR_TOGETHER = timedelta(milliseconds=250)  # the same with several, or where there are many slots
CROWDED = timedelta(seconds=1)  # slots further away than that: others need not come in vain


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
    put_back_each([(row, wait)], now)


def put_back_each(waits: Iterable[tuple[Notification, Wait]], now: datetime) -> None:
    """The same for several rows."""
    alike: dict[tuple[str, ...], list[tuple[Notification, str]]] = defaultdict(list)
    for row, wait in waits:
        Notification.move(row, N.SCHEDULED, now, **wait.changes)
        if wait.scope is not None:
            whose = (row.organization_id, row.mode, row.purpose, row.lane)
            which = (*whose, str(row.step), repr(row.plan), repr(row.step_until), wait.scope)
            alike[which].append((row, wait.scope))
    for rows in alike.values():
        for row, scope in rows[:SWEEPS]:
            if claims.hold_alike(row, scope, now) < claims.ALIKE:
                break


def way(
    row: Notification,
    sender: Sender,
    passage: Passage,
    now: datetime,
    known: Circumstances | None = None,
) -> Passage | Wait:
    """The way out, or what the row has to wait for. Whatever waits for a hold or a rate does so
    until it is let go, and expires in time; no try is counted."""
    met = obstacle(row, passage, now, known)
    if isinstance(met, Wait):
        return met
    (turn,) = pacing.turns([pacing.Comer(row, sender, limited(known))], now)
    waits = by_turn(row, turn, now, NEAR)
    if waits is not None:
        return waits
    if met is not None:
        if not Hold.take_probe(met, breaker.probe_until(now)):
            return _away(row, passage.scope, now)
        return replace(passage, probe=met)
    return through(row, passage)


def obstacle(
    row: Notification, passage: Passage, now: datetime, known: Circumstances | None
) -> Wait | Hold | None:
    """What the row has to wait for, whatever the rates say; or the hold that one row, this one if
    nobody else does, may test now."""
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
    return hold


def limited(known: Circumstances | None) -> bool:
    """Whether an organization may have set rates of its own."""
    return known is None or known.any_rate


def by_turn(row: Notification, turn: Turn, now: datetime, near: timedelta) -> Wait | None:
    """What the row waits for at the rates; None when it is its turn, or will be so soon that a
    worker waits for it. Then `slot_at` says when."""
    slot = turn.slot
    if slot is None:
        return held(row, str(turn.scope))
    if slot > now + (NEAR_TOGETHER if turn.quick else near):
        crowded = turn.scope if slot > now + CROWDED else None
        return Wait({"next_attempt_at": turn.call_at, "slot_at": slot}, crowded)
    row.slot_at = slot
    return None


def through(row: Notification, passage: Passage) -> Passage:
    """Nothing is in the way."""
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
