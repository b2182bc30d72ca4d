"""The queue `events`: applying what providers report, and asking them where they don't."""

import dramatiq

from gateway import wallclock
from gateway.usecases import holds, inbox, resolution
from tasks.broker import broker


@dramatiq.actor(queue_name="events", broker=broker, park=inbox.park)
def apply_event(event_id: str) -> None:
    """Apply a stored provider event."""
    inbox.apply(event_id, wallclock.now())


@dramatiq.actor(queue_name="events", broker=broker)
def look_up_call(call_id: str, number: int) -> None:
    """Ask the provider about a call of unknown fate, for the nth time."""
    resolution.look_up(call_id, number, wallclock.now())


@dramatiq.actor(queue_name="events", broker=broker)
def check_provider(hold_id: str) -> None:
    """Ask a paused provider whether all is well again."""
    holds.check(hold_id, wallclock.now())
