"""How attempts and notifications end, whoever brings the news: the carrier's answer, an event, a
look-up or a deadline."""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain import repeats
from gateway.domain.backoff import PURPOSES, Backoff
from gateway.domain.lifecycle import PENDING, CallState, is_final
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import duplicates, ending

log = structlog.get_logger(__name__)

REASONS = {
    CallState.BUSY: Failure(FailureClass.TEMPORARY, Reason.BUSY),
    CallState.NO_ANSWER: Failure(FailureClass.TEMPORARY, Reason.NO_ANSWER),
    CallState.FAILED: Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE),
    CallState.CANCELED: Failure(FailureClass.TECHNICAL, Reason.CANCELED),
}

# Why a notification waits whose last attempt was not taken, as far as we know.
NOT_TAKEN = (Reason.PROVIDER_ERROR, Reason.THROTTLED, Reason.CONFIGURATION)


def backoff() -> Backoff:
    """The waits of each purpose, as configured."""
    configured = settings.current()
    return Backoff({name: getattr(configured, f"retry_{name}_seconds") for name in PURPOSES})


def accepted(call: CallLog, placement: Placement, now: datetime) -> bool:
    """The carrier took the call and named it. True when it must not go on, and has to be ended at
    the carrier."""
    with atomic():
        kept = CallLog.locked(id=call.id)
        assert kept is not None
        if placement.external_id and not CallLog.name(kept, placement.external_id):
            _named_otherwise(kept, placement.external_id, now)
            return False
        took_it = {CallState.PLACING, CallState.UNKNOWN}
        if kept.guessed:
            took_it.add(CallState.FAILED)
        moved = CallLog.move(
            kept, CallState.QUEUED, now, from_=took_it, ended_at=None, reason=None,
            failure_class=None, provider_code=None,
            provider_status=placement.provider_status, lookup_at=first_look(now),
        )  # fmt: skip
        if not moved:
            CallLog.close_line(kept)
        row = call_moved(kept, now, None)
        if row is not None and is_newest(kept, row):
            Notification.let_go(row.id, row.claim)
        return ending.is_due(kept)


def _named_otherwise(call: CallLog, external_id: str, now: datetime) -> None:
    """The carrier's answer names a call that this one can't be."""
    if CallLog.owner(call.provider, call.account, external_id) is not None:
        # It gave the same id to two calls: keep ours apart and let it be looked at.
        log.error("external id belongs to another call", call_id=call.id)
        became_unknown(call, now)
    else:
        duplicates.adopt(call, external_id, first_look(now), now)


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
        row = Notification.locked(str(call.notification_id))
        if moved and placement.result == Result.NOT_SENT:
            # A sweeper may have taken a slow worker's attempt for unknown; now it is known. The
            # lease has run out, so that the sweeper takes the row if this worker ends here.
            Notification.move(row, N.SENDING, now, from_=[N.UNKNOWN], lease_until=now)
        elif moved and is_newest(call, row) and row.state != N.REACHED:
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


def not_confirmed(call: CallLog, now: datetime, *, absent: bool = False) -> None:
    """Nobody can say what became of the call, and by now nobody will: the attempt is closed and
    the notification ends as unknown. A phone is never rung again by guess. `absent` says that the
    carrier was asked and showed no trace of it: then one that was canceled meanwhile is just
    that."""
    with atomic():
        moved = CallLog.move(
            call, CallState.FAILED, now,
            from_=[CallState(call.state)],  # as it was when the carrier was asked
            failure_class=FailureClass.TECHNICAL, reason=Reason.NOT_CONFIRMED, ended_at=now,
        )  # fmt: skip
        if not moved or call.notification_id is None:
            return
        row = Notification.locked(call.notification_id)
        if not is_newest(call, row):
            return
        if absent and row.cancel_requested_at is not None:
            finish(row, N.CANCELED, now, reason=Reason.CANCELED)
            return
        Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])
        if Notification.settle_unknown(row, now, Reason.NOT_CONFIRMED):
            DeadLetter.bury(row, Reason.NOT_CONFIRMED, now)


def call_moved(call: CallLog, now: datetime, failure: Failure | None) -> Notification | None:
    """Carry a call's present state over to its notification, and give that, locked. Call it with
    the call locked. Only the newest attempt decides; of an older one it counts alone that it
    reached somebody. A retry that waits is off when the carrier had taken the call after all."""
    if call.notification_id is None:
        return None
    row = Notification.locked(call.notification_id)
    state = CallState(call.state)
    ending.veto(call, row, now)
    if state == CallState.COMPLETED:
        _under_way(row, PENDING, now)
        finish(row, N.REACHED, now)
    elif not is_newest(call, row):
        if row.state == N.REACHED and is_final(state):
            _reached_no_more(row, now)
    elif row.state in PENDING and row.reason not in NOT_TAKEN:
        pass  # what follows this call is decided already
    elif not is_final(state):
        _under_way(row, [*PENDING, N.UNKNOWN], now)
    else:
        _under_way(row, PENDING, now)
        _not_reached(row, state, failure or REASONS[state], now)
    return row


def _under_way(row: Notification, from_: Collection[N], now: datetime) -> None:
    if N(row.state) in from_:
        Notification.move(
            row, N.SENDING, now, from_=from_, slot_at=None, finished_at=None, reason=None
        )


def is_newest(call: CallLog, row: Notification) -> bool:
    """Whether this call is its notification's last attempt so far."""
    return bool((call.step, call.attempt) == (row.step, row.tries))


def _not_reached(row: Notification, state: CallState, why: Failure, now: datetime) -> None:
    if state == CallState.CANCELED and row.cancel_requested_at is not None:
        finish(row, N.CANCELED, now, reason=Reason.CANCELED)
    elif row.state == N.REACHED:
        _reached_no_more(row, now)
    elif not _repeated(row, why, now):
        finish(row, N.NOT_REACHED, now, reason=why.reason, failure_class=why.failure_class)


def _repeated(row: Notification, why: Failure, now: datetime) -> bool:
    """Plan another call as the organization wants it when somebody was busy or did not answer."""
    if why.reason not in repeats.REASONS or row.finished_at or row.cancel_requested_at:
        return False
    wait = repeats.wait(Organization.repeats_of(row.organization_id), why.reason, row.repeats)
    then = now + timedelta(seconds=wait or 0)
    if wait is None or then >= row.expires_at:
        return False
    _under_way(row, [N.UNKNOWN], now)
    planned = Notification.move(
        row, N.SCHEDULED, now, from_=[N.SENDING], next_attempt_at=then, slot_at=None,
        repeats=row.repeats + 1, failures=0, reason=why.reason, failure_class=why.failure_class,
    )  # fmt: skip
    if planned:
        log.info("repeat planned", notification_id=row.id, repeats=row.repeats)
    return planned


def _reached_no_more(row: Notification, now: datetime) -> None:
    """The carrier corrects itself: the attempt that reached somebody did not. Unless another one
    did, the newest one's end counts."""
    attempts = CallLog.of_notifications([row.id])
    if all(one.state != CallState.COMPLETED for one in attempts):
        newest = attempts[-1]
        finish(row, N.NOT_REACHED, now, reason=newest.reason, failure_class=newest.failure_class)


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
    return done
