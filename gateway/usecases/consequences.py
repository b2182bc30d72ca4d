"""What the news of an attempt means for its notification."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain import repeats
from gateway.domain.decision import Decision
from gateway.domain.lifecycle import (
    PENDING,
    AttemptState,
    CallState,
    MessageState,
    arrived,
    is_final,
)
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.models import attempts, reminder_counts
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import ending, steps, subjects, work

log = structlog.get_logger(__name__)

REASONS: dict[AttemptState, Failure] = {
    CallState.BUSY: Failure(FailureClass.TEMPORARY, Reason.BUSY),
    CallState.NO_ANSWER: Failure(FailureClass.TEMPORARY, Reason.NO_ANSWER),
    CallState.FAILED: Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE),
    CallState.CANCELED: Failure(FailureClass.TECHNICAL, Reason.CANCELED),
    CallState.COMPLETED: Failure(FailureClass.TEMPORARY, Reason.NO_ANSWER),  # by a machine
    MessageState.UNDELIVERED: Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE),
}

# Why a notification waits whose last attempt was not taken, as far as we know.
NOT_TAKEN = (Reason.PROVIDER_ERROR, Reason.THROTTLED, Reason.CONFIGURATION)


def attempt_moved(
    attempt: AnyAttempt, now: datetime, failure: Failure | None
) -> Notification | None:
    """Carry an attempt's present state over to its notification, and give that, locked. Call it
    with the attempt locked. Only the newest attempt decides; of an older one it counts alone that
    it reached somebody. A retry that waits is off when the carrier had taken it after all."""
    if attempt.notification_id is None:
        return None
    row = Notification.locked(attempt.notification_id)
    if attempt.just_taken:
        attempt.just_taken = False
        reminder_counts.left(row.purpose)
    state: AttemptState = attempt.standing
    if isinstance(attempt, CallLog):
        ending.veto(attempt, row, now)
    if arrived(state) and steps.fulfilled(row, attempt):
        _under_way(row, PENDING, now)
        finish(row, N.REACHED, now)
    elif not is_newest(attempt, row):
        if row.state == N.REACHED and is_final(state) and not arrived(state):
            _reached_no_more(row, None, now)
    elif row.state in PENDING and row.reason not in NOT_TAKEN:
        pass  # what follows this attempt is decided already
    elif not is_final(state) or (isinstance(state, MessageState) and arrived(state)):
        _under_way(row, [*PENDING, N.UNKNOWN], now)
        if not steps.waits_for_more(row, attempt, now) and arrived(state):
            finish(row, N.REACHED, now)
    else:
        _under_way(row, PENDING, now)
        _not_reached(row, state, failure or REASONS.get(state, REASONS[CallState.FAILED]), now)
    return row


def _under_way(row: Notification, from_: Collection[N], now: datetime) -> None:
    if N(row.state) in from_:
        Notification.move(
            row, N.SENDING, now, from_=from_, slot_at=None, finished_at=None, reason=None
        )


def is_newest(attempt: AnyAttempt, row: Notification) -> bool:
    """Whether this is its notification's last attempt so far."""
    return bool((attempt.step, attempt.attempt) == (row.step, row.tries))


def _not_reached(row: Notification, state: AttemptState, why: Failure, now: datetime) -> None:
    if state == CallState.CANCELED and row.cancel_requested_at is not None:
        finish(row, N.CANCELED, now, reason=Reason.CANCELED)
    elif row.state == N.REACHED:
        _reached_no_more(row, (state, why), now)
    elif not _repeated(row, state, why, now):
        not_reached(row, why, now)


def not_reached(row: Notification, why: Failure, now: datetime, *, dead: bool = False) -> None:
    """The present step came to nothing: the next one begins; without any the notification is at
    its end, reached all the same if an attempt arrived that was hoped to do more."""
    if steps.advance(row, now, why.reason):
        return
    if row.step and steps.any_arrived(row):
        _under_way(row, PENDING, now)
        finish(row, N.REACHED, now)
        return
    finish(
        row, N.NOT_REACHED, now, reason=why.reason, failure_class=why.failure_class, dead=dead
    )  # fmt: skip


def turned_away(row: Notification, decision: Decision, now: datetime) -> None:
    """The gate ends a notification, as was decided."""
    decision = steps.verdict(row, decision)
    if decision.state == N.REACHED:
        _under_way(row, PENDING, now)
    finish(row, decision.state, now, reason=decision.reason)


def _repeated(
    row: Notification,
    state: AttemptState,
    why: Failure,
    now: datetime,
    from_: Collection[N] = (N.SENDING,),
) -> bool:
    """Plan another attempt on the same channel, where there is to be one."""
    over = row.finished_at is not None and row.state not in from_
    if over or row.cancel_requested_at:
        return False
    then = _again_at(row, state, why, now)
    if then is None or then >= row.expires_at:
        return False
    # The carrier took this attempt: nothing that it tells of it later calls the next one off, but
    # that it arrived.
    reason = Reason.UNDELIVERABLE if why.reason in NOT_TAKEN else why.reason
    _under_way(row, [N.UNKNOWN], now)
    planned = Notification.move(
        row, N.SCHEDULED, now, from_=from_, next_attempt_at=then, slot_at=None,
        finished_at=None, repeats=row.repeats + 1, failures=0, reason=reason,
        failure_class=why.failure_class,
    )  # fmt: skip
    if planned:
        log.info("repeat planned", notification_id=row.id, repeats=row.repeats)
    return planned


def _again_at(
    row: Notification, state: AttemptState, why: Failure, now: datetime
) -> datetime | None:
    """When to try again: a call as the organization wants it when somebody was busy or did not
    answer; a message that could not be brought for a reason which may pass by the waits of its
    purpose, unless another channel follows or something of it arrived. None for never."""
    if isinstance(state, MessageState):
        enough = steps.follows(row, now) or (row.step and steps.any_arrived(row))
        if enough or why.failure_class != FailureClass.TEMPORARY:
            return None
        return work.backoff().next_try(row.purpose, row.repeats + 1, now)
    if why.reason not in repeats.REASONS:
        return None
    wait = repeats.wait(Organization.repeats_of(row.organization_id), why.reason, row.repeats)
    return None if wait is None else now + timedelta(seconds=wait)


def _reached_no_more(
    row: Notification, by: tuple[AttemptState, Failure] | None, now: datetime
) -> None:
    """The carrier corrects itself: the attempt that reached somebody did not, or it was a machine
    that took the call. Unless another one did, the newest one's end counts; if that is what was
    corrected, `by` says how it ended and why, and what would have followed it in time follows
    now."""
    made = attempts.of_notifications([row.id])
    if any(steps.fulfilled(row, one) for one in made):
        return
    follows = by is not None and steps.follows(row, now)
    if any(arrived(one.standing) for one in made) and not follows and (by is None or row.step):
        return
    end = by[1] if by else made[-1]
    why: dict[str, Any] = {"reason": end.reason, "failure_class": end.failure_class}
    if not Notification.move(row, N.NOT_REACHED, now, **why):
        return
    reopened = (N.NOT_REACHED,)
    if by and (_repeated(row, *by, now, reopened) or steps.advance(row, now, end.reason, reopened)):
        return  # not at its end after all
    subjects.finished(row, now)


def finish(
    row: Notification,
    state: N,
    now: datetime,
    *,
    reason: str | None = None,
    failure_class: str | None = None,
    dead: bool = False,
) -> bool:
    """Write the one outcome of a notification; a later, different one is a correction. `dead`
    keeps it as a dead letter as well."""
    done = Notification.move(row, state, now, reason=reason, failure_class=failure_class)
    if done and dead:
        DeadLetter.bury(row, str(reason), now)
    if done:
        subjects.finished(row, now)
    return done
