"""News of an older call while the next one of the same notification is being placed."""

from datetime import timedelta

import pytest

from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.organization import Organization
from gateway.usecases import consequences, gate, outcomes
from tests.stack import special
from tests.usecases.desk import LEASE, Desk
from tests.usecases.test_delivery import ask

THEN = timedelta(seconds=10)


def reached_meanwhile(desk: Desk) -> tuple[str, CallLog]:
    """A notification whose first call was busy, then corrected to completed while the second one
    is being placed; its id, and the second call."""
    Organization.update(repeats={"busy": [10]}).execute()
    row = ask(desk, special("0120"))
    desk.deliver(row.id, row.claim, desk.now)
    (first,) = desk.attempts(row.id)
    _becomes(first, CallState.BUSY, desk)
    ((_, claim),) = desk.claim(desk.now + THEN)
    opened = gate.open_attempt(row.id, claim, desk.now + THEN, LEASE)
    assert opened is not None
    _becomes(first, CallState.COMPLETED, desk)
    assert desk.row(row.id).state == "reached"
    assert isinstance(opened.attempt, CallLog)
    return row.id, opened.attempt


def _becomes(call: CallLog, state: CallState, desk: Desk) -> None:
    with base.atomic():
        call.move(state, desk.now, provider_status=str(state))
        consequences.attempt_moved(call, desk.now, None)


@pytest.mark.row("A6")
@pytest.mark.parametrize("result", [Result.REJECTED, Result.NOT_SENT])
def test_who_was_reached_stays_reached_when_the_next_call_is_refused(
    desk: Desk, result: Result
) -> None:
    notification_id, second = reached_meanwhile(desk)
    failure = Failure(FailureClass.PERMANENT, Reason.INVALID_NUMBER, "21211")
    outcomes.refused(second, Placement(result, failure=failure), desk.now + THEN)
    assert desk.row(notification_id).state == "reached"


@pytest.mark.row("A6")
def test_who_was_reached_is_no_dead_letter_when_the_next_call_is_never_confirmed(
    desk: Desk,
) -> None:
    notification_id, second = reached_meanwhile(desk)
    outcomes.became_unknown(second, desk.now + THEN)
    outcomes.not_confirmed(CallLog.get_by_id(second.id), desk.now + 2 * THEN)
    assert desk.row(notification_id).state == "reached"
    assert DeadLetter.select().count() == 0
