"""Doing a job: from its claim to its end, its next try or its dead letter."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway import job_lines
from gateway.domain import lanes
from gateway.domain.errors import NotFound
from gateway.domain.lifecycle import JobState as J
from gateway.failpoints import hit
from gateway.models import base, job_claims
from gateway.models.base import atomic, is_lost
from gateway.models.dead_letter import JOB, REPLAYED, DeadLetter
from gateway.models.hold import EVERYTHING, Hold, kind_scope, queue_scope
from gateway.models.job import Job
from gateway.usecases import work
from gateway.usecases.job_handlers import HANDLERS

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=1)
LONGEST = 0.5  # real seconds in which one worker may go on with further jobs of a kind


def perform(job_id: str, claim: int, clock: Callable[[], datetime], lease: timedelta) -> None:
    """Do a claimed job. Safe to run any number of times: only the holder of the claim takes it up,
    and only once. `lease` is how long it is held. Where only so many of its kind may be at work,
    its place goes to the next that is due, so that none is free while others wait."""
    until = clock() + timedelta(seconds=LONGEST)
    following: tuple[str, int] | None = (job_id, claim)
    while following is not None:
        row = _begin(*following, clock(), lease)
        if row is None:
            return
        hit("worker.after_job_begun")
        done = _do(row, clock)
        hit("worker.before_job_done")
        following = _close(row, clock(), lease, more=clock() < until) if done else None


def _begin(job_id: str, claim: int, now: datetime, lease: timedelta) -> Job | None:
    with atomic():
        row = Job.begin(job_id, claim, now + lease)
        if row is None:
            return None
        scope = _held_back(row)
        if scope is None:
            return row
        Job.move(row, J.SCHEDULED, now, held_by=scope)
        job_claims.hold_alike(row, scope, now)
    log.info("job held", job_id=row.id, scope=scope)
    return None


def _held_back(row: Job) -> str | None:
    """The hold that keeps a job back: everything, its queue or its kind, everybody's or its own
    organization's."""
    queue, own = lanes.queue_of_lane(row.lane), row.organization_id
    scopes = [EVERYTHING, queue_scope(queue), kind_scope(row.kind)]
    scopes += [queue_scope(queue, own), kind_scope(row.kind, own)]
    return next(iter(sorted(Hold.over(scopes))), None)


def _do(row: Job, clock: Callable[[], datetime]) -> bool:
    """Whether the handler came to its end; else what follows is written into the row."""
    more = {"name": row.name, "failures": row.failures}
    try:
        with job_lines.told(lanes.queue_of_lane(row.lane), row.kind, row.id, **more):
            handler = HANDLERS.get(row.name)
            if handler is None:
                raise NotFound("there is no job of this name")
            handler(row.key, clock())
    except Exception as error:  # noqa: BLE001 - whatever it is, the row tells what follows
        if is_lost(error):
            base.give_back(broken=True)
            base.borrow()
        park(row.id, row.claim, error, clock())
        return False
    return True


def _close(row: Job, now: datetime, lease: timedelta, *, more: bool) -> tuple[str, int] | None:
    """Write down that a job is done; the next one of its kind, if its place may be handed on."""
    with atomic():
        if row.reason is not None:
            DeadLetter.resolve(JOB, row.id, REPLAYED, now)
        if not Job.finish(row, now) or work.unlimited(row.kind) or not more:
            return None
        taken = job_claims.claim_due(row.lane, now, 1, lease, only=row.kind)
    return taken[0] if taken else None


def park(job_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a job that failed: another try by the series of its kind, or the end and
    a dead letter. A lost database counts for nothing."""
    with atomic():
        row = Job.held(job_id, claim)
        if row is None:
            return
        reason = type(error).__name__
        if is_lost(error) or row.state == J.DUE:
            Job.move(row, J.SCHEDULED, now, next_attempt_at=now + SOON)
            return
        _count(row, reason, now)


def _count(row: Job, reason: str, now: datetime) -> None:
    failures = row.failures + 1
    then = work.backoff().next_try(row.kind, failures, now)
    if then is None and row.again_at is not None:
        then, failures = row.again_at, 0  # it was planned anew meanwhile: that one is not this one
    if then is not None:
        Job.move(row, J.SCHEDULED, now, next_attempt_at=then, failures=failures, reason=reason)
        return
    Job.move(row, J.FAILED, now, failures=failures, reason=reason)
    DeadLetter.bury(row, reason, now)
    log.error("job given up", job_id=row.id, name=row.name, error=reason)


def sweep(now: datetime) -> int:
    """Take back what its holder did not finish in time: a claim no worker took up is due again; a
    job whose worker died counts as failed, so that one that kills its workers comes to an end.
    Returns how many there were."""
    rows = Job.overdue_leases(now)
    for seen in rows:
        with atomic():
            row = Job.held(seen.id, seen.claim)
            if row is None or row.lease_until is None or row.lease_until >= now:
                continue  # its holder was faster
            if row.state == J.DUE:
                Job.move(row, J.SCHEDULED, now, next_attempt_at=now)
            else:
                log.warning("job stalled", job_id=row.id, name=row.name)
                _count(row, "stalled", now)
    return len(rows)
