"""The queue `background`: what may wait for everything else."""

import dramatiq

from gateway import settings, wallclock
from gateway.usecases import holds, job_runs, resolution
from tasks.broker import broker


@dramatiq.actor(queue_name="background", broker=broker)
def look_up(attempt_id: str, number: int) -> None:
    """Ask the provider about an attempt of unknown fate or a silent one, for the nth time."""
    holds.unless_paused("background", resolution.look_up, attempt_id, number, wallclock.now())


@dramatiq.actor(queue_name="background", broker=broker)
def check_provider(hold_id: str) -> None:
    """Ask a paused provider whether all is well again."""
    holds.check(hold_id, wallclock.now())


@dramatiq.actor(queue_name="background", broker=broker, park=job_runs.park, own_lines=True)
def run_job(job_id: str, claim: int) -> None:
    """Do a claimed job that may wait for everything else."""
    lease = wallclock.span(settings.current().sending_lease_seconds * 1.5)
    job_runs.perform(job_id, claim, wallclock.now, lease)
