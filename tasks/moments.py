"""What a clock is to wake for."""

from collections.abc import Iterator
from datetime import datetime

from gateway import wallclock
from gateway.models import agenda
from gateway.models.agenda import Agenda
from tasks import hands


def ahead(plan: Agenda, *, manned: bool, frozen: bool) -> Iterator[tuple[str | None, datetime]]:
    """The moments of an agenda, each with the queue whose workers then do something. Without a
    broker (`manned`) they can't, while everything is frozen nothing is handed out."""
    found: list[tuple[str | None, datetime | None]] = [(None, plan.cron)]
    found += [(None, plan.lease), (None, plan.job_lease)]
    if manned:
        found += [("voice", plan.ending), ("events", plan.event)]
        found += [("background", plan.look_up), ("background", plan.check)]
        found += [("timers", plan.step), ("timers", plan.overdue)]
        if not frozen:
            found += [(lane.partition(":")[0], of(plan, lane)) for lane in plan.claims]
    yield from ((queue, moment) for queue, moment in found if moment is not None)


def of(plan: Agenda, lane: str) -> datetime | None:
    """When rows of a lane are to be handed out next: timers go a little before they are due."""
    due = plan.claims.get(lane)
    if due is None or lane not in _HANDED:
        return due
    return due - wallclock.span(hands.LEAD)


_HANDED = frozenset(lane for lane in agenda.JOB_LANES if lane.startswith(f"{hands.QUEUE}:"))
