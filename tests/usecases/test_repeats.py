"""Two kinds of trying again: after a technical failure, and after somebody did not answer."""

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations

import pytest

from gateway.domain.callback import EventKind, ProviderEvent
from gateway.domain.errors import Invalid, NotFound, NotSent
from gateway.domain.lifecycle import CallState, NotificationState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models import base, withdrawal
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.usecases import delivery, gate, happenings, organizations, outcomes
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
Told = tuple[int, CallState | None, int]  # which attempt, what, its sequence number
BUSY, COMPLETED, RINGING = CallState.BUSY, CallState.COMPLETED, CallState.RINGING
NO_ANSWER = CallState.NO_ANSWER
NOT_TAKEN = Placement(
    Result.NOT_SENT, failure=Failure(FailureClass.TECHNICAL, Reason.PROVIDER_ERROR)
)


def plan(desk: Desk, **waits: list[float]) -> None:
    """Give the desk's organization a plan of further calls."""
    organizations.change(desk.caller.organization_id, {"repeats": waits})


def tell(desk: Desk, call: AnyAttempt, state: CallState, sequence: int) -> None:
    """What the inbox does with a status that the provider tells."""
    with base.atomic():
        kept = CallLog.locked(id=call.id)
        assert kept is not None
        told = ProviderEvent(
            EventKind.CALL_STATUS, f"{call.id}{sequence}", "CA", call.account, state=state,
            provider_status=str(state), sequence=sequence,
        )  # fmt: skip
        happenings.apply_to_call(kept, told, desk.now)


def opened(desk: Desk, row: Notification, claim: int) -> gate.Opened:
    """The row past the gate, with nothing asked yet."""
    later = desk.now + CallLog.select().count() * SECOND  # so that the retry budget fills up
    found = gate.open_attempt(row.id, claim, later, MINUTE)
    assert found is not None
    return found


def taken(desk: Desk, one: gate.Opened) -> None:
    """The provider's answer that it has the call."""
    outcomes.accepted(
        one.attempt, Placement(Result.ACCEPTED, f"CA{one.attempt.id}", "queued"), desk.now
    )


@pytest.mark.row("D4")
def test_nobody_is_called_again_unless_the_organization_says_so(desk: Desk) -> None:
    row = ask(desk)
    one = opened(desk, row, row.claim)
    taken(desk, one)
    tell(desk, one.attempt, BUSY, 2)
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("not_reached", "busy")


@pytest.mark.row("D4")
def test_a_busy_line_is_called_again_by_the_plan_and_no_failure_is_counted(desk: Desk) -> None:
    plan(desk, busy=[300, 900], no_answer=[60])
    row = ask(desk)
    one = opened(desk, row, row.claim)
    taken(desk, one)
    tell(desk, one.attempt, BUSY, 2)
    kept = desk.row(row.id)
    assert (kept.state, kept.reason, kept.finished_at) == ("scheduled", "busy", None)
    assert kept.next_attempt_at == desk.now + 300 * SECOND
    assert (kept.tries, kept.repeats, kept.failures) == (1, 1, 0)
    ((_, claim),) = desk.claim(desk.now + 300 * SECOND)
    two = opened(desk, row, claim)
    assert desk.row(row.id).reason is None
    taken(desk, two)
    tell(desk, two.attempt, NO_ANSWER, 2)
    kept = desk.row(row.id)
    assert (kept.state, kept.reason, kept.repeats) == ("not_reached", "no_answer", 1)
    told = [entry.state for entry in FeedEntry.select() if entry.object_id == row.id]
    assert told.count("not_reached") == 1


@pytest.mark.row("D4")
@pytest.mark.parametrize("ends_in", [60, 59])
def test_nothing_is_repeated_at_or_past_its_end(desk: Desk, ends_in: int) -> None:
    plan(desk, busy=[60])
    row = ask(desk, expires_at=desk.now + ends_in * SECOND)
    one = gate.open_attempt(row.id, row.claim, desk.now, MINUTE)
    assert one is not None
    taken(desk, one)
    tell(desk, one.attempt, BUSY, 2)
    assert desk.row(row.id).state == "not_reached"


@pytest.mark.row("A3")
def test_a_call_that_was_to_be_canceled_is_not_repeated(desk: Desk) -> None:
    plan(desk, busy=[60])
    row = ask(desk)
    one = opened(desk, row, row.claim)
    taken(desk, one)
    withdrawal.ask_to_cancel([row.id], desk.now)
    tell(desk, one.attempt, BUSY, 2)
    assert desk.row(row.id).state == "not_reached"


@pytest.mark.row("D4")
def test_technical_failures_after_a_repeat_have_the_whole_series_again(desk: Desk) -> None:
    plan(desk, busy=[60])
    desk.stack.sandbox.fault("throttle_429", next=1)
    row = ask(desk, special("0140"))
    desk.deliver(row.id, row.claim, desk.now)
    ((_, claim),) = desk.claim(desk.now + SECOND)
    two = opened(desk, row, claim)
    taken(desk, two)
    assert desk.row(row.id).failures == 1
    tell(desk, two.attempt, BUSY, 2)
    assert desk.row(row.id).failures == 0
    desk.stack.sandbox.fault("throttle_429", next=2)
    for wait in (0, 1, 3):
        assert desk.work(desk.now + MINUTE + wait * SECOND) == 1
    assert len(desk.stack.sandbox.placed()) == 1
    assert [call.attempt for call in desk.attempts(row.id)] == [1, 2, 3, 4, 5]


@pytest.mark.row("A4")
def test_while_an_earlier_call_of_the_same_thing_still_rings_the_next_waits(desk: Desk) -> None:
    row = ask(desk)
    one, two = _after_refusal(desk, row)
    outcomes.refused(two.attempt, NOT_TAKEN, desk.now)
    delivery.park(row.id, two.notification.claim, NotSent("not taken"), desk.now)
    tell(desk, one.attempt, RINGING, 1)
    assert desk.work(desk.now + 3 * SECOND) == 1
    assert (desk.row(row.id).state, desk.row(row.id).tries) == ("scheduled", 2)
    tell(desk, one.attempt, BUSY, 2)
    assert desk.work(desk.now + 8 * SECOND) == 1
    assert (desk.row(row.id).state, desk.row(row.id).tries) == ("sending", 3)
    assert len(desk.stack.sandbox.placed()) == 1


def _after_busy(desk: Desk, row: Notification) -> list[gate.Opened]:
    one = opened(desk, row, row.claim)
    taken(desk, one)
    tell(desk, one.attempt, BUSY, 2)
    return [one, opened(desk, row, _next_claim(row))]


def _after_refusal(desk: Desk, row: Notification) -> list[gate.Opened]:
    one = opened(desk, row, row.claim)
    outcomes.refused(one.attempt, NOT_TAKEN, desk.now)
    delivery.park(row.id, row.claim, NotSent("not taken"), desk.now)
    return [one, opened(desk, row, _next_claim(row))]


def _next_claim(row: Notification) -> int:
    with base.atomic():
        kept = Notification.locked(row.id)
        assert kept.state == "scheduled"
        Notification.move(kept, NotificationState.DUE, kept.due_at, claim=kept.claim + 1)
    return int(kept.claim)


ANSWER = (2, None, 0)
STORIES: dict[str, tuple[Callable[..., list[gate.Opened]], int, list[Told], tuple[str, str]]] = {
    "the first call reached somebody after all": (
        _after_busy, 1, [(1, COMPLETED, 3), ANSWER, (2, RINGING, 1), (2, BUSY, 2)], ("reached", ""),
    ),
    "the first call was not busy but unanswered": (
        _after_busy, 2, [(1, NO_ANSWER, 3), ANSWER, (2, RINGING, 1), (2, BUSY, 2)],
        ("scheduled", "busy"),
    ),
    "the first is corrected and the second reaches somebody": (
        _after_busy, 1, [(1, NO_ANSWER, 3), ANSWER, (2, RINGING, 1), (2, COMPLETED, 2)],
        ("reached", ""),
    ),
    "the first is corrected while the second goes on": (
        _after_busy, 1, [(1, NO_ANSWER, 3), ANSWER, (2, RINGING, 1)], ("sending", ""),
    ),
    "the second is busy and then reached": (
        _after_busy, 2, [(1, RINGING, 1), ANSWER, (2, BUSY, 2), (2, COMPLETED, 3)], ("reached", ""),
    ),
    "the first had left though the provider said no": (
        _after_refusal, 0, [(1, RINGING, 1), (1, BUSY, 2), ANSWER, (2, NO_ANSWER, 2)],
        ("not_reached", "no_answer"),
    ),
    "the first had left and reached somebody": (
        _after_refusal, 2, [(1, RINGING, 1), (1, COMPLETED, 2), ANSWER, (2, BUSY, 2)],
        ("reached", ""),
    ),
    "the first had left and goes on": (
        _after_refusal, 2, [(1, RINGING, 1), ANSWER, (2, RINGING, 1), (2, NO_ANSWER, 2)],
        ("scheduled", "no_answer"),
    ),
}  # fmt: skip


@pytest.mark.row("F3")
@pytest.mark.parametrize("story", STORIES)
def test_the_events_of_two_attempts_in_all_orders_end_in_the_same_state(
    desk: Desk, story: str
) -> None:
    begin, waits, events, end = STORIES[story]
    series = [float(300 + n) for n in range(waits)]
    plan(desk, busy=series, no_answer=series)
    ends = set()
    for number, order in enumerate(permutations(events)):
        row = ask(desk, f"+1202555{number:04}")
        both = begin(desk, row)
        for which, state, sequence in order:
            if state is None:
                taken(desk, both[which - 1])
            else:
                tell(desk, both[which - 1].attempt, state, sequence)
        kept = desk.row(row.id)
        ends.add((kept.state, kept.reason or "", kept.finished_at is None, kept.next_attempt_at))
        assert kept.tries == 2
    assert {one[:2] for one in ends} == {end}
    assert len(ends) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [], "busy", {"declined": [60]}, {"busy": 60}, {"busy": ["60"]}, {"busy": [True]},
        {"busy": [0]}, {"busy": [-5]}, {"busy": [1e9]}, {"busy": [60] * 11}, {"busy": [None]},
        {"busy": [float("nan")]},
    ],
)  # fmt: skip
def test_a_plan_that_can_not_be_meant_is_refused(desk: Desk, wrong: object) -> None:
    with pytest.raises(Invalid):
        organizations.change(desk.caller.organization_id, {"repeats": wrong})


def test_a_plan_belongs_to_an_organization_that_is_there(desk: Desk) -> None:
    with pytest.raises(NotFound):
        organizations.change("or_" + "0" * 26, {"repeats": {"busy": [60]}})
