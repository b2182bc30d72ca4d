"""A row that can't be handled stops no other, and ends."""

from datetime import timedelta

import pytest

from gateway.domain.errors import StoreUnavailable
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.usecases import delivery
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND = timedelta(seconds=1)


def poisoned(desk: Desk) -> Notification:
    """A row that no gate can read."""
    row = ask(desk)
    Notification.update(plan=[]).where(Notification.id == row.id).execute()
    return row


@pytest.mark.row("D4")
def test_a_row_that_breaks_the_gate_is_put_off_and_ends_as_a_dead_letter(desk: Desk) -> None:
    row, other = poisoned(desk), ask(desk, special("0141"))
    waits, now = [], desk.now
    assert isinstance(desk.deliver(row.id, row.claim, now), IndexError)
    desk.deliver(other.id, other.claim, now)
    while desk.row(row.id).finished_at is None:
        then = desk.row(row.id).next_attempt_at
        assert then is not None
        waits.append((then - now) / SECOND)
        now = then
        assert desk.work(now) == 1
    assert waits == [5, 25, 125, 625, 3125]
    kept = desk.row(row.id)
    assert (kept.state, kept.reason, kept.failure_class) == ("not_reached", "internal", "technical")
    assert [letter.reason for letter in DeadLetter.select()] == ["internal"]
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("D4")
def test_a_poisoned_row_still_expires_in_time(desk: Desk) -> None:
    row = poisoned(desk)
    Notification.update(expires_at=desk.now + 20 * SECOND).execute()
    desk.deliver(row.id, row.claim, desk.now)
    assert desk.work(desk.now + 5 * SECOND) == 1
    assert desk.work(desk.now + 20 * SECOND) == 1
    assert desk.row(row.id).state == "expired"


@pytest.mark.row("D4")
def test_a_database_that_is_away_is_no_fault_of_the_row(desk: Desk) -> None:
    row = ask(desk)
    for number in range(9):
        now = desk.now + 5 * number * SECOND
        delivery.park(row.id, desk.row(row.id).claim, StoreUnavailable(), now)
        assert desk.row(row.id).next_attempt_at == now + 5 * SECOND
        ((_, claim),) = desk.claim(now + 5 * SECOND)
    assert (desk.row(row.id).failures, desk.row(row.id).claim) == (0, claim)


@pytest.mark.row("A4")
def test_a_row_whose_workers_always_die_waits_longer_each_time_and_expires(desk: Desk) -> None:
    row = ask(desk, expires_at=desk.now + 600 * SECOND)
    now, waits = desk.now, []
    for _ in range(9):
        now += 16 * SECOND
        assert delivery.sweep(now) == 1
        then = desk.row(row.id).next_attempt_at
        assert then is not None
        waits.append((then - now) / SECOND)
        now = then
        assert len(desk.claim(now)) == 1
    assert waits == [0, 0, 1, 2, 4, 8, 16, 30, 30]
    assert delivery.sweep(desk.now + 700 * SECOND) == 1
    assert (desk.row(row.id).state, desk.row(row.id).tries) == ("expired", 0)
