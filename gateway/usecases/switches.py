"""Pausing by hand: a queue, a kind of work, the reminders; of one organization or of everybody.
What is held waits at no cost, expires in time, and goes on when it is let go."""

from collections.abc import Collection
from datetime import datetime

import structlog

from gateway import kinds
from gateway.domain import lanes
from gateway.domain.errors import Conflict, NotFound
from gateway.models.base import atomic
from gateway.models.hold import (
    EVERYTHING,
    REMINDERS,
    Hold,
    kind_scope,
    queue_scope,
    reminders_scope,
)
from gateway.usecases import holds, operators
from gateway.usecases.operators import Operator

log = structlog.get_logger(__name__)

REASON = "by_hand"


def queue(name: str) -> str:
    """A queue by its name. Raises NotFound."""
    if name not in lanes.QUEUES:
        raise NotFound("there is no queue of this name")
    return name


def kind(name: str) -> str:
    """A kind of work by either of its names. Raises NotFound."""
    found = kinds.known(name)
    if found is None:
        raise NotFound("there is no kind of work of this name")
    return found


def pause_queue(operator: Operator, name: str, now: datetime, *, paused: bool) -> bool:
    """Pause a queue, or let it go on; whether that changed anything. An organization has only its
    own calls and messages to pause: raises Conflict for the queues that serve all of them at once,
    NotFound."""
    own = operator.reach.organization_id
    if queue(name) not in lanes.SENDING and own is not None:
        raise Conflict("this queue serves all organizations: it is paused at the command line")
    return _switch(operator, f"queue {name}", queue_scope(name, own), now, held=paused)


def pause_kind(operator: Operator, name: str, now: datetime, *, paused: bool) -> bool:
    """Pause a kind of work, or let it go on; whether that changed anything. Raises NotFound."""
    found = kind(name)
    scope = kind_scope(found, operator.reach.organization_id)
    return _switch(operator, f"kind {found}", scope, now, held=paused)


def reminders(operator: Operator, now: datetime, *, on: bool) -> bool:
    """Switch the reminders off or on, nudges among them; whether that changed anything."""
    scope = reminders_scope(operator.reach.organization_id)
    return _switch(operator, "reminders", scope, now, held=not on)


def _switch(operator: Operator, what: str, scope: str, now: datetime, *, held: bool) -> bool:
    with atomic():
        changed = Hold.put(scope, REASON, now) if held else Hold.remove(scope)
        if changed:
            done = "pause" if held else "resume"
            operators.note(operator, f"{done} {what}"[:40], [(None, scope)], now)
    if changed:
        word = "paused by hand" if held else "let go on by hand"
        log.warning(word, scope=scope, key_id=operator.key_id)
    return changed


def queue_paused(name: str, organization_id: str | None, over: Collection[str]) -> bool:
    """Whether one of these holds keeps an organization's work of a queue back."""
    scopes = [queue_scope(name), queue_scope(name, organization_id)]
    if name in lanes.SENDING:
        scopes.append(EVERYTHING)
    return any(scope in over for scope in scopes)


def kind_paused(name: str, organization_id: str | None, over: Collection[str]) -> bool:
    """Whether one of these holds keeps an organization's work of a kind back."""
    scopes = [EVERYTHING, kind_scope(name), kind_scope(name, organization_id)]
    if name in REMINDERS:
        scopes += [reminders_scope(), reminders_scope(organization_id)]
    return any(scope in over or holds.switched_off(scope) for scope in scopes)
