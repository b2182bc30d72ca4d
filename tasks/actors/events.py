"""The queue `events`: applying what providers report."""

import dramatiq

from gateway import wallclock
from gateway.usecases import holds, inbox
from tasks.broker import broker


@dramatiq.actor(queue_name="events", broker=broker, park=inbox.park)
def apply_event(event_id: str) -> None:
    """Apply a stored provider event."""
    holds.unless_paused("events", inbox.apply, event_id, wallclock.now())
