"""How attempts and notifications end, whoever brings the news: the carrier's answer, an event, a
look-up or a deadline."""

from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain.backoff import PURPOSES, Backoff
from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.models.records import DeadLetter

log = structlog.get_logger(__name__)

REASONS = {
    CallState.BUSY: Failure(FailureClass.TEMPORARY, Reason.BUSY),
    CallState.NO_ANSWER: Failure(FailureClass.TEMPORARY, Reason.NO_ANSWER),
    CallState.FAILED: Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE),
    CallState.CANCELED: Failure(FailureClass.TECHNICAL, Reason.CANCELED),
}


def backoff() -> Backoff:
    """The waits of each purpose, as configured."""
    configured = settings.current()
    return Backoff({name: getattr(configured, f"retry_{name}_seconds") for name in PURPOSES})


def accepted(call: CallLog, placement: Placement, now: datetime) -> bool:
    """The carrier took the call and named it. True when it was to be canceled meanwhile, and has
    to be ended at the carrier."""
    with atomic():
        kept = CallLog.locked(id=call.id)
        assert kept is not None
        if placement.external_id and not CallLog.name(kept, placement.external_id):
            # The carrier gave the same id to two calls: keep ours apart and let it be looked at.
            log.error("external id belongs to another call", call_id=call.id)
            became_unknown(kept, now)
            return False
        took_it = {CallState.PLACING, CallState.UNKNOWN}
        if kept.guessed:
            took_it.add(CallState.FAILED)
        CallLog.move(
            kept, CallState.QUEUED, now, from_=took_it, ended_at=None, reason=None,
            failure_class=None, provider_code=None,
            provider_status=placement.provider_status, lookup_at=first_look(now),
        )  # fmt: skip
        CallLog.close_line(kept)
        call_moved(kept, now, None)
        notification = Notification.get_by_id(kept.notification_id)
        Notification.let_go(notification.id, notification.claim)
        return notification.cancel_requested_at is not None


def refused(call: CallLog, placement: Placement, now: datetime) -> None:
    """The carrier did not take the call. A rejection ends the notification; for the rest the
    caller decides about another try."""
    failure = placement.failure or Failure(FailureClass.TECHNICAL, Reason.PROVIDER_ERROR)
    with atomic():
        moved = CallLog.move(
            call, CallState.FAILED, now, from_=[CallState.PLACING, CallState.UNKNOWN],
            failure_class=failure.failure_class, reason=failure.reason,
            provider_code=failure.provider_code, ended_at=now,
        )  # fmt: skip
        row = Notification.get_by_id(call.notification_id)
        if moved and placement.result == Result.NOT_SENT:
            # A sweeper may have taken a slow worker's attempt for unknown; now it is known. The
            # lease has run out, so that the sweeper takes the row if this worker ends here.
            Notification.move(row, N.SENDING, now, from_=[N.UNKNOWN], lease_until=now)
        elif moved:
            finish(
                row, N.NOT_REACHED, now,
                reason=failure.reason, failure_class=failure.failure_class,
            )  # fmt: skip


def became_unknown(call: CallLog, now: datetime) -> None:
    """It is not known whether the call was placed: from now on it is resolved, not repeated."""
    waits = settings.current().unknown_lookup_seconds
    with atomic():
        first = now + timedelta(seconds=waits[0]) if waits else now
        moved = CallLog.move(
            call, CallState.UNKNOWN, now, from_=[CallState.PLACING], lookup_at=first
        )
        if moved:
            row = Notification.get_by_id(call.notification_id)
            Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])


def first_look(now: datetime) -> datetime | None:
    """When the carrier is asked about a call it has and that is not over, unless news comes."""
    waits = settings.current().silent_call_lookup_seconds
    return now + timedelta(seconds=waits[0]) if waits else None


def not_confirmed(call: CallLog, now: datetime) -> None:
    """Nobody can say what became of the call, and by now nobody will: the attempt is closed and
    the notification ends as unknown. A phone is never rung again by guess."""
    with atomic():
        moved = CallLog.move(
            call, CallState.FAILED, now,
            from_=[CallState(call.state)],  # as it was when the carrier was asked
            failure_class=FailureClass.TECHNICAL, reason=Reason.NOT_CONFIRMED, ended_at=now,
        )  # fmt: skip
        if moved:
            row = Notification.get_by_id(call.notification_id)
            Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])
            Notification.settle_unknown(row, now, Reason.NOT_CONFIRMED)
            _bury(row, Reason.NOT_CONFIRMED, now)


def call_moved(call: CallLog, now: datetime, failure: Failure | None) -> None:
    """Carry a call's present state over to its notification. Call it with the call locked."""
    if call.notification_id is None:
        return
    row = Notification.get_by_id(call.notification_id)
    state = CallState(call.state)
    # A retry that waits is off when the carrier turns out to have taken the call after all.
    Notification.move(row, N.SENDING, now, from_=[N.SCHEDULED, N.DUE], slot_at=None)
    if not is_final(state):
        Notification.move(row, N.SENDING, now, from_=[N.UNKNOWN], finished_at=None, reason=None)
    elif state == CallState.COMPLETED:
        finish(row, N.REACHED, now)
    elif state == CallState.CANCELED and row.cancel_requested_at is not None:
        finish(row, N.CANCELED, now, reason=Reason.CANCELED)
    else:
        why = failure or REASONS[state]
        finish(row, N.NOT_REACHED, now, reason=why.reason, failure_class=why.failure_class)


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
        _bury(row, str(reason), now)
    return done


def _bury(row: Notification, reason: str, now: datetime) -> None:
    history = [
        {"attempt": call.attempt, "at": call.created_at.isoformat(), "reason": call.reason}
        for call in CallLog.of_notifications([row.id])
    ]
    DeadLetter.create(
        organization=row.organization_id,
        mode=row.mode,
        object="notification",
        object_id=row.id,
        reason=reason,
        history=history,
        created_at=now,
    )
