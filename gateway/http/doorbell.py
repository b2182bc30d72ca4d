"""Waking the workers after an answer's transaction has been committed. The database is the queue of
record: a ring that nobody hears makes something a little later and loses nothing."""

from collections.abc import Iterable, Mapping

import structlog
from flask import g

from gateway import tracing, wallclock
from gateway.domain.errors import StoreUnavailable
from gateway.http.event_bell import EventBell
from gateway.models import claims
from gateway.models.base import connection
from gateway.usecases.schedule import Ring
from tasks import wake
from tasks.actors.events import apply_event
from tasks.actors.sending import BY_QUEUE
from tasks.actors.voice import end_call
from tasks.broker import hurry, nudge, nudge_each

log = structlog.get_logger("gateway.http.doorbell")

events = EventBell()


def install() -> None:
    """Let no request wait long for the broker."""
    hurry()


def later(claimed: Iterable[Ring]) -> None:
    """Remember claimed notifications of the present request."""
    g.setdefault("claimed", []).extend(claimed)


def ring() -> None:
    """Hand what was remembered to the workers, and wake the clocks for what falls due soon. What
    the broker does not take, the clock finds with its next tick."""
    claimed = g.pop("claimed", [])
    lost = [(id_, claim) for id_, claim, queue in claimed if not nudge(BY_QUEUE[queue], id_, claim)]
    if lost:
        _hand_back(lost)
    wake.if_soon()


def _hand_back(claimed: list[tuple[str, int]]) -> None:
    try:
        with connection():
            claims.hand_back(claimed, wallclock.now())
    except StoreUnavailable:
        log.warning("claims not handed back", count=len(claimed))  # they run out by themselves


def ring_for_events(event_ids: Iterable[str], origins: Mapping[str, str]) -> None:
    """Have stored provider events applied: together with others of this process, where it has a
    thread for that; each in the trace that it belongs to, by its id, where that is told."""
    if events.runs and not tracing.on():
        events.ring(event_ids)
        return
    nudge_each(apply_event, [(event_id,) for event_id in event_ids], origins)


def ring_to_end(calls: Iterable[str]) -> None:
    """Have calls of something canceled ended at their carriers."""
    for call_id in calls:
        nudge(end_call, call_id)
