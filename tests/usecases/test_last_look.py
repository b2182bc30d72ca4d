"""Between the commit of an attempt and the connection: a worker may sleep there for any time."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from gateway.domain.errors import NotSent
from gateway.domain.reminders import BEFORE, Rule
from gateway.models import attempts, withdrawal
from gateway.models.booking import Booking
from gateway.models.hold import Hold, provider_scope
from gateway.models.notification import Notification
from gateway.usecases import delivery, freezing, holds
from tests.stack import special
from tests.usecases.desk import LEASE, Desk
from tests.usecases.test_delivery import ask

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def meanwhile(desk: Desk, row: Notification, happens: Callable[[], object], wakes: datetime) -> str:
    """Deliver, with something happening after the gate's commit and before the last look; the
    reason of the fault that follows, or nothing."""
    told = iter([desk.now])

    def clock() -> datetime:
        if (first := next(told, None)) is not None:
            return first
        last = attempts.latest(Notification.get_by_id(row.id))
        if last is not None and last.state == last.BEGUN:
            happens()
        return wakes

    try:
        delivery.attempt(row.id, row.claim, clock, LEASE)
    except NotSent as fault:
        delivery.park(row.id, row.claim, fault, wakes)
        return fault.detail
    return ""


def nothing() -> None:
    """Nothing happens meanwhile."""


@pytest.mark.row("A3")
def test_a_cancel_before_the_connection_places_nothing(desk: Desk) -> None:
    row = ask(desk)
    cancel = lambda: withdrawal.ask_to_cancel([row.id], desk.now)  # noqa: E731
    assert meanwhile(desk, row, cancel, desk.now) == "not asked: canceled"
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("canceled", "canceled")
    (call,) = desk.attempts(row.id)
    assert (call.state, call.reason, call.open_key) == ("failed", "canceled", None)
    assert desk.stack.sandbox.look("requests") == []


@pytest.mark.row("A4")
def test_a_worker_that_wakes_after_the_end_places_nothing(desk: Desk) -> None:
    row = ask(desk, expires_at=desk.now + MINUTE)
    assert meanwhile(desk, row, nothing, desk.now + MINUTE) == "not asked: expired"
    assert desk.work(desk.now + MINUTE) == 1
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("expired", "expired")
    assert desk.stack.sandbox.look("requests") == []


@pytest.mark.row("A4")
def test_a_worker_whose_attempt_was_taken_back_places_nothing_and_the_row_goes_on(
    desk: Desk,
) -> None:
    row = ask(desk)
    late = desk.now + 2 * MINUTE
    assert meanwhile(desk, row, lambda: delivery.sweep(late), late) == "not asked: superseded"
    kept = desk.row(row.id)
    assert (kept.state, kept.failures, kept.next_attempt_at) == ("scheduled", 0, late)
    assert desk.stack.sandbox.look("requests") == []
    assert desk.work(late) == 1
    assert len(desk.stack.sandbox.placed()) == 1
    assert [call.attempt for call in desk.attempts(row.id)] == [1, 2]


@pytest.mark.row("B10")
def test_a_booking_moved_before_the_connection_places_nothing(desk: Desk) -> None:
    booked = desk.book(desk.now + 2 * timedelta(hours=1), Rule(BEFORE, minutes=120))
    (row,) = desk.plan(booked.booking)

    def move() -> None:
        changed = Booking.update(schedule_version=Booking.schedule_version + 1)
        changed.where(Booking.id == booked.booking.id).execute()

    assert meanwhile(desk, row, move, desk.now) == "not asked: superseded"
    desk.work(desk.now)
    assert (desk.row(row.id).state, desk.row(row.id).reason) == ("canceled", "superseded")
    assert desk.stack.sandbox.look("requests") == []


@pytest.mark.row("D4")
def test_what_was_never_asked_says_nothing_of_the_provider(desk: Desk) -> None:
    for _ in range(7):
        row = ask(desk)
        cancel = lambda: withdrawal.ask_to_cancel([row.id], desk.now)  # noqa: E731, B023
        meanwhile(desk, row, cancel, desk.now)
    assert holds.listed() == []


@pytest.mark.row("C8")
def test_a_freeze_before_the_connection_places_nothing_until_the_thaw(desk: Desk) -> None:
    row = ask(desk)
    freeze = lambda: freezing.freeze("by_hand", desk.now)  # noqa: E731
    assert meanwhile(desk, row, freeze, desk.now) == "not asked: superseded"
    desk.work(desk.now + SECOND)
    assert desk.row(row.id).held_by == "all"
    assert desk.stack.sandbox.look("requests") == []
    hold = freezing.present()
    assert hold is not None
    assert freezing.lift(hold, desk.now)
    assert desk.work(desk.now + MINUTE) == 1
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("D4")
def test_one_that_was_to_try_the_provider_and_was_taken_back_leaves_it_to_the_next(
    desk: Desk,
) -> None:
    row, other = ask(desk), ask(desk, special("0141"))
    scope = provider_scope("twilio", desk.stack.settings.sandbox_credentials["account_sid"])
    assert Hold.open(scope, "provider_error", desk.now - MINUTE, desk.now - SECOND)
    cancel = lambda: withdrawal.ask_to_cancel([row.id], desk.now)  # noqa: E731
    assert meanwhile(desk, row, cancel, desk.now) == "not asked: canceled"
    desk.deliver(other.id, other.claim, desk.now)
    assert desk.row(other.id).state == "sending"
    assert holds.listed() == []
