"""One attempt to reach somebody: past the start gate, the question to the carrier, its answer."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway import job_lines, tracing
from gateway.domain import lanes
from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.failpoints import hit
from gateway.models import attempts, claims, last_look
from gateway.models.base import atomic, is_lost
from gateway.models.notification import Notification
from gateway.providers import wire
from gateway.usecases import breaker, ending, gate, outcomes, retries, subjects

log = structlog.get_logger(__name__)

SHORTLY = 0.005  # seconds between two looks at the clock


def attempt(
    notification_id: str, claim: int, clock: Callable[[], datetime], lease: timedelta
) -> None:
    """Make the attempt of a claimed notification. Safe to run any number of times: only the holder
    of the claim passes the start gate, and only once. `lease` is how long the row is held. Raises
    NotSent when the carrier surely did not take it; the caller then parks the row."""
    hit("worker.before_claim_commit")
    opened = gate.open_attempt(notification_id, claim, clock(), lease)
    if opened is None:
        return
    row = opened.notification
    with job_lines.told(lanes.queue_of_lane(row.lane), row.purpose, row.id):
        _make(opened, clock)


def _make(opened: gate.Opened, clock: Callable[[], datetime]) -> None:
    hit("worker.after_claim_commit")
    if opened.leave_at is not None:
        wait(opened.leave_at, clock)
    now = clock()
    seen = last_look.look(opened.attempt.id, opened.notification.claim)
    against = objection(opened, seen, now)
    if against is not None:
        take_back(opened, against, clock())
    placement = ask(opened, clock)
    hit("worker.before_result_commit")
    close(opened, placement, clock())
    hit("worker.after_result_commit")


def wait(until: datetime, clock: Callable[[], datetime]) -> None:
    """Wait where one is for a moment that is near, longer than that by no clock."""
    latest = time.monotonic() + (until - clock()).total_seconds()
    while clock() < until and (left := latest - time.monotonic()) > 0:
        time.sleep(min(left, SHORTLY))


def ask(opened: gate.Opened, clock: Callable[[], datetime], parent: str | None = None) -> Placement:
    """Put the question to the carrier, in the trace that goes by `parent` or around this. It leaves
    in time, or not at all."""
    about = {"attempt_id": opened.attempt.id, "provider": opened.attempt.provider}
    with tracing.span(f"place {opened.request.channel}", parent=parent, **about):
        with wire.placing_while(lambda: clock() < opened.until):
            placement = opened.provider.place(opened.request)
        if placement.result != Result.ACCEPTED:
            tracing.failed(str(placement.result))
    return placement


def objection(opened: gate.Opened, seen: last_look.Seen, now: datetime) -> Reason | None:
    """What speaks against connecting now, after the attempt was committed: a worker may have slept
    in between. The last look; from here on a cancel ends the call at the carrier."""
    if seen.canceled:
        return Reason.CANCELED
    if now >= seen.expires_at:
        return Reason.EXPIRED
    still = seen.mine and seen.in_force and not seen.frozen and not seen.opted_out
    if not still or subjects.paused(opened.notification):
        return Reason.SUPERSEDED  # the gate says what it comes to
    return None


def take_back(opened: gate.Opened, objection: Reason, now: datetime) -> None:
    """Give up an attempt that did not leave. Raises NotSent."""
    failure = Failure(FailureClass.TECHNICAL, objection)
    outcomes.refused(opened.attempt, Placement(Result.NOT_SENT, failure=failure), now)
    if opened.passage.probe is not None:
        breaker.not_tried(opened.passage.probe, now)
    log.info("taken back", notification_id=opened.notification.id, reason=objection)
    raise NotSent(f"not asked: {objection}")


def close(opened: gate.Opened, placement: Placement, now: datetime) -> None:
    """Write down the carrier's answer. Events may have come first; what they told stays."""
    ids = {"notification_id": opened.notification.id, "attempt_id": opened.attempt.id}
    failure = placement.failure
    reason = str(failure.reason) if failure else None
    if placement.result == Result.ACCEPTED:
        to_be_ended = outcomes.accepted(opened.attempt, placement, now)
        told_taken(opened)
    elif placement.result == Result.UNKNOWN:
        outcomes.became_unknown(opened.attempt, now)
        log.warning("placement unknown", **ids, reason=reason)
    else:
        outcomes.refused(opened.attempt, placement, now)
        log.warning("attempt failed", **ids, result=str(placement.result), reason=reason)
    breaker.learn(opened.passage, opened.attempt, placement, now)
    if placement.result == Result.ACCEPTED and to_be_ended:
        ending.end(opened.attempt.id, now)
    if placement.result == Result.NOT_SENT:
        raise NotSent(f"not taken: {reason}", placement.retry_after)


def told_taken(opened: gate.Opened, **more: str) -> None:
    """Tell that the carrier has it."""
    ids = {"notification_id": opened.notification.id, "attempt_id": opened.attempt.id}
    what = "call triggered" if opened.request.channel == "voice" else "message sent"
    log.info(what, **ids, **more)


def park(notification_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a failed job: another try by the purpose's series, written into the row,
    or the end. An attempt of which it is not known whether it left becomes unknown instead, and
    is never repeated here."""
    with atomic():
        # The attempt is locked before its notification, as everywhere.
        latest = attempts.latest_locked(notification_id)
        row = Notification.locked(notification_id)
        if row.claim != claim:
            return
        if row.state == N.DUE:
            retries.after_fault(row, error, now)
        elif row.state != N.SENDING or latest is None:
            return
        elif latest.state == latest.BEGUN:
            outcomes.became_unknown(latest, now)
        elif isinstance(error, NotSent) and latest.state == latest.FAILED:
            # Not where events already tell of the very attempt.
            retries.after_refusal(row, latest, error.retry_after, now)


def take_over(row: Notification, now: datetime) -> None:
    """Take back one row whose holder did not finish in time; nothing happens if it did."""
    with atomic():
        _take_over(row.id, row.claim, now)


def sweep(now: datetime) -> int:
    """Take back what its holder did not finish in time: a claim no worker took up waits again; an
    attempt that stopped in the middle becomes unknown. A row that can't be taken back stops no
    other. Returns how many there were."""
    rows = claims.overdue_leases(now)
    for row in rows:
        try:
            take_over(row, now)
        except Exception as fault:
            if is_lost(fault):
                raise
            log.error("row can't be swept", notification_id=row.id, error=type(fault).__name__)
    return len(rows)


def _take_over(notification_id: str, claim: int, now: datetime) -> None:
    latest = attempts.latest_locked(notification_id)
    row = Notification.locked(notification_id)
    if row.claim != claim or row.lease_until is None or row.lease_until >= now:
        return  # its holder was faster
    if row.state == N.DUE:
        retries.not_taken_up(row, now)
        return
    if latest is not None and latest.state == latest.BEGUN:
        outcomes.became_unknown(latest, now)
        log.warning("attempt stalled", notification_id=row.id, attempt_id=latest.id)
    elif latest is not None and latest.state == latest.FAILED and row.state == N.SENDING:
        # It was refused, and its worker died before it was parked.
        retries.after_refusal(row, latest, None, now)
        return
    Notification.let_go(row.id, row.claim)
