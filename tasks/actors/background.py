"""The queue `background`: what may wait for everything else."""

import dramatiq

from gateway import wallclock
from gateway.usecases import holds, resolution
from tasks.broker import broker


@dramatiq.actor(queue_name="background", broker=broker)
def look_up(attempt_id: str, number: int) -> None:
    """Ask the provider about an attempt of unknown fate or a silent one, for the nth time."""
    holds.unless_paused("background", resolution.look_up, attempt_id, number, wallclock.now())


@dramatiq.actor(queue_name="background", broker=broker)
def check_provider(hold_id: str) -> None:
    """Ask a paused provider whether all is well again."""
    holds.check(hold_id, wallclock.now())
