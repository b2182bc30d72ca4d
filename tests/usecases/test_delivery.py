"""One attempt: the start gate, what the carrier's answers lead to, and when to try again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Placement, Result
from gateway.models import base
from gateway.models.consent import Consent
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.usecases import delivery, gate, outcomes, requests
from gateway.usecases.requests import Asked
from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import special
from tests.together import together
from tests.usecases.desk import Desk

SECOND = timedelta(seconds=1)


def ask(desk: Desk, to: str = ANSWERED, **more: Any) -> Notification:
    """A request for one call, due at the desk's moment."""
    asked = Asked(channel="voice", to=to, words={"say": "See you at noon."}, **more)
    return requests.request(desk.caller, asked, desk.now).notification


@pytest.mark.row("A4")
def test_one_message_delivered_fifty_times_at_once_places_one_call(
    start_stack: StartStack,
) -> None:
    desk = Desk(start_stack(parts=(), DATABASE_CONNECTIONS="64"))
    row = ask(desk)
    faults = together(50, lambda _: desk.deliver(row.id, row.claim, desk.now))
    assert faults == [None] * 50
    assert len(desk.stack.sandbox.placed()) == 1
    assert [call.attempt for call in desk.attempts(row.id)] == [1]


@pytest.mark.row("A4")
@pytest.mark.parametrize("claim", [0, 2, 99])
def test_a_message_with_another_claim_places_nothing(desk: Desk, claim: int) -> None:
    row = ask(desk)
    desk.deliver(row.id, claim, desk.now)
    desk.deliver("nt_" + "0" * 26, 1, desk.now)
    assert desk.stack.sandbox.look("requests") == []
    assert desk.row(row.id).state == "due"


def test_a_call_log_exists_before_the_carrier_is_asked(desk: Desk) -> None:
    desk.stack.sandbox.fault("timeout_accepted")
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    (placed,) = desk.stack.sandbox.placed()
    assert call.created_at.isoformat() < placed["at"].replace("Z", "+00:00")
    assert call.id in placed["callback_url"]


def test_a_person_who_opted_out_is_not_called(desk: Desk) -> None:
    row = ask(desk)
    said = {"organization": desk.caller.organization_id, "mode": "test"}
    said |= {"channel": "voice", "source": "test"}
    known = {"address_hash": row.contact.phone_hash, **said}
    Consent.create(purpose="all", granted=False, at=desk.now, **known)
    desk.deliver(row.id, row.claim, desk.now)
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("suppressed", "opted_out")
    Consent.create(purpose="all", granted=True, at=desk.now + SECOND, **known)
    Consent.create(purpose="marketing", granted=False, at=desk.now + SECOND, **known)
    again = ask(desk)
    desk.deliver(again.id, again.claim, desk.now)
    assert len(desk.stack.sandbox.placed()) == 1


def test_what_came_too_late_expires_and_is_not_sent(desk: Desk) -> None:
    row = ask(desk, expires_at=desk.now + 5 * SECOND)
    desk.deliver(row.id, row.claim, desk.now + 5 * SECOND)
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("expired", "expired")
    assert desk.row(row.id).finished_at == desk.now + 5 * SECOND
    assert desk.stack.sandbox.look("requests") == []


def test_a_message_that_runs_ahead_of_the_clock_puts_the_row_back(desk: Desk) -> None:
    row = ask(desk, send_at=desk.now + 60 * SECOND)
    ((_, claim),) = desk.claim(desk.now + 60 * SECOND)
    desk.deliver(row.id, claim, desk.now + 59 * SECOND)
    kept = desk.row(row.id)
    assert (kept.state, kept.next_attempt_at) == ("scheduled", desk.now + 60 * SECOND)


@pytest.mark.row("A5")
@pytest.mark.row("D4")
def test_a_refused_call_is_tried_three_times_after_one_and_two_seconds(desk: Desk) -> None:
    desk.stack.sandbox.fault("throttle_429", next=9)
    row = ask(desk)
    tried: list[datetime] = []
    desk.deliver(row.id, row.claim, desk.now)
    waits: list[float] = []
    last = desk.now
    while desk.row(row.id).finished_at is None:
        then = desk.row(row.id).next_attempt_at
        assert then is not None
        waits.append((then - last).total_seconds())
        assert desk.claim(then - SECOND / 1000) == []
        assert desk.work(then) == 1
        last = then
        tried.append(then)
    assert waits == [1, 2]
    kept = desk.row(row.id)
    assert (kept.state, kept.reason, kept.failure_class) == (
        "not_reached", "throttled", "temporary",
    )  # fmt: skip
    assert [(call.attempt, call.state) for call in desk.attempts(row.id)] == [
        (1, "failed"), (2, "failed"), (3, "failed"),
    ]  # fmt: skip
    (dead,) = DeadLetter.select().where(DeadLetter.object_id == row.id)
    assert [item["attempt"] for item in dead.history] == [1, 2, 3]


@pytest.mark.row("A5")
def test_a_longer_wish_of_the_carrier_is_waited_for(desk: Desk) -> None:
    desk.stack.sandbox.fault("throttle_429", next=1, retry_after="7")
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    assert desk.row(row.id).next_attempt_at == desk.now + 7 * SECOND
    desk.work(desk.now + 7 * SECOND)
    assert len(desk.stack.sandbox.placed()) == 1


def test_a_try_that_would_come_after_the_end_is_not_waited_for(desk: Desk) -> None:
    desk.stack.sandbox.fault("throttle_429", next=1, retry_after="60")
    row = ask(desk, expires_at=desk.now + 30 * SECOND)
    desk.deliver(row.id, row.claim, desk.now)
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("expired", "expired")


def test_a_number_the_carrier_rejects_ends_at_once(desk: Desk) -> None:
    row = ask(desk, "+15005550001")
    desk.deliver(row.id, row.claim, desk.now)
    kept = desk.row(row.id)
    assert (kept.state, kept.reason, kept.failure_class) == (
        "not_reached", "invalid_number", "permanent",
    )  # fmt: skip
    (call,) = desk.attempts(row.id)
    assert (call.state, call.provider_code) == ("failed", "21217")
    assert desk.work(desk.now + timedelta(hours=1)) == 0


@ON_SQLITE
@pytest.mark.row("A4")
@pytest.mark.parametrize(
    "behaviour",
    ["timeout_accepted", "timeout_not_accepted", "reset_accepted", "reset_not_accepted",
     "error_500", "error_500_accepted", "error_502", "truncated", "html_201", "empty_201",
     "redirect_307"],
)  # fmt: skip
def test_an_unclear_answer_is_resolved_and_never_repeated(desk: Desk, behaviour: str) -> None:
    desk.stack.sandbox.fault(behaviour)
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    assert desk.row(row.id).state == "unknown"
    (call,) = desk.attempts(row.id)
    assert call.state == "unknown"
    assert call.lookup_at is not None
    assert desk.work(desk.now + timedelta(hours=1)) == 0
    assert len(desk.stack.sandbox.look("requests")) == 1


@pytest.mark.row("A4")
def test_a_worker_killed_between_a_refusal_and_its_parking_loses_nothing(desk: Desk) -> None:
    desk.stack.sandbox.fault("throttle_429")
    row = ask(desk)
    with pytest.raises(NotSent):
        delivery.attempt(row.id, row.claim, lambda: desk.now, timedelta(seconds=60))
    assert desk.row(row.id).state == "sending"
    later = desk.now + 61 * SECOND
    assert delivery.sweep(later) == 1
    kept = desk.row(row.id)
    assert kept.state == "scheduled"
    assert kept.next_attempt_at is not None
    assert desk.work(later + 5 * SECOND) == 1
    assert len(desk.stack.sandbox.placed()) == 1
    assert [call.attempt for call in desk.attempts(row.id)] == [1, 2]


@pytest.mark.row("A4")
def test_a_refusal_that_comes_after_news_of_the_very_call_repeats_nothing(desk: Desk) -> None:
    row = ask(desk)
    opened = gate.open_attempt(row.id, row.claim, desk.now, timedelta(seconds=60))
    assert opened is not None
    opened.attempt.name("CA" + "1" * 32)
    opened.attempt.move(CallState.RINGING, desk.now)
    refusal = Placement(Result.NOT_SENT)
    with pytest.raises(NotSent) as fault:
        delivery.close(opened, refusal, desk.now)
    delivery.park(row.id, row.claim, fault.value, desk.now)
    assert desk.row(row.id).state == "sending"
    assert desk.claim(desk.now + timedelta(hours=1)) == []


@pytest.mark.row("A4")
def test_a_row_whose_worker_died_before_the_gate_is_claimed_anew(desk: Desk) -> None:
    row = ask(desk)
    assert delivery.sweep(desk.now + 14 * SECOND) == 0
    assert delivery.sweep(desk.now + 16 * SECOND) == 1
    ((_, claim),) = desk.claim(desk.now + 16 * SECOND)
    assert claim == row.claim + 1
    desk.deliver(row.id, row.claim, desk.now + 16 * SECOND)
    assert desk.stack.sandbox.placed() == []
    desk.deliver(row.id, claim, desk.now + 16 * SECOND)
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("A4")
def test_an_attempt_whose_worker_died_is_unknown_and_not_repeated(desk: Desk) -> None:
    row = ask(desk)
    opened = gate.open_attempt(row.id, row.claim, desk.now, timedelta(seconds=60))
    assert opened is not None
    assert delivery.sweep(desk.now + 61 * SECOND) == 1
    assert desk.row(row.id).state == "unknown"
    assert delivery.sweep(desk.now + 120 * SECOND) == 0
    assert desk.claim(desk.now + timedelta(hours=1)) == []
    found = Placement(Result.ACCEPTED, "CA" + "2" * 32, "queued")
    assert outcomes.accepted(opened.attempt, found, desk.now) is False
    assert desk.row(row.id).state == "sending"


@pytest.mark.row("D2")
def test_two_calls_on_one_line_wait_for_each_other(desk: Desk) -> None:
    desk.stack.sandbox.fault("timeout_not_accepted")
    first, second = ask(desk, special("0141")), ask(desk, special("0141"))
    desk.deliver(first.id, first.claim, desk.now)
    desk.deliver(second.id, second.claim, desk.now)
    assert desk.row(second.id).state == "scheduled"
    assert desk.attempts(second.id) == []
    (open_one,) = desk.attempts(first.id)
    with base.atomic():
        outcomes.not_confirmed(open_one, desk.now)
    assert desk.work(desk.now + 2 * SECOND) == 1
    assert len(desk.stack.sandbox.placed()) == 1
