"""One attempt to reach somebody: past the start gate, the question to the carrier, its answer."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import CallState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.provider import Placement, Result
from gateway.failpoints import hit
from gateway.models import claims
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.usecases import ending, gate, outcomes

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
    placement = opened.provider.place(opened.request)
    hit("worker.before_result_commit")
    _close(opened, placement, clock())
    hit("worker.after_result_commit")


def _close(opened: gate.Opened, placement: Placement, now: datetime) -> None:
    """Write down the carrier's answer. Events may have come first; what they told stays."""
    ids = {"notification_id": opened.notification.id, "call_id": opened.call.id}
    if placement.result == Result.ACCEPTED:
        late_veto = outcomes.accepted(opened.call, placement, now)
        log.info("call triggered", **ids, external_id=placement.external_id)
        if late_veto:
            ending.end_if_canceled(opened.call.id)
        return
    failure = placement.failure
    reason = str(failure.reason) if failure else None
    if placement.result == Result.UNKNOWN:
        outcomes.became_unknown(opened.call, now)
        log.warning("placement unknown", **ids, reason=reason)
        return
    outcomes.refused(opened.call, placement, now)
    log.warning("call failed", **ids, result=str(placement.result), reason=reason)
    if placement.result == Result.NOT_SENT:
        raise NotSent(f"not taken: {reason}", placement.retry_after)


def park(notification_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a failed job: another try by the purpose's series, written into the row,
    or the end. An attempt of which it is not known whether it left becomes unknown instead, and
    is never repeated here."""
    with atomic():
        row = Notification.get_or_none(
            Notification.id == notification_id, Notification.claim == claim
        )
        if row is None or row.state not in (N.DUE, N.SENDING):
            return
        if row.state == N.DUE:
            Notification.move(
                row, N.SCHEDULED, now, only_claim=True, next_attempt_at=now + timedelta(seconds=5)
            )
            return
        call = CallLog.latest(row.id)
        if call is not None and call.state == CallState.PLACING:
            outcomes.became_unknown(call, now)
        elif isinstance(error, NotSent) and call is not None and call.state == CallState.FAILED:
            _retry(row, call, error, now)  # not where events already tell of the very call


def _retry(row: Notification, call: CallLog, error: NotSent, now: datetime) -> None:
    purpose = "voice" if row.channel == "voice" else row.purpose
    then = outcomes.backoff().next_try(purpose, row.tries, now, error.retry_after)
    if then is not None and then < row.expires_at:
        Notification.move(
            row, N.SCHEDULED, now, from_=[N.SENDING], only_claim=True, next_attempt_at=then
        )
        log.info("retrying", notification_id=row.id, tries=row.tries)
        return
    state = N.NOT_REACHED if then is None else N.EXPIRED
    reason = call.reason or Reason.PROVIDER_ERROR
    outcomes.finish(
        row, state, now,
        reason=reason if state == N.NOT_REACHED else Reason.EXPIRED,
        failure_class=call.failure_class,
        dead=state == N.NOT_REACHED,
    )  # fmt: skip


def sweep(now: datetime) -> int:
    """Take back what its holder did not finish in time: a claim no worker took up waits again; an
    attempt that stopped in the middle becomes unknown. Returns how many rows there were."""
    rows = claims.overdue_leases(now)
    for row in rows:
        with atomic():
            if row.state == N.DUE:
                Notification.move(
                    row, N.SCHEDULED, now, from_=[N.DUE], only_claim=True, next_attempt_at=now
                )
                continue
            call = CallLog.latest(row.id)
            if call is not None and call.state == CallState.PLACING:
                outcomes.became_unknown(call, now)
                log.warning("attempt stalled", notification_id=row.id, call_id=call.id)
            elif call is not None and call.state == CallState.FAILED:
                _retry(row, call, NotSent(), now)  # refused; its worker died before it was parked
                continue
            Notification.let_go(row.id, row.claim)
    return len(rows)
