"""Doing a job: from its claim to its end, its next try or its dead letter."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta

import structlog

from gateway import job_lines
from gateway.domain import lanes
from gateway.domain.errors import NotFound
from gateway.domain.lifecycle import JobState as J
from gateway.failpoints import hit
from gateway.models import base, job_claims, job_hands
from gateway.models.base import atomic, is_lost
from gateway.models.dead_letter import JOB, REPLAYED, DeadLetter
from gateway.models.hold import EVERYTHING, Hold, kind_scope, queue_scope
from gateway.models.job import Job
from gateway.usecases import work
from gateway.usecases.job_handlers import HANDLERS, SEVERAL

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=1)
LONGEST = 0.5  # real seconds in which one worker may go on with further jobs of a kind
FEW, BATCH = 5, 500  # at least and at most so many of them are taken up at once
SHARE = 0.05  # … and as many as take about so many seconds of the processor
PATIENCE = timedelta(seconds=5)  # after which those of them that were not begun go back


def perform(job_id: str, claim: int, clock: Callable[[], datetime], lease: timedelta) -> None:
    """Do a claimed job. Safe to run any number of times: only the holder of the claim takes it up,
    and only once. `lease` is how long it is held. Where only so many of its kind may be at work,
    its place goes to the next that are due, one after the other, so that none is free while others
    wait."""
    until = clock() + timedelta(seconds=LONGEST)
    rows = _begin(job_id, claim, clock(), lease)
    while rows:
        began = time.thread_time()
        done = at(rows, clock)
        now = clock()
        further = most(len(rows), time.thread_time() - began) if now < until else 0
        rows = close(done, now, now + lease, further)


def at(rows: list[Job], clock: Callable[[], datetime]) -> list[Job]:
    """Do jobs that were begun; returns those that are done, in the sense of `close`."""
    hit("worker.after_job_begun")
    done = _do(rows, clock)
    hit("worker.before_job_done")
    return done


def most(done: int, seconds: float) -> int:
    """How many to take up next: what is quick by the hundred, what is slow a few at a time, so that
    the others who may be at work have their share."""
    return max(FEW, min(BATCH, int(done * SHARE / max(seconds, 0.0001))))


def _begin(job_id: str, claim: int, now: datetime, lease: timedelta) -> list[Job]:
    with atomic():
        row = Job.begin(job_id, claim, now + lease)
        return [] if row is None else let_pass([row], now)


def let_pass(rows: list[Job], now: datetime) -> list[Job]:
    """Those that no hold keeps back; the others wait for it from now on."""
    if not job_hands.anything_held():
        return rows
    holds = Hold.over({scope for row in rows for scope in _scopes(row)})
    if not holds:
        return rows
    free = []
    for row in rows:
        scope = next(iter(sorted(holds.keys() & _scopes(row))), None)
        if scope is None:
            free.append(row)
            continue
        Job.move(row, J.SCHEDULED, now, held_by=scope)
        job_claims.hold_alike(row, scope, now)
        log.info("job held", job_id=row.id, scope=scope)
    return free


def _scopes(row: Job) -> set[str]:
    """What can keep a job back: everything, its queue or its kind, everybody's or its own
    organization's."""
    queue, own = lanes.queue_of_lane(row.lane), row.organization_id
    common = {EVERYTHING, queue_scope(queue), kind_scope(row.kind)}
    return common | {queue_scope(queue, own), kind_scope(row.kind, own)}


def _do(rows: list[Job], clock: Callable[[], datetime]) -> list[Job]:
    """Those whose handlers came to their end; of the others what follows is written into the row.
    What can be done for several at once is, unless that fails: then each is done by itself. What
    there is no time for goes back."""
    together: dict[str, list[Job]] = {}
    for row in rows:
        together.setdefault(row.name if row.name in SEVERAL else row.id, []).append(row)
    done: list[Job] = []
    latest = clock() + PATIENCE
    for some in together.values():
        if len(some) > 1 and _do_together(some, clock):
            done += some
            continue
        for row in some:
            if clock() > latest:
                Job.move(row, J.SCHEDULED, clock(), next_attempt_at=clock())
            elif _do_one(row, clock):
                done.append(row)
    return done


def _do_together(rows: list[Job], clock: Callable[[], datetime]) -> bool:
    began = time.monotonic()
    try:
        SEVERAL[rows[0].name]([row.key for row in rows], clock())
    except Exception as error:  # noqa: BLE001 - each tells by itself what is the matter with it
        if is_lost(error):
            base.give_back(broken=True)
            base.borrow()
        return False
    queue, ids = lanes.queue_of_lane(rows[0].lane), [row.id for row in rows]
    job_lines.told_together(queue, rows[0].kind, ids, began, name=rows[0].name)
    return True


def _do_one(row: Job, clock: Callable[[], datetime]) -> bool:
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


def close(done: list[Job], now: datetime, lease_until: datetime, further: int) -> list[Job]:
    """Write down which jobs are done; up to so many further ones of their kind, if their place may
    be handed on. After one that failed it is not, nor after one that somebody has locked: nothing
    is held while that is waited for."""
    if not done:
        return []
    again = [row for row in done if row.reason is not None]
    further, rows = 0 if work.unlimited(done[0].kind) else further, []
    with atomic() if further or again else nullcontext():
        for row in again:
            DeadLetter.resolve(JOB, row.id, REPLAYED, now)
        ended = job_hands.finish(done, now)
        if further and len(ended) == len(done):
            lane, kind = done[0].lane, done[0].kind
            rows = job_claims.begin_due(lane, kind, now, further, lease_until - now)
            rows = let_pass(rows, now)
    for row in done:
        if row.id not in ended:
            job_hands.finish_one(row, now)
    return rows


def park(job_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a job that failed: another try by the series of its kind, or the end and
    a dead letter. A lost database counts for nothing."""
    with atomic():
        row = Job.held(job_id, claim)
        if row is None:
            return
        reason = type(error).__name__
        if is_lost(error) or row.state == J.DUE:
            Job.move(row, J.SCHEDULED, now, next_attempt_at=max(now + SOON, row.due_at))
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
    """Take back what its holder did not finish in time: a claim no worker took up is due again, but
    not before its moment, ahead of which it may have been claimed; a job whose worker died counts
    as failed, so that one that kills its workers comes to an end. Returns how many there were."""
    rows = Job.overdue_leases(now)
    for seen in rows:
        with atomic():
            row = Job.held(seen.id, seen.claim)
            if row is None or row.lease_until is None or row.lease_until >= now:
                continue  # its holder was faster
            if row.state == J.DUE:
                Job.move(row, J.SCHEDULED, now, next_attempt_at=max(now, row.due_at))
            else:
                log.warning("job stalled", job_id=row.id, name=row.name)
                _count(row, "stalled", now)
    return len(rows)
