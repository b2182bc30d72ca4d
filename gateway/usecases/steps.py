"""The steps of a channel plan: when one has done its work, and when the next begins."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain.channel_plan import USUAL_MINUTES, Step, satisfied
from gateway.domain.decision import Decision
from gateway.domain.errors import NoProvider
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.lifecycle import arrived
from gateway.domain.outcomes import Reason
from gateway.models import attempts
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.hold import PROVIDER, Hold, provider_scope
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.upcoming import wrote
from gateway.usecases import readiness, work

log = structlog.get_logger(__name__)

UNDER_WAY = (N.DUE, N.SENDING, N.UNKNOWN)
ALL_HELD = timedelta(minutes=2)
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


def follows(row: Notification, now: datetime) -> bool:
    """Whether another step follows the present one, and may still begin."""
    there = row.step + 1 < len(row.plan)
    return there and row.cancel_requested_at is None and bool(now < row.expires_at)


def advance(
    row: Notification,
    now: datetime,
    reason: str | None,
    from_: Collection[N] = UNDER_WAY,
    to: int | None = None,
) -> bool:
    """Have the next step of the plan begin at once, or the one at `to`, since this one came to
    nothing; False when there is none, or its time is over. Call it with the row locked."""
    if not follows(row, now):
        return False
    following = row.step + 1 if to is None else to
    moved = Notification.move(
        row, N.SCHEDULED, now, from_=from_, next_attempt_at=now, finished_at=None,
        failure_class=None, slot_at=None, reason=reason, **onward(row, following, reason),
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


def gives_way_at(row: Notification, scope: str, now: datetime) -> datetime | None:
    """When another step begins if the present one is held under this scope until then: after the
    time that the plan gives it, half of what is left at the most. It is counted from when it was
    first held, or first tried. None where all that follows leaves by the same account."""
    if not follows(row, now):
        return None
    if {_account(row, number, now) for number in _ahead(row)} <= {scope, None}:
        return None
    if row.step_until is not None:
        waits: datetime = row.step_until
        return waits
    made = attempts.of_notifications([row.id]) if row.tries else []
    since = min((one.created_at for one in made if one.step == row.step), default=now)
    patience = timedelta(minutes=_step(row, row.step).within_minutes or USUAL_MINUTES)
    until: datetime = since + min(patience, (row.expires_at - since) / 2)
    return until


def give_way(row: Notification, now: datetime) -> bool:
    """Have a later step begin, since the carrier of the present one is held for too long: the first
    whose own is not. One that waits goes on waiting, so that the feed has no news. False when there
    is none, or when something of this step may have left. Call it with the row locked."""
    if not follows(row, now) or (row.tries and attempts.any_open(row.id)):
        return False
    found = next((number for number in _ahead(row) if _may_leave(row, number, now)), None)
    if found is None:
        return False
    if row.state != N.SCHEDULED:
        return advance(row, now, Reason.PROVIDER_ERROR, to=found)
    goes_on = {"held_by": None, "slot_at": None, "next_attempt_at": now}
    why = Reason.PROVIDER_ERROR
    Notification.carry(row.id, **goes_on, reason=why, **onward(row, found, why))
    wrote(now)
    log.info("next step", notification_id=row.id, step=found, reason=why)
    return True


def _ahead(row: Notification) -> range:
    return range(row.step + 1, len(row.plan))


def _account(row: Notification, number: int, now: datetime) -> str | None:
    """The scope of the account by which a step would leave, None where there is none."""
    where = row.organization_id, row.mode, str(row.plan[number]["channel"])
    try:
        provider, sender = readiness.sender_for(*where, now)
    except NoProvider:
        return None
    return provider_scope(provider.name, sender.account)


def _may_leave(row: Notification, number: int, now: datetime) -> bool:
    scope = _account(row, number, now)
    hold = Hold.over([scope]).get(scope) if scope else None
    return scope is not None and (hold is None or not hold.blocks(now))


def escalate(notification_id: str, now: datetime) -> None:
    """Begin the next step of a plan whose present one had its time, or can't even leave by then.
    Safe to repeat, and too early: the attempt says whether the step has done its work."""
    with atomic():
        row = Notification.locked(notification_id)
        if row.step_until is not None and (row.held_by or "").startswith(PROVIDER):
            if not give_way(row, now):
                Notification.carry(row.id, step_until=now + ALL_HELD)
            return
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
