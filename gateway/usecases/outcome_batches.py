"""Writing down by few statements what carriers answered to many questions: those that they took,
in one transaction. All that is more than that, and all when anything is wrong, goes one by one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog

from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.provider import Placement, Result
from gateway.models import event_batch, gathering, outcome_batch, reminder_counts
from gateway.models.base import atomic
from gateway.models.gathering import Gathering
from gateway.usecases import outcomes, steps
from gateway.usecases.gate import Opened

log = structlog.get_logger(__name__)

Answer = tuple[Opened, Placement]


def accepted(answers: Sequence[Answer], now: datetime) -> set[str]:
    """Write down which attempts were taken, where nothing else happened to them or to their
    notifications; the ids of those attempts. Raises whatever goes wrong, and then none is
    written."""
    plain = [answer for answer in answers if _plain(*answer)]
    if len(plain) < 2:
        return set()
    done: set[str] = set()
    with atomic(), gathering.gathered(event_batch.change) as kept:
        attempts, rows = outcome_batch.stand([opened.attempt for opened, _ in plain])
        for opened, placement in plain:
            row = rows.get(opened.notification.id)
            if row is not None and _unmoved(opened, attempts.get(opened.attempt.id), row):
                _take(kept, opened, placement, row.plan, now)
                done.add(opened.attempt.id)
        outcome_batch.write(kept)
    return done


def _plain(opened: Opened, placement: Placement) -> bool:
    named = placement.result == Result.ACCEPTED and placement.external_id is not None
    return named and not placement.settled and opened.passage.probe is None


def _unmoved(opened: Opened, attempt: Any, row: Any) -> bool:
    """Whether attempt and notification are as the gate left them: no event came first, nobody
    canceled, took over or erased."""
    if attempt is None or attempt.external_id is not None or attempt.erased_at is not None:
        return False
    if attempt.state != opened.attempt.BEGUN or getattr(attempt, "end_at", None) is not None:
        return False
    if row.cancel_requested_at is not None or row.finished_at is not None:
        return False
    mine = (N.SENDING, opened.notification.claim, opened.attempt.step, opened.attempt.attempt)
    return bool((row.state, row.claim, row.step, row.tries) == mine)


def _take(kept: Gathering, opened: Opened, placement: Placement, plan: Any, now: datetime) -> None:
    attempt, row = opened.attempt, opened.notification
    row.plan = plan
    kept.own(attempt)
    kept.own(row)
    known = outcomes.taken(placement, now)
    attempt.move(attempt.TAKEN, now, external_id=placement.external_id, **known)
    reminder_counts.left(row.purpose)
    free: dict[str, Any] = {"lease_until": None}
    until = steps.patience(row, now)
    if until is not None:
        free["step_until"] = until
    gathering.change(row, (N.SENDING,), free)
