"""What follows an attempt that did not leave: it is held, tried again, or at its end."""

from datetime import datetime, timedelta

import structlog

from gateway.domain.backoff import unclaimed
from gateway.domain.errors import GatewayError
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.models.attempts import AnyAttempt
from gateway.models.base import is_lost
from gateway.models.hold import Hold, provider_scope
from gateway.models.notification import Notification
from gateway.usecases import breaker, consequences, steps, work

log = structlog.get_logger(__name__)

SOON = timedelta(seconds=5)
TAKEN_BACK = (Reason.CANCELED, Reason.EXPIRED, Reason.SUPERSEDED)  # at the last look


def after_refusal(
    row: Notification, attempt: AnyAttempt, retry_after: float | None, now: datetime
) -> None:
    """Decide what follows an attempt that the carrier surely did not take. Where its account is
    held the row waits for that, and nothing is counted; else it is tried again by the series of
    its purpose, and never at or past its end. Call it in a transaction with the row locked."""
    if row.cancel_requested_at is not None:
        consequences.finish(row, N.CANCELED, now, reason=Reason.CANCELED)
    elif attempt.reason in TAKEN_BACK:
        _again(row, now, now)  # the gate says why it may not leave
    elif (scope := _held_by(attempt, now)) is not None:
        until = steps.gives_way_at(row, scope, now)
        if until is None or until > now or not steps.give_way(row, now):
            waits = {"held_by": scope, "step_until": until}
            _again(row, row.expires_at, now, reason=attempt.reason, **waits)
    else:
        _count(row, attempt, retry_after, now)


def _held_by(attempt: AnyAttempt, now: datetime) -> str | None:
    """The hold that keeps back what this attempt was refused for. Throttling has its own waits."""
    if attempt.reason == Reason.THROTTLED:
        return None
    if attempt.reason == Reason.CONFIGURATION and breaker.refused_alone(attempt):
        return None
    scope = provider_scope(attempt.provider, attempt.account)
    hold = Hold.over([scope]).get(scope)
    return scope if hold is not None and hold.blocks(now) else None


def _count(
    row: Notification, attempt: AnyAttempt, retry_after: float | None, now: datetime
) -> None:
    failures = row.failures + 1
    purpose = "voice" if row.channel == "voice" else row.purpose
    then = work.backoff().next_try(purpose, failures, now, retry_after)
    if then is None:
        reason = Reason(attempt.reason or Reason.PROVIDER_ERROR)
        failure_class = FailureClass(attempt.failure_class or FailureClass.TECHNICAL)
        consequences.not_reached(row, Failure(failure_class, reason), now, dead=True)
    elif then >= row.expires_at:
        consequences.finish(
            row, N.EXPIRED, now, reason=Reason.EXPIRED, failure_class=attempt.failure_class
        )
    else:
        _again(row, then, now, failures=failures, reason=attempt.reason)
        log.info("retrying", notification_id=row.id, failures=failures)


def _again(row: Notification, then: datetime, now: datetime, **changes: object) -> None:
    Notification.move(
        row, N.SCHEDULED, now, from_=[N.SENDING], only_claim=True, next_attempt_at=then, **changes
    )


def after_fault(row: Notification, error: BaseException, now: datetime) -> None:
    """Put off a due row that could not pass the gate. A fault that is known, of the database or of
    the settings, counts for nothing; an unexpected one concerns this very row, which is tried
    again by the default series and then ends as a dead letter, so that it stops nothing else."""
    poison = isinstance(error, Exception) and not isinstance(error, GatewayError)
    if now >= row.expires_at:
        consequences.finish(row, N.EXPIRED, now, reason=Reason.EXPIRED)
        return
    if not poison or is_lost(error):
        Notification.move(
            row, N.SCHEDULED, now, from_=[N.DUE], only_claim=True, next_attempt_at=now + SOON
        )
        return
    failures = row.failures + 1
    then = work.backoff().next_try("default", failures, now)
    if then is not None:
        Notification.move(
            row, N.SCHEDULED, now, from_=[N.DUE], only_claim=True, failures=failures,
            next_attempt_at=min(then, row.expires_at),
        )  # fmt: skip
        return
    log.error("notification given up", notification_id=row.id, error=type(error).__name__)
    consequences.finish(
        row, N.NOT_REACHED, now, reason=Reason.INTERNAL,
        failure_class=FailureClass.TECHNICAL, dead=True,
    )  # fmt: skip


def not_taken_up(row: Notification, now: datetime) -> None:
    """Take back a claim whose worker never came to the gate. Once or twice that is a lost message
    or a worker that ended; a row whose workers always die waits longer each time."""
    if now >= row.expires_at:
        Notification.move(row, N.EXPIRED, now, from_=[N.DUE], reason=Reason.EXPIRED)
        return
    wait = unclaimed(row.claim - row.tries)
    Notification.move(
        row, N.SCHEDULED, now, from_=[N.DUE], only_claim=True, next_attempt_at=now + wait
    )
