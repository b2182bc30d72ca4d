"""The queue `timers`: what becomes true by the mere passing of time."""

import dramatiq

from gateway import wallclock
from gateway.usecases import holds, job_hands, job_runs, overdue, steps
from tasks import hands
from tasks.broker import broker


@dramatiq.actor(queue_name="timers", broker=broker)
def begin_step(notification_id: str) -> None:
    """Begin the next step of a channel plan whose present one had its time."""
    holds.unless_paused("timers", steps.escalate, notification_id, wallclock.now())


@dramatiq.actor(queue_name="timers", broker=broker)
def mark_overdue(booking_id: str) -> None:
    """Mark an appointment that should have begun."""
    holds.unless_paused("timers", overdue.mark, booking_id, wallclock.now())


@dramatiq.actor(queue_name="timers", broker=broker, park=job_runs.park, own_lines=True)
def run_timer(job_id: str, claim: int) -> None:
    """Do a claimed job once its moment has come."""
    hands.attend(claim, [job_id])


@dramatiq.actor(queue_name="timers", broker=broker, park=job_hands.park, own_lines=True)
def run_timers(job_id: str, claim: int, *others: str) -> None:
    """Do several jobs of the same number of a claim, each once its moment has come."""
    hands.attend(claim, [job_id, *others])
