"""Waking the workers after an answer's transaction has been committed. The database is the queue of
record: a ring that nobody hears makes something a little later and loses nothing."""

from collections.abc import Iterable

from flask import g

from tasks.actors.events import apply_event
from tasks.actors.voice import end_call, place_call
from tasks.broker import hurry, nudge


def install() -> None:
    """Let no request wait long for the broker."""
    hurry()


def later(claimed: Iterable[tuple[str, int]]) -> None:
    """Remember claimed notifications (id, claim) of the present request."""
    g.setdefault("claimed", []).extend(claimed)


def ring() -> None:
    """Hand what was remembered to the workers."""
    for notification_id, claim in g.pop("claimed", ()):
        nudge(place_call, notification_id, claim)


def ring_for_event(event_id: str) -> None:
    """Have a stored provider event applied."""
    nudge(apply_event, event_id)


def ring_to_end(calls: Iterable[str]) -> None:
    """Have calls of something canceled ended at their carriers."""
    for call_id in calls:
        nudge(end_call, call_id)
