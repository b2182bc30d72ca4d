"""How attempts end, whoever brings the news: the carrier's answer, a look-up or a deadline."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain.lifecycle import MessageState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import consents, duplicates, ending, policies, steps
from gateway.usecases.consequences import attempt_moved, finish, is_newest, not_reached

log = structlog.get_logger(__name__)


def accepted(attempt: AnyAttempt, placement: Placement, now: datetime) -> bool:
    """The carrier took it and named it. True when it is a call that must not go on, and has to be
    ended at the carrier."""
    table = type(attempt)
    with atomic():
        kept = table.locked(id=attempt.id)
        assert kept is not None
        name: dict[str, str] = {}
        if placement.external_id and kept.may_be_named(placement.external_id):
            name["external_id"] = placement.external_id  # written with its state
        elif placement.external_id and kept.external_id != placement.external_id:
            _named_otherwise(kept, placement.external_id, now)
            return False
        took_it = {table.BEGUN, table.UNKNOWN}
        if kept.guessed:
            took_it.add(table.FAILED)
        moved = kept.move(table.TAKEN, now, from_=took_it, **taken(placement, now), **name)
        if not moved:
            if name:
                kept.name(name["external_id"])
            kept.close_line()
        row = attempt_moved(kept, now, None)
        if row is not None and is_newest(kept, row):
            Notification.let_go(row.id, row.claim, steps.patience(row, now))
            if placement.settled:
                kept.move(MessageState.SENT, now, sent_at=now)
                finish(row, N.REACHED, now)
        return isinstance(kept, CallLog) and ending.is_due(kept)


def taken(placement: Placement, now: datetime) -> dict[str, Any]:
    """The columns of an attempt that a carrier took, but for the name it gave it."""
    known = {"provider_status": placement.provider_status, "lookup_at": first_look(now)}
    never = ("ended_at", "reason", "failure_class", "provider_code")
    return known | dict.fromkeys(never)


def _named_otherwise(attempt: AnyAttempt, external_id: str, now: datetime) -> None:
    """The carrier's answer names a call or message that this one can't be."""
    if type(attempt).owner(attempt.provider, attempt.account, external_id) is not None:
        # It gave the same id to two: keep ours apart and let it be looked at.
        log.error("external id belongs to another attempt", attempt_id=attempt.id)
        became_unknown(attempt, now)
    else:
        duplicates.adopt(attempt, external_id, first_look(now), now)


def refused(attempt: AnyAttempt, placement: Placement, now: datetime) -> None:
    """The carrier did not take it. A rejection ends the step; for the rest the caller decides
    about another try."""
    failure = placement.failure or Failure(FailureClass.TECHNICAL, Reason.PROVIDER_ERROR)
    table = type(attempt)
    with atomic():
        moved = attempt.move(
            table.FAILED, now, from_=[table.BEGUN, table.UNKNOWN],
            failure_class=failure.failure_class, reason=failure.reason,
            provider_code=failure.provider_code, ended_at=now,
        )  # fmt: skip
        if moved and failure.reason == Reason.OPTED_OUT and isinstance(attempt, MessageLog):
            consents.refused_by_carrier(attempt, None, now)
        row = Notification.locked(str(attempt.notification_id))
        if moved and placement.result == Result.NOT_SENT:
            # A sweeper may have taken a slow worker's attempt for unknown; now it is known. The
            # lease has run out, so that the sweeper takes the row if this worker ends here.
            Notification.move(row, N.SENDING, now, from_=[N.UNKNOWN], lease_until=now)
        elif moved and is_newest(attempt, row) and row.state != N.REACHED:
            not_reached(row, failure, now)


def became_unknown(attempt: AnyAttempt, now: datetime) -> None:
    """It is not known whether it was placed: from now on it is resolved, not repeated."""
    waits = settings.current().unknown_lookup_seconds
    table = type(attempt)
    with atomic():
        first = now + timedelta(seconds=waits[0]) if waits else now
        if attempt.move(table.UNKNOWN, now, from_=[table.BEGUN], lookup_at=first):
            row = Notification.get_by_id(attempt.notification_id)
            Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])


def first_look(now: datetime) -> datetime | None:
    """When the carrier is asked about what it has and that is not over, unless news comes."""
    waits = settings.current().silent_call_lookup_seconds
    return now + timedelta(seconds=waits[0]) if waits else None


def not_confirmed(attempt: AnyAttempt, now: datetime, *, absent: bool = False) -> None:
    """Nobody can say what became of it, and by now nobody will: the attempt is closed and the
    notification ends as unknown, but for its next step. A phone is never rung again by guess; a
    message is sent once more where the policy says so. `absent` says that the carrier was asked
    and showed no trace of it: then one that was canceled meanwhile is just that."""
    if isinstance(attempt, MessageLog) and attempt.external_id is not None:
        _never_reported(attempt, now)
        return
    with atomic():
        moved = attempt.move(
            type(attempt).FAILED, now,
            from_=[attempt.standing],  # as it was when the carrier was asked
            failure_class=FailureClass.TECHNICAL, reason=Reason.NOT_CONFIRMED, ended_at=now,
        )  # fmt: skip
        if not moved or attempt.notification_id is None:
            return
        row = Notification.locked(attempt.notification_id)
        if not is_newest(attempt, row):
            return
        if absent and row.cancel_requested_at is not None:
            finish(row, N.CANCELED, now, reason=Reason.CANCELED)
        elif not (_once_more(attempt, row, now) or steps.advance(row, now, Reason.NOT_CONFIRMED)):
            Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])
            if Notification.settle_unknown(row, now, Reason.NOT_CONFIRMED):
                DeadLetter.bury(row, Reason.NOT_CONFIRMED, now)


def _never_reported(message: MessageLog, now: datetime) -> None:
    """The carrier took a message and never told that it arrived; some networks never do. It stays
    what it is, and its notification ends as unknown."""
    with atomic():
        message.look_up_again(None, message.lookups)
        row = Notification.locked(message.notification_id) if message.notification_id else None
        # Where another step follows, that begins in its time.
        if row is not None and is_newest(message, row) and row.step_until is None:
            Notification.move(row, N.UNKNOWN, now, from_=[N.SENDING])
            Notification.settle_unknown(row, now, Reason.NOT_CONFIRMED)


def _once_more(attempt: AnyAttempt, row: Notification, now: datetime) -> bool:
    """Send a message of unknown fate a second time, once, if the policy takes two for better than
    none."""
    wanted = isinstance(attempt, MessageLog) and policies.of(row).on_unknown == "once"
    again = wanted and not row.repeats and now < row.expires_at and not row.cancel_requested_at
    return again and Notification.move(
        row, N.SCHEDULED, now, from_=[N.SENDING, N.UNKNOWN], next_attempt_at=now, slot_at=None,
        repeats=1, reason=Reason.NOT_CONFIRMED,
    )  # fmt: skip
