"""One attempt to reach somebody: past the start gate, the question to the carrier, its answer."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import CallState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.failpoints import hit
from gateway.models import claims, last_look
from gateway.models.base import atomic, is_lost
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.usecases import breaker, ending, gate, outcomes, retries

log = structlog.get_logger(__name__)


def attempt(
    notification_id: str, claim: int, clock: Callable[[], datetime], lease: timedelta
) -> None:
    """Place the call of a claimed notification. Safe to run any number of times: only the holder
    of the claim passes the start gate, and only once. `lease` is how long the row is held. Raises
    NotSent when the carrier surely did not take it; the caller then parks the row."""
    hit("worker.before_claim_commit")
    opened = gate.open_attempt(notification_id, claim, clock(), lease)
    if opened is None:
        return
    hit("worker.after_claim_commit")
    objection = _objection(opened, clock())
    if objection is not None:
        _take_back(opened, objection, clock())
    placement = opened.provider.place(opened.request)
    hit("worker.before_result_commit")
    _close(opened, placement, clock())
    hit("worker.after_result_commit")


def _objection(opened: gate.Opened, now: datetime) -> Reason | None:
    """What speaks against connecting now, after the attempt was committed: a worker may have slept
    in between. The last look; from here on a cancel ends the call at the carrier."""
    seen = last_look.look(opened.call.id, opened.notification.claim)
    if seen.canceled:
        return Reason.CANCELED
    if now >= seen.expires_at:
        return Reason.EXPIRED
    return None if seen.mine and seen.in_force and not seen.frozen else Reason.SUPERSEDED


def _take_back(opened: gate.Opened, objection: Reason, now: datetime) -> None:
    """Give up an attempt that did not leave. Raises NotSent."""
    failure = Failure(FailureClass.TECHNICAL, objection)
    outcomes.refused(opened.call, Placement(Result.NOT_SENT, failure=failure), now)
    if opened.passage.probe is not None:
        breaker.not_tried(opened.passage.probe, now)
    log.info("taken back", notification_id=opened.notification.id, reason=objection)
    raise NotSent(f"not asked: {objection}")


def _close(opened: gate.Opened, placement: Placement, now: datetime) -> None:
    """Write down the carrier's answer. Events may have come first; what they told stays."""
    ids = {"notification_id": opened.notification.id, "call_id": opened.call.id}
    failure = placement.failure
    reason = str(failure.reason) if failure else None
    if placement.result == Result.ACCEPTED:
        to_be_ended = outcomes.accepted(opened.call, placement, now)
        log.info("call triggered", **ids, external_id=placement.external_id)
    elif placement.result == Result.UNKNOWN:
        outcomes.became_unknown(opened.call, now)
        log.warning("placement unknown", **ids, reason=reason)
    else:
        outcomes.refused(opened.call, placement, now)
        log.warning("call failed", **ids, result=str(placement.result), reason=reason)
    breaker.learn(opened.passage, opened.call, placement, now)
    if placement.result == Result.ACCEPTED and to_be_ended:
        ending.end(opened.call.id, now)
    if placement.result == Result.NOT_SENT:
        raise NotSent(f"not taken: {reason}", placement.retry_after)


def park(notification_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a failed job: another try by the purpose's series, written into the row,
    or the end. An attempt of which it is not known whether it left becomes unknown instead, and
    is never repeated here."""
    with atomic():
        # The call is locked before its notification, as everywhere.
        call = CallLog.latest_locked(notification_id)
        row = Notification.locked(notification_id)
        if row.claim != claim:
            return
        if row.state == N.DUE:
            retries.after_fault(row, error, now)
        elif row.state != N.SENDING or call is None:
            return
        elif call.state == CallState.PLACING:
            outcomes.became_unknown(call, now)
        elif isinstance(error, NotSent) and call.state == CallState.FAILED:
            # Not where events already tell of the very call.
            retries.after_refusal(row, call, error.retry_after, now)


def sweep(now: datetime) -> int:
    """Take back what its holder did not finish in time: a claim no worker took up waits again; an
    attempt that stopped in the middle becomes unknown. A row that can't be taken back stops no
    other. Returns how many there were."""
    rows = claims.overdue_leases(now)
    for row in rows:
        try:
            with atomic():
                _take_over(row.id, row.claim, now)
        except Exception as fault:
            if is_lost(fault):
                raise
            log.error("row can't be swept", notification_id=row.id, error=type(fault).__name__)
    return len(rows)


def _take_over(notification_id: str, claim: int, now: datetime) -> None:
    call = CallLog.latest_locked(notification_id)
    row = Notification.locked(notification_id)
    if row.claim != claim or row.lease_until is None or row.lease_until >= now:
        return  # its holder was faster
    if row.state == N.DUE:
        retries.not_taken_up(row, now)
        return
    if call is not None and call.state == CallState.PLACING:
        outcomes.became_unknown(call, now)
        log.warning("attempt stalled", notification_id=row.id, call_id=call.id)
    elif call is not None and call.state == CallState.FAILED and row.state == N.SENDING:
        # It was refused, and its worker died before it was parked.
        retries.after_refusal(row, call, None, now)
        return
    Notification.let_go(row.id, row.claim)
