"""Calling or writing once more because somebody at the desk asks for it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway.domain.decision import decide
from gateway.domain.errors import Conflict, NotFound, NotNow
from gateway.domain.outcomes import Reason
from gateway.domain.reminders import AT, EVERY
from gateway.models import attempts, console_search
from gateway.models.attempts import AnyAttempt, table_with
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.notification import OPEN, Notification
from gateway.usecases import facts, fresh, readiness, requests, schedule, wording
from gateway.usecases.accounts import Caller
from gateway.usecases.requests import Requested

_AGAIN = "again"


def ask(caller: Caller, attempt_id: str, now: datetime) -> Requested:
    """One more attempt with the same words, to the person's present address, on the same channel.
    It passes the checks of every notification. Each attempt can be repeated once; the next one is
    asked for from the attempt that came of it. Raises NotFound; Conflict while the first is not
    over, or where it is no reminder or request; NotNow with the reason."""
    with atomic():
        attempt = table_with(attempt_id).of(caller.organization_id, caller.mode, attempt_id)
        if attempt is None:
            raise NotFound
        known = _known(caller, attempt)
        row = _row(attempt, known, now)
        Notification.add([row])
        kept = Notification.get_by_id(row["id"])
        _require_leave(kept, now)
    return Requested(Notification.get_by_id(row["id"]), schedule.ring_of([row]))


def possible(caller: Caller, attempt: AnyAttempt) -> str | None:
    """Why it can't be asked for, as far as that is known without trying; None when it can."""
    try:
        _known(caller, attempt)
    except Conflict as objection:
        return objection.detail
    return None


def _known(caller: Caller, attempt: AnyAttempt) -> Notification:
    """The notification to repeat."""
    own = (caller.organization_id, caller.mode)
    known = console_search.notification(*own, attempt.notification_id)
    if known is None or known.subject_type not in _SUBJECTS:
        raise Conflict("only a reminder of a booking or a single request can be repeated")
    if known.erased_at is not None or known.contact.erased_at is not None:
        raise Conflict("the person was erased")
    if known.state in OPEN and not known.finished_at:
        raise Conflict("it is not over: it goes on by itself")
    if attempts.any_open(known.id):
        raise Conflict("the last attempt is not over")
    if console_search.repeated(known, rule_of(attempt)):
        raise Conflict("it was asked for already")
    return known


def rule_of(attempt: AnyAttempt) -> str:
    """The rule that a repetition of this attempt has."""
    return f"{_AGAIN}:{attempt.id}"


def _row(attempt: AnyAttempt, known: Notification, now: datetime) -> dict[str, Any]:
    return fresh.notification(
        now,
        subject=(known.subject_type, known.subject_id),
        purpose=known.purpose,
        plan=[{"channel": attempt.channel}],
        due_at=now,
        at_once=True,
        organization=known.organization_id,
        mode=known.mode,
        rule=rule_of(attempt),
        # One of a row of many is a single one now.
        kind=AT if known.kind == EVERY else known.kind,
        booking=known.booking_id,
        contact=known.contact_id,
        wording=known.wording,
        metadata=known.metadata,
        **_SUBJECTS[known.subject_type](known, now),
    )


def _of_booking(known: Notification, now: datetime) -> dict[str, Any]:
    booking = Booking.get_by_id(known.subject_id)
    ends = max(booking.starts_at, known.expires_at)
    if ends <= now:
        raise NotNow(Reason.PAST)
    return {"schedule_version": booking.schedule_version, "expires_at": ends}


def _of_request(known: Notification, now: datetime) -> dict[str, Any]:
    return {"expires_at": now + requests.VALID_FOR}


_SUBJECTS: Mapping[str, Callable[[Notification, datetime], dict[str, Any]]] = {
    schedule.SUBJECT: _of_booking,
    requests.PURPOSE: _of_request,
}


def _require_leave(row: Notification, now: datetime) -> None:
    """The sender's own decision."""
    about = facts.occasion_of(row)
    usable = readiness.usable(row.organization_id, row.mode, row.channel)
    decision = decide(facts.gather(row, about, now, usable=usable), now)
    if not decision.allowed:
        raise NotNow(decision.reason or Reason.CHANNEL_UNUSABLE)
    try:
        wording.render(row, about.booking, row.channel, about.organization, now)
    except wording.Unfillable:
        raise NotNow(Reason.TEMPLATE) from None
