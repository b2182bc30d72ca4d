"""Timers go from the clock to a worker a moment before they are due, and wait there."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import dramatiq
import structlog

from gateway import settings, wallclock
from gateway.failpoints import hit
from gateway.models import job_claims
from gateway.usecases import job_hands
from tasks.broker import nudge_each

log = structlog.get_logger(__name__)

QUEUE = "timers"
AHEAD = 0.06  # real seconds before its moment from which on a timer may be handed out
LEAD = 0.025  # … and at the latest is: what it may take to a worker
_SLICE = 0.2  # real seconds that a worker waits at most, whatever its clock shows


def hand_out(
    lane: str,
    now: datetime,
    room: int,
    alone: "dramatiq.Actor[..., Any]",
    several: "dramatiq.Actor[..., Any]",
) -> int | None:
    """Claim the timers of a lane that are due, or soon, and ring for at most `room` workers, each
    for one `alone` or for `several`. How many timers those are; None when the broker is away."""
    lease = wallclock.span(settings.current().claim_lease_seconds)
    made = job_hands.hand_out(lane, now, wallclock.span(AHEAD), room, lease)
    hit("clock.after_lease")
    if not made:
        return 0
    count = sum(len(one.ids) for one in made)
    log.info("due jobs found", count=count, lane=lane)
    single = [(one.ids[0], one.claim) for one in made if len(one.ids) == 1]
    many = [(one.ids[0], one.claim, *one.ids[1:]) for one in made if len(one.ids) > 1]
    queued = all(
        nudge_each(actor, jobs) for actor, jobs in ((alone, single), (several, many)) if jobs
    )
    hit("clock.after_enqueue")
    if not queued:
        job_claims.hand_back([(id_, one.claim) for one in made for id_ in one.ids], now)
        return None
    log.info("queued", count=count, lane=lane)
    return count


def attend(claim: int, ids: Sequence[str]) -> None:
    """Do the timers of one claim, each at its moment."""
    lease = wallclock.span(settings.current().sending_lease_seconds * 1.5)
    job_hands.attend(claim, ids, wallclock.now, _waiter(), lease)


def _waiter() -> Callable[[datetime], bool]:
    latest = time.monotonic() + _SLICE

    def wait(moment: datetime) -> bool:
        while (left := (moment - wallclock.now()).total_seconds() / wallclock.rate()) > 0:
            slice_left = latest - time.monotonic()
            if left > slice_left:  # all of it, else a clock that is ahead hands out in a circle
                time.sleep(max(0.0, slice_left))
                return wallclock.now() >= moment
            time.sleep(left)
        return True

    return wait
