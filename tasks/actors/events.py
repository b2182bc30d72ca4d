"""The queue `events`: applying what providers report."""

from typing import Any

import dramatiq

from gateway import wallclock
from gateway.usecases import event_batches, holds, inbox
from tasks.broker import broker

MOST = 64  # events that one message names


@dramatiq.actor(queue_name="events", broker=broker, park=inbox.park)
def apply_event(event_id: str) -> None:
    """Apply a stored provider event."""
    holds.unless_paused("events", inbox.apply, event_id, wallclock.now())


def _park_each(*job: Any) -> None:
    """Put off what a job named: its ids, then the fault and the moment."""
    *event_ids, fault, now = job
    for event_id in event_ids:
        inbox.park(event_id, fault, now)


@dramatiq.actor(queue_name="events", broker=broker, park=_park_each)
def apply_events(*event_ids: str) -> None:
    """Apply stored provider events, up to MOST."""
    holds.unless_paused("events", event_batches.apply, event_ids, wallclock.now())
