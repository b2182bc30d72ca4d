"""The steps of a channel plan: when one has done its work, and when the next begins."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain.channel_plan import Step, satisfied
from gateway.domain.decision import Decision
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.lifecycle import arrived
from gateway.domain.outcomes import Reason
from gateway.models import attempts
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import work

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=30)  # a step whose attempt may or may not have been sent


def fulfilled(row: Notification, attempt: AnyAttempt) -> bool:
    """Whether an attempt did what its step of the plan is there for. A message of the last step
    need only arrive: nothing would follow if it is never read."""
    if isinstance(attempt, MessageLog) and attempt.step + 1 >= len(row.plan):
        return arrived(attempt.standing)
    by = attempt.answered_by if isinstance(attempt, CallLog) else None
    return satisfied(_step(row, attempt.step), attempt.standing, by)


def any_arrived(row: Notification) -> bool:
    """Whether any attempt of a notification reached somebody, if less than was hoped for."""
    return any(arrived(one.standing) for one in attempts.of_notifications([row.id]))


def patience(row: Notification, now: datetime) -> datetime | None:
    """When the next step begins unless the present one, which the carrier took now, has done its
    work by then; None for the last."""
    step = _step(row, row.step)
    if row.step + 1 >= len(row.plan) or step.within_minutes is None:
        return None
    return now + timedelta(minutes=step.within_minutes)


def waits_for_more(row: Notification, attempt: AnyAttempt, now: datetime) -> bool:
    """Whether a step, whose newest attempt the carrier has, still has time to do more of its work;
    of one that was of unknown fate until now that time begins with the attempt."""
    if row.step_until is not None or row.lease_until is not None:
        return True  # a worker that holds it says from when on
    until = patience(row, attempt.created_at)
    if until is None or until <= now:
        return False
    Notification.carry(row.id, step_until=until)
    row.step_until = until
    return True


def verdict(row: Notification, decision: Decision) -> Decision:
    """What a decision of the gate comes to: one that would end a notification finds it reached all
    the same if an earlier step's attempt arrived that was hoped to do more."""
    going = decision.state in (N.SENDING, N.SCHEDULED)
    if going or not (row.step and row.tries and any_arrived(row)):
        return decision
    return Decision(N.REACHED)


def advance(row: Notification, now: datetime, reason: str | None) -> bool:
    """Have the next step of the plan begin at once, since this one came to nothing; False when
    there is none, or its time is over. Call it with the row locked."""
    following = row.step + 1
    if following >= len(row.plan) or row.cancel_requested_at is not None or now >= row.expires_at:
        return False
    moved = Notification.move(
        row, N.SCHEDULED, now, from_=[N.DUE, N.SENDING, N.UNKNOWN], next_attempt_at=now,
        slot_at=None, reason=reason, **onward(row, following, reason),
    )  # fmt: skip
    if moved:
        log.info("next step", notification_id=row.id, step=following, reason=reason)
    return moved


def onward(row: Notification, step: int, reason: str | None = None) -> dict[str, Any]:
    """The columns of a notification that comes to a later step of its plan; `reason` says why the
    present one ended."""
    plan = [dict(kept) for kept in row.plan]
    plan[row.step]["ended"] = str(reason) if reason else None
    lane = work.lane(plan[step]["channel"], row.purpose)
    fresh = {"failures": 0, "repeats": 0, "step_until": None}
    return {"plan": plan, "step": step, "lane": lane, **fresh}


def escalate(notification_id: str, now: datetime) -> None:
    """Begin the next step of a plan whose present one had its time. Safe to repeat, and too early:
    the attempt says whether the step has done its work."""
    with atomic():
        row = Notification.locked(notification_id)
        if row.step_until is None or row.state not in (N.SENDING, N.UNKNOWN):
            return
        last = attempts.latest(row)
        if row.finished_at is not None:
            Notification.carry(row.id, step_until=None)
        elif row.state == N.UNKNOWN or (last is not None and last.open):
            # Resolved before anything else is tried.
            Notification.carry(row.id, step_until=now + LOOK_AGAIN)
        elif not advance(row, now, Reason.UNREACHABLE):
            _stay(row, last, now)


def _stay(row: Notification, last: AnyAttempt | None, now: datetime) -> None:
    """No step follows any more. What arrived is enough then; else news of the last attempt is
    waited for, as long as it is watched."""
    Notification.carry(row.id, step_until=None)
    if any_arrived(row):
        Notification.move(row, N.REACHED, now, reason=None, failure_class=None)
    elif last is None or last.lookup_at is None:
        Notification.move(row, N.UNKNOWN, now)
        Notification.settle_unknown(row, now, Reason.NOT_CONFIRMED)


def _step(row: Notification, number: int) -> Step:
    kept = row.plan[number]
    return Step(kept["channel"], kept.get("unless"), kept.get("within_minutes"))
