"""What the carrier tells after we had concluded something else."""

from datetime import timedelta

import pytest
import requests

from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models import withdrawal
from gateway.models.base import connection
from gateway.models.call_log import CallLog
from gateway.usecases import consequences, delivery, gate, outcomes
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

MINUTE = timedelta(minutes=1)
NOT_TAKEN = Placement(
    Result.NOT_SENT, failure=Failure(FailureClass.TECHNICAL, Reason.PROVIDER_ERROR)
)
TAKEN = Placement(Result.ACCEPTED, external_id="CA" + "a" * 32, provider_status="queued")


def _opened(desk: Desk) -> gate.Opened:
    row = ask(desk, special("0103"))
    opened = gate.open_attempt(row.id, row.claim, desk.now, MINUTE)
    assert opened is not None
    return opened


@pytest.mark.row("A4")
def test_a_worker_that_slept_past_its_lease_and_sent_nothing_loses_nothing(desk: Desk) -> None:
    opened = _opened(desk)
    delivery.sweep(desk.now + 2 * MINUTE)
    assert desk.row(opened.notification.id).state == "unknown"

    late = desk.now + 3 * MINUTE
    with pytest.raises(NotSent) as fault:
        delivery.close(opened, NOT_TAKEN, late)
    row = opened.notification
    delivery.park(row.id, row.claim, fault.value, late)
    assert (desk.row(row.id).state, desk.row(row.id).tries) == ("scheduled", 1)


@pytest.mark.row("A4")
def test_an_answer_that_comes_after_we_gave_up_is_taken_for_what_it_is(desk: Desk) -> None:
    opened = _opened(desk)
    outcomes.became_unknown(opened.attempt, desk.now)
    outcomes.not_confirmed(opened.attempt, desk.now + MINUTE)
    assert desk.row(opened.notification.id).finished_at is not None

    delivery.close(opened, TAKEN, desk.now + 2 * MINUTE)
    (call,) = desk.attempts(opened.notification.id)
    assert (call.state, call.external_id, call.reason) == ("queued", TAKEN.external_id, None)
    row = desk.row(opened.notification.id)
    assert (row.state, row.finished_at, row.reason) == ("sending", None, None)


@pytest.mark.row("A4")
def test_a_retry_that_waits_is_off_when_the_carrier_had_taken_the_call(desk: Desk) -> None:
    opened = _opened(desk)
    with pytest.raises(NotSent) as fault:
        delivery.close(opened, NOT_TAKEN, desk.now)
    row = opened.notification
    delivery.park(row.id, row.claim, fault.value, desk.now)
    assert desk.row(row.id).state == "scheduled"

    with connection():
        call = CallLog.locked(id=opened.attempt.id)
        assert call is not None
        assert call.guessed
        call.move(CallState.RINGING, desk.now, provider_status="ringing", reason=None)
        consequences.attempt_moved(call, desk.now, None)
    assert desk.row(row.id).state == "sending"
    assert desk.work(desk.now + MINUTE) == 0


@pytest.mark.row("A3")
def test_a_call_canceled_while_it_was_being_asked_for_is_ended_once_taken(desk: Desk) -> None:
    pace = f"{desk.stack.settings.sandbox_url}/sandbox/pace"
    requests.put(pace, json={"ring_seconds": 60}, timeout=10).raise_for_status()
    opened = _opened(desk)
    placement = opened.provider.place(opened.request)
    with connection():
        withdrawal.ask_to_cancel([opened.notification.id], desk.now)
    delivery.close(opened, placement, desk.now)

    (listed,) = opened.provider.find(opened.request) or ()
    assert listed.state == CallState.CANCELED
