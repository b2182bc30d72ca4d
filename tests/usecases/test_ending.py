"""Calls that must not go on: ended at the provider, and asked for again until they are over."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests

from gateway.domain.lifecycle import AttemptState, CallState
from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.providers import get
from gateway.usecases import bookings, delivery, ending, gate, outcomes
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.stack import PATIENT, special
from tests.together import together
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.usecases.test_inbox import Line
from tests.usecases.test_late_truth import TAKEN
from tests.usecases.test_reconciler import work
from tests.waiting import until

SECOND = timedelta(seconds=1)
PAUSE = 30 * SECOND


@pytest.fixture
def desk(start_stack: StartStack) -> Iterator[Desk]:
    """A desk whose provider may take its time: machines are slow while tests run."""
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="10")
    with base.connection():
        yield Desk(stack)


def slowly(desk: Desk) -> None:
    """From now on the sandbox rings for a minute."""
    pace = f"{desk.stack.settings.sandbox_url}/sandbox/pace"
    requests.put(pace, json={"ring_seconds": 60}, timeout=10).raise_for_status()


def end_due(desk: Desk, now: datetime) -> int:
    """What clock and workers do about endings at this moment; how many there were."""
    due = CallLog.claim_endings(now, 100, PAUSE)
    for call_id in due:
        ending.end(call_id, now)
    return len(due)


def carrier_has(call: CallLog) -> AttemptState:
    """Where the provider has it."""
    found = get(call.provider).fetch(call.account, str(call.external_id))
    assert found is not None
    return found.state


def _booked(desk: Desk) -> tuple[str, Notification]:
    """A booking whose reminder is due and claimed."""
    booked = desk.book(
        desk.now + timedelta(hours=1), contact={"phone": special("0103")}, policy={"caps": {}}
    )
    (row,) = desk.plan(booked.booking)
    return booked.booking.id, row


@pytest.mark.row("A3")
def test_a_booking_canceled_while_its_call_rings_ends_the_call_though_nobody_was_woken(
    desk: Desk,
) -> None:
    slowly(desk)
    booking, row = _booked(desk)
    desk.deliver(row.id, row.claim, desk.now)
    canceled = bookings.cancel(desk.caller, booking, desk.now)
    (call,) = desk.attempts(row.id)
    assert (canceled.settled, canceled.calls, call.end_at) == (False, [call.id], desk.now)
    assert end_due(desk, desk.now) == 1
    assert carrier_has(call) == CallState.CANCELED
    assert work(desk, desk.now + 3 * SECOND) == 1, "what became of it is asked soon"
    (over,) = desk.attempts(row.id)
    kept = desk.row(row.id)
    assert (over.state, over.end_at) == ("canceled", None)
    assert (kept.state, kept.reason, kept.cancel_requested_at) == (
        "canceled", "canceled", desk.now,
    )  # fmt: skip
    assert end_due(desk, desk.now + timedelta(days=1)) == 0
    again = bookings.cancel(desk.caller, booking, desk.now)
    assert (again.settled, again.calls) == (True, [])


@ON_SQLITE
@pytest.mark.row("A3")
def test_a_provider_that_is_away_is_asked_to_end_a_call_until_it_is_over(desk: Desk) -> None:
    booking, row = _booked(desk)
    desk.deliver(row.id, row.claim, desk.now)
    bookings.cancel(desk.caller, booking, desk.now)
    desk.stack.sandbox.close()
    now, waited = desk.now, []
    for _ in range(9):
        assert end_due(desk, now) == 1
        (call,) = desk.attempts(row.id)
        assert call.end_at is not None
        waited.append((call.end_at - now).total_seconds())
        now = call.end_at
    assert waited == [1, 2, 5, 10, 30, 60, 300, 300, 300]
    kept = CallLog.locked(id=call.id)
    assert kept is not None
    kept.move(CallState.CANCELED, now)
    assert end_due(desk, now + timedelta(hours=1)) == 0


@ON_SQLITE
@pytest.mark.row("A3")
def test_a_call_answered_before_it_could_be_canceled_ends_as_what_it_was(desk: Desk) -> None:
    booking, row = _booked(desk)
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    until(lambda: carrier_has(call) == CallState.COMPLETED, "the end of the call")
    canceled = bookings.cancel(desk.caller, booking, desk.now)
    assert not canceled.settled, "nobody has told us yet that it is over"
    end_due(desk, desk.now)
    work(desk, desk.now + 3 * SECOND)
    kept = desk.row(row.id)
    assert (kept.state, kept.cancel_requested_at) == ("reached", desk.now)
    assert desk.attempts(row.id)[0].end_at is None


@ON_SQLITE
def test_a_provider_that_can_not_end_calls_is_not_asked_to(start_stack: StartStack) -> None:
    desk = Desk(start_stack(parts=(), VOICE_PROVIDER="voice_api", **PATIENT))
    booking, row = _booked(desk)
    desk.deliver(row.id, row.claim, desk.now)
    bookings.cancel(desk.caller, booking, desk.now)
    assert end_due(desk, desk.now) == 1
    (call,) = desk.attempts(row.id)
    assert (call.state, call.end_at) == ("queued", None)
    assert end_due(desk, desk.now + timedelta(days=1)) == 0


@ON_SQLITE
@pytest.mark.row("A3")
@pytest.mark.parametrize(("hours", "goes_on"), [(0, True), (25, False)])
def test_a_call_that_turns_up_after_it_was_given_up_goes_on_only_while_it_makes_sense(
    desk: Desk, hours: int, goes_on: bool
) -> None:
    row = ask(desk, special("0103"))
    opened = gate.open_attempt(row.id, row.claim, desk.now, PAUSE)
    assert opened is not None
    outcomes.became_unknown(opened.attempt, desk.now)
    outcomes.not_confirmed(opened.attempt, desk.now)
    late = desk.now + timedelta(hours=hours)
    assert outcomes.accepted(opened.attempt, TAKEN, late) is not goes_on
    (call,) = desk.attempts(row.id)
    assert (call.state, call.end_at) == ("queued", None if goes_on else late)


@ON_SQLITE
@pytest.mark.row("A3")
def test_a_call_that_turns_up_after_its_given_up_reminder_was_canceled_is_ended(
    desk: Desk,
) -> None:
    booking, row = _booked(desk)
    opened = gate.open_attempt(row.id, row.claim, desk.now, PAUSE)
    assert opened is not None
    outcomes.became_unknown(opened.attempt, desk.now)
    outcomes.not_confirmed(opened.attempt, desk.now)
    assert bookings.cancel(desk.caller, booking, desk.now).settled
    assert outcomes.accepted(opened.attempt, TAKEN, desk.now)


@ON_SQLITE
@pytest.mark.row("A4")
def test_an_attempt_that_turns_up_while_a_later_one_rings_is_ended(desk: Desk) -> None:
    line = Line(desk)
    Notification.update(tries=2).where(Notification.id == line.notification.id).execute()
    CallLog.update(state="failed", external_id=None).where(CallLog.id == line.call.id).execute()
    first = line.call
    values = dict(first.__data__)
    later = CallLog.write(
        **values | {"id": "cl_" + "9" * 26, "attempt": 2, "external_id": "CA" + "b" * 32,
                    "state": "ringing"}
    )  # fmt: skip
    assert later is not None
    assert line.tells("ringing", 1) == 204
    line.apply()
    assert CallLog.get_by_id(first.id).end_at is not None
    assert CallLog.get_by_id(later.id).end_at is None


@ON_POSTGRESQL
@pytest.mark.row("A3")
def test_a_cancel_at_the_very_moment_of_the_answer_never_leaves_the_call_ringing(
    desk: Desk,
) -> None:
    slowly(desk)
    for _ in range(12):
        booking, row = _booked(desk)
        opened = gate.open_attempt(row.id, row.claim, desk.now, PAUSE)
        assert opened is not None
        placement = opened.provider.place(opened.request)

        def act(number: int) -> None:
            if number:
                bookings.cancel(desk.caller, booking, desk.now)  # noqa: B023
            else:
                delivery.close(opened, placement, desk.now)  # noqa: B023

        together(2, act)
        end_due(desk, desk.now + 60 * SECOND)
        (call,) = desk.attempts(row.id)
        assert carrier_has(call) == CallState.CANCELED


@ON_SQLITE
@pytest.mark.row("A3")
@pytest.mark.parametrize("asked_for", [True, False])
def test_a_check_in_takes_back_a_reminder_that_is_being_asked_for_and_no_ringing_one(
    desk: Desk, asked_for: bool
) -> None:
    slowly(desk)
    booking, row = _booked(desk)
    opened = gate.open_attempt(row.id, row.claim, desk.now, PAUSE)
    assert opened is not None
    if not asked_for:
        delivery.close(opened, opened.provider.place(opened.request), desk.now)
    bookings.edit(desk.caller, booking, {"state": "checked_in"}, None, desk.now)
    assert (desk.row(row.id).cancel_requested_at is not None) is asked_for
    assert (desk.attempts(row.id)[0].end_at is not None) is asked_for
