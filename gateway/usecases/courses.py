"""The course of one enrolment: its steps become notifications one at a time, until its end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain import channel_plan, sequences
from gateway.domain.lifecycle import PENDING, EnrolmentState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.sequences import Step
from gateway.failpoints import hit
from gateway.models import attempts, enrolment_notifications, withdrawal
from gateway.models.base import atomic
from gateway.models.enrolment import LIVE, RUNNING, SUBJECT, Enrolment
from gateway.models.notification import Notification
from gateway.models.sequence import Sequence
from gateway.usecases import fresh, jobs, stopping

log = structlog.get_logger(__name__)

E = EnrolmentState
JOB = "enrolment.step"
PURPOSE, KIND = "nurture", "sequence"
VALID_FOR = timedelta(hours=24)
_IN_VAIN = frozenset({N.NOT_REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED})


@dataclass(frozen=True)
class Left:
    """What an end leaves behind: `settled` is True when nothing can leave any more, False while
    something is at the provider; `calls` are to be ended there after the commit."""

    settled: bool = True
    calls: list[str] = field(default_factory=list)


def go_on(enrolment_id: str, now: datetime) -> None:
    """Do what is due in a course. Safe to repeat, too early and too late."""
    with atomic():
        row = Enrolment.locked(enrolment_id)
        if row is not None:
            advance(row, now)
        hit("enrolment.before_commit")
    hit("enrolment.after_commit")


def advance(row: Enrolment, now: datetime) -> None:
    """The same for a locked enrolment, inside the transaction that changes it: the next step
    becomes a notification when the one before has left and its minutes have passed; without a next
    one the course ends as soon as the last one has. Says when it is looked at again."""
    if row.state not in RUNNING:
        return
    sequence: Sequence = Sequence.get_by_id(row.sequence_id)
    if not sequence.outlives(row.enrolled_at):
        end(row, E.EXCLUDED, now, Reason.STOPPED)
        return
    if sequence.paused_at is not None:
        return  # looked at again when it is resumed
    steps = sequence.plan
    last = enrolment_notifications.of_step(row.id, row.done[-1]) if row.done else None
    since = row.since if last is None else left_at(last)
    following = sequences.next_step(steps, row.done)
    if following is None:
        _close(row, now)
    elif since is None:
        _look_again(row, sequences.look_again(following, row.since, now), now)
    elif following.due_at(since) > now:
        _look_again(row, following.due_at(since), now)
    else:
        _begin(row, sequence, following, now)
        after = sequences.next_step(steps, row.done)
        _look_again(row, sequences.look_again(after, now, now), now)


def left_at(row: Notification) -> datetime | None:
    """When a step left: its last attempt, or, without any, its end. None while it waits for its
    moment, for another try or for anything else, and while nobody knows whether it left."""
    if row.state in PENDING:
        return None
    made = attempts.latest(row)
    if made is None or (made.open and row.finished_at is None):
        ended: datetime | None = row.finished_at
        return ended
    at: datetime = made.created_at
    return at


def _begin(row: Enrolment, sequence: Sequence, step: Step, now: datetime) -> None:
    made = fresh.notification(
        now,
        subject=(SUBJECT, row.id),
        purpose=PURPOSE,
        plan=channel_plan.to_json(step.channels),
        due_at=now,
        organization=row.organization_id,
        mode=row.mode,
        rule=step.id,
        kind=KIND,
        contact=row.contact_id,
        wording=step.wording(row.variables),
        metadata={"sequence_id": sequence.id, "sequence_version": sequence.version},
        expires_at=now + VALID_FOR,
    )
    Notification.add([made])
    begun: dict[str, Any] = {"done": [*row.done, step.id], "since": now}
    if row.state == E.SCHEDULED:
        Enrolment.move(row, E.ACTIVE, now, **begun)
    else:
        Enrolment.write(row, updated_at=now, **begun)
    log.info("step begun", enrolment_id=row.id, notification_id=made["id"], step=step.id)


def _look_again(row: Enrolment, at: datetime, now: datetime) -> None:
    Enrolment.write(row, next_at=at)
    jobs.plan(JOB, row.id, at, now, row.organization_id, row.mode)


def _close(row: Enrolment, now: datetime) -> None:
    """No step follows: wait for the end of those that were begun, then end the course."""
    made = enrolment_notifications.of([row.id])[row.id]
    if any(one.finished_at is None for one in made):
        _look_again(row, sequences.look_again(None, row.since, now), now)
        return
    in_vain = bool(made) and all(one.state in _IN_VAIN for one in made)
    end(row, E.EXHAUSTED if in_vain else E.FINISHED, now)


def end(row: Enrolment, state: E, now: datetime, reason: Reason | None = None) -> Left:
    """End the course of a locked enrolment, with all that did not leave yet; what is at the
    provider is asked to end. Call it inside the transaction of what ends it."""
    if row.state not in LIVE or not Enrolment.move(row, state, now, reason=reason):
        return Left()
    log.info("enrolment ended", enrolment_id=row.id, state=str(state), reason=reason)
    withdrawal.cancel_pending(SUBJECT, row.id, now, reason or Reason.OVER)
    away = withdrawal.under_way(SUBJECT, row.id)
    calls = stopping.stop(away, now)
    # Last, since whoever ends a notification plans the job with that locked.
    jobs.cancel(JOB, row.id, now)
    return Left(all(one.finished_at for one in away), calls)


def resume(row: Enrolment, now: datetime) -> None:
    """Go on with a locked enrolment that was held back: what waits may go now, and the next step
    comes when it is due, at once if that has passed."""
    enrolment_notifications.let_go(row.id, now, now + VALID_FOR)
    advance(row, now)


def renew(row: Enrolment, now: datetime) -> None:
    """Bring a change of its sequence to a locked enrolment."""
    sequence: Sequence = row.sequence
    if not sequence.outlives(row.enrolled_at):
        end(row, E.EXCLUDED, now, Reason.STOPPED)
    elif row.state in RUNNING and sequence.paused_at is None:
        resume(row, now)
