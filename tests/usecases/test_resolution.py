"""Calls of unknown fate: found, or not confirmed, and never placed again."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from gateway.domain.lifecycle import CallState, is_final
from gateway.models import withdrawal
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.providers import get
from gateway.usecases import outcomes, resolution
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.waiting import until

pytestmark = ON_SQLITE

SECOND = timedelta(seconds=1)


def _unknown(desk: Desk, behaviour: str, to: str = special("0103")) -> tuple[Notification, CallLog]:
    desk.stack.sandbox.fault(behaviour)
    row = ask(desk, to)
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    assert call.state == "unknown"
    return row, call


def _look_up(desk: Desk, notification_id: str, now: datetime) -> None:
    """Its next look-up, as the clock would hand it out."""
    (call,) = desk.attempts(notification_id)
    resolution.look_up(call.id, call.lookups + 1, now)


@pytest.mark.row("A4")
def test_a_call_that_was_placed_after_all_is_found_and_goes_on(desk: Desk) -> None:
    row, _ = _unknown(desk, "timeout_accepted")
    (placed,) = desk.stack.sandbox.placed()
    _look_up(desk, row.id, desk.now + SECOND)
    (kept,) = desk.attempts(row.id)
    assert kept.external_id == placed["external_id"]
    assert kept.state in ("queued", "initiated", "ringing", "in-progress", "completed")
    assert kept.open_key is None
    assert desk.row(row.id).state in ("sending", "reached")


@pytest.mark.row("A4")
def test_a_call_of_which_the_carrier_has_no_trace_ends_as_not_confirmed(desk: Desk) -> None:
    row, call = _unknown(desk, "timeout_not_accepted")
    looked: list[float] = []
    while (due := desk.attempts(row.id)[0].lookup_at) is not None:
        looked.append((due - call.created_at).total_seconds())
        _look_up(desk, row.id, due)
    assert tuple(looked) == desk.stack.settings.unknown_lookup_seconds
    kept = desk.row(row.id)
    assert (kept.state, kept.reason) == ("unknown", "not_confirmed")
    assert kept.finished_at is not None
    (ended,) = desk.attempts(row.id)
    assert (ended.state, ended.reason, ended.open_key) == ("failed", "not_confirmed", None)
    assert DeadLetter.select().where(DeadLetter.object_id == row.id).count() == 1
    assert desk.claim(desk.now + timedelta(days=2)) == []
    assert desk.stack.sandbox.placed() == []


@pytest.mark.row("A4")
def test_a_look_up_that_fails_concludes_nothing(start_stack: StartStack) -> None:
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="0.2")
    desk = Desk(stack)
    row, _ = _unknown(desk, "timeout_not_accepted")
    stack.sandbox.close()
    for step in range(4):
        _look_up(desk, row.id, desk.now + step * SECOND)
    (kept,) = desk.attempts(row.id)
    assert (kept.state, kept.lookups) == ("unknown", 0)
    assert kept.lookup_at == desk.now + 33 * SECOND


@pytest.mark.row("A4")
def test_an_older_call_to_the_same_number_is_not_taken_for_it(desk: Desk) -> None:
    first = ask(desk, special("0103"))
    desk.deliver(first.id, first.claim, desk.now)
    row, _ = _unknown(desk, "timeout_not_accepted")
    _look_up(desk, row.id, desk.now + SECOND)
    (kept,) = desk.attempts(row.id)
    assert (kept.state, kept.external_id) == ("unknown", None)


def test_a_carrier_that_gives_one_id_to_two_calls_confuses_none(desk: Desk) -> None:
    first = ask(desk, special("0103"))
    desk.deliver(first.id, first.claim, desk.now)
    desk.stack.sandbox.fault("same_sid")
    second = ask(desk, special("0103"))
    desk.deliver(second.id, second.claim, desk.now)
    (known,) = desk.attempts(first.id)
    (open_one,) = desk.attempts(second.id)
    assert (known.state, open_one.state) == ("queued", "unknown")
    assert open_one.external_id is None
    _look_up(desk, second.id, desk.now + SECOND)
    (found,) = desk.attempts(second.id)
    real = [line["external_id"] for line in desk.stack.sandbox.placed()]
    assert [known.external_id, found.external_id] == real


@pytest.mark.row("D2")
def test_a_provider_that_can_not_be_asked_is_waited_for_until_after_the_end(
    start_stack: StartStack,
) -> None:
    desk = Desk(start_stack(parts=(), VOICE_PROVIDER="voice_api"))
    row, _ = _unknown(desk, "timeout_not_accepted")
    _look_up(desk, row.id, desk.now + SECOND)
    (kept,) = desk.attempts(row.id)
    deadline = row.expires_at + timedelta(hours=1)
    assert (kept.state, kept.lookup_at) == ("unknown", deadline)
    _look_up(desk, row.id, deadline)
    assert desk.row(row.id).finished_at == deadline


def test_a_call_found_at_its_end_has_its_outcome_at_once(desk: Desk) -> None:
    row, _ = _unknown(desk, "timeout_accepted")
    (placed,) = desk.stack.sandbox.placed()

    def ended() -> bool:
        _look_up(desk, row.id, desk.now + SECOND)
        return desk.row(row.id).finished_at is not None

    until(ended, "the end of the call")
    (kept,) = desk.attempts(row.id)
    assert (kept.external_id, kept.state) == (placed["external_id"], "completed")


@pytest.mark.row("F2")
def test_a_call_of_which_all_callbacks_were_lost_is_followed_by_asking(desk: Desk) -> None:
    row = ask(desk, special("0103"))
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    waits = desk.stack.settings.silent_call_lookup_seconds
    assert (call.state, call.lookup_at) == ("queued", desk.now + waits[0] * SECOND)

    def ended() -> bool:
        _look_up(desk, row.id, desk.now + SECOND)
        return desk.row(row.id).state == "reached"

    until(ended, "the end of the call", pause=0.1)
    shown = desk.stack.api.show(call.id)
    assert (shown["state"], shown["events"][-1]["source"]) == ("completed", "lookup")


@pytest.mark.row("F2")
def test_a_call_that_stays_silent_is_asked_about_by_its_schedule_and_then_given_up(
    desk: Desk,
) -> None:
    row = ask(desk, special("0107"))
    desk.deliver(row.id, row.claim, desk.now)
    (call,) = desk.attempts(row.id)
    CallLog.update(external_id="CA" + "0" * 32).where(CallLog.id == call.id).execute()
    looked = [desk.now]
    while (due := desk.attempts(row.id)[0].lookup_at) is not None:
        looked.append(due)
        _look_up(desk, row.id, due)
    waits = [(after - before).total_seconds() for before, after in pairwise(looked)]
    assert tuple(waits) == desk.stack.settings.silent_call_lookup_seconds
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("unknown", "not_confirmed")
    assert len(desk.stack.sandbox.placed()) == 1


def test_a_look_up_that_ends_after_news_came_does_not_end_the_call(desk: Desk) -> None:
    row, call = _unknown(desk, "timeout_not_accepted")
    kept = CallLog.locked(id=call.id)
    assert kept is not None
    kept.move(CallState.RINGING, desk.now, lookup_at=desk.now)
    outcomes.not_confirmed(call, desk.now)
    assert desk.attempts(row.id)[0].state == "ringing"


@pytest.mark.row("A4")
def test_look_ups_that_piled_up_count_once(desk: Desk) -> None:
    row, call = _unknown(desk, "timeout_not_accepted")
    for _ in range(4):
        resolution.look_up(call.id, 1, desk.now + SECOND)
    (kept,) = desk.attempts(row.id)
    assert (kept.state, kept.lookups) == ("unknown", 1)


@pytest.mark.row("A4")
def test_a_carrier_that_never_gives_a_list_leaves_no_call_open_for_ever(
    start_stack: StartStack,
) -> None:
    desk = Desk(start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="0.2"))
    row, _ = _unknown(desk, "timeout_not_accepted")
    desk.stack.sandbox.close()
    _look_up(desk, row.id, row.expires_at + timedelta(hours=1))
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("unknown", "not_confirmed")


@pytest.mark.row("A3")
def test_a_call_canceled_while_its_fate_was_unknown_is_ended_when_it_is_found(desk: Desk) -> None:
    row, _ = _unknown(desk, "timeout_accepted")
    withdrawal.ask_to_cancel([row.id], desk.now)
    _look_up(desk, row.id, desk.now + SECOND)

    def over() -> bool:
        (listed,) = get("twilio").find(resolution._request(desk.attempts(row.id)[0])) or ()
        return is_final(listed.state)

    until(over, "the end of the call")
