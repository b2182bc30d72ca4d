"""A provider that is away is left alone; one call tries before all the others."""

from datetime import timedelta

import pytest

from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.usecases import holds
from tests.conftest import StartStack
from tests.stack import PATIENT, special
from tests.together import together
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.usecases.test_holds import held, scope

SECOND = timedelta(seconds=1)


def trip(desk: Desk, fault: str = "error_500", times: int = 5) -> list[Notification]:
    """Rows whose attempts fail in a row."""
    desk.stack.sandbox.fault(fault, next=times)
    rows = [ask(desk, special(f"02{n:02}")) for n in range(times)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    return rows


@pytest.mark.row("D4")
@pytest.mark.parametrize("fault", ["error_500", "error_503", "reset_accepted", "truncated"])
def test_five_failures_in_a_row_hold_the_account_and_no_row_fails(desk: Desk, fault: str) -> None:
    trip(desk, fault)
    (hold,) = holds.listed()
    assert (hold.scope, hold.reason) == (scope(desk), "provider_error")
    assert hold.until == desk.now + 5 * SECOND
    rows = [ask(desk, special(f"014{n}")) for n in range(4)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now + SECOND)
        assert held(desk, row) == scope(desk)
    asked = [one["to"] for one in desk.stack.sandbox.look("requests")]
    assert not {row.contact.phone for row in rows} & set(asked)
    assert holds.release(desk.now + 4 * SECOND) == 0


@pytest.mark.row("D4")
@pytest.mark.parametrize("fault", ["throttle_429", "reject"])
def test_throttling_and_rejections_hold_nothing(desk: Desk, fault: str) -> None:
    trip(desk, fault, 7)
    assert holds.listed() == []


@pytest.mark.row("D4")
def test_an_accepted_call_between_two_failures_begins_the_count_anew(desk: Desk) -> None:
    trip(desk, times=4)
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    trip(desk, times=4)
    assert holds.listed() == []


@pytest.mark.row("D4")
def test_one_call_tries_first_and_then_all_go_on(desk: Desk) -> None:
    trip(desk)
    rows = [ask(desk, special(f"014{n}")) for n in range(4)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now + SECOND)
    then = desk.now + 5 * SECOND
    assert holds.release(then) == 1
    assert holds.release(then) == 0, "the one that tries is on its way"
    assert desk.work(then) == 1
    assert holds.listed() == []
    assert desk.work(then + SECOND) == 3
    assert [desk.row(row.id).tries for row in rows] == [1, 1, 1, 1]
    assert len(desk.stack.sandbox.placed()) == 4


@pytest.mark.row("D4")
def test_each_try_that_fails_makes_the_pause_longer_up_to_a_minute(desk: Desk) -> None:
    trip(desk)
    rows = [ask(desk, special(f"014{n}")) for n in range(8)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    desk.stack.sandbox.fault("error_500", next=6)
    now, pauses = desk.now + 5 * SECOND, []
    for _ in range(6):
        assert desk.work(now) == 1
        (hold,) = holds.listed()
        pauses.append((hold.until - now) / SECOND)
        now = hold.until
    assert pauses == [10, 20, 40, 60, 60, 60]
    assert desk.work(now) == 1
    assert desk.work(now) == 1
    assert len(desk.stack.sandbox.placed()) == 2


@pytest.mark.row("D4")
def test_of_many_that_come_at_once_one_tries(start_stack: StartStack) -> None:
    desk = Desk(start_stack(parts=(), DATABASE_CONNECTIONS="30", **PATIENT))
    trip(desk)
    rows = [ask(desk, special(f"015{n}")) for n in range(8)]
    then = desk.now + 6 * SECOND
    desk.stack.sandbox.fault("slow", next=1, seconds=3)
    together(8, lambda n: desk.deliver(rows[n].id, rows[n].claim, then))
    assert len(desk.stack.sandbox.placed()) == 1
    assert sorted(desk.row(row.id).state for row in rows) == ["scheduled"] * 7 + ["sending"]


@pytest.mark.row("D4")
def test_a_try_whose_worker_dies_is_followed_by_another(desk: Desk) -> None:
    trip(desk)
    (hold,) = holds.listed()
    row, other = ask(desk), ask(desk, special("0141"))
    then = desk.now + 5 * SECOND
    assert Hold.take_probe(hold, then + 6 * SECOND)
    desk.deliver(row.id, row.claim, then)
    assert held(desk, row) == scope(desk)
    desk.deliver(other.id, other.claim, then + 6 * SECOND)
    assert desk.row(other.id).state == "sending"
    assert holds.listed() == []


@pytest.mark.row("D4")
def test_a_row_that_was_refused_while_the_account_came_to_be_held_waits_and_fails_not(
    desk: Desk,
) -> None:
    desk.stack.sandbox.close()
    rows = [ask(desk, special(f"014{n}")) for n in range(5)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    assert [desk.row(row.id).failures for row in rows] == [1, 1, 1, 1, 0]
    assert held(desk, rows[4]) == scope(desk)
    desk.work(desk.now + SECOND)
    assert [desk.row(row.id).held_by for row in rows] == [scope(desk)] * 5
    assert [desk.row(row.id).tries for row in rows] == [1] * 5


@pytest.mark.row("D4")
def test_a_lone_further_try_goes_at_once_and_a_storm_is_spread(desk: Desk) -> None:
    rows = [ask(desk, special(f"03{n:02}")) for n in range(14)]
    desk.stack.sandbox.fault("throttle_429", next=14)
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    then = desk.now + SECOND
    assert desk.work(then) == 14
    left = [desk.row(row.id) for row in rows if desk.row(row.id).state == "scheduled"]
    assert len(desk.stack.sandbox.placed()) == 10
    assert [(row.failures, row.tries) for row in left] == [(1, 1)] * 4
    for row in left:
        assert row.next_attempt_at is not None
        assert SECOND < row.next_attempt_at - then < 5 * SECOND
    desk.work(then + 5 * SECOND)
    assert len(desk.stack.sandbox.placed()) == 14
