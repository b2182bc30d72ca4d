"""An erasure that meets others at work about the same person: nobody waits in a circle, and nothing
of the person comes in behind its back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest

from gateway.domain.provider import Placement, Result
from gateway.domain.reminders import BEFORE, Rule
from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.usecases import contacts, erasure, gate, outcomes
from gateway.usecases.gate import Opened
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL
from tests.usecases.desk import LEASE, Desk
from tests.usecases.test_lock_order import connected, waiting
from tests.waiting import until

ANSWER = Placement(Result.ACCEPTED, "CA" + "1" * 32, "queued")
Begin = Callable[[], Desk]


@pytest.fixture
def begin(start_stack: StartStack) -> Begin:
    """Opens a desk at which several work at once."""
    return lambda: Desk(start_stack(parts=(), DATABASE_CONNECTIONS="10"))


class Held:
    """Something done in a transaction of its own that is held open until told."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act, self.done, self.may_end = act, threading.Event(), threading.Event()

    def __call__(self) -> object:
        with base.connection(), base.atomic():
            result = self._act()
            self.done.set()
            self.may_end.wait(20)
            return result


@ON_POSTGRESQL
@pytest.mark.row("B5")
@pytest.mark.parametrize("change", [{}, {"locale": "de"}])
def test_a_booking_that_comes_first_is_erased_too(begin: Begin, change: dict[str, str]) -> None:
    desk = begin()
    now, later = desk.now, desk.now + timedelta(hours=2)
    with base.connection():
        first = desk.book(later, contact={"external_id": "c-1", "phone": "+12025550100"}).booking
        known = {"external_id": "c-1", "phone": "+12025550100", **change}
        books = Held(lambda: desk.book(later, contact=known).booking.id)
        with ThreadPoolExecutor(2) as pool:
            booking = pool.submit(books)
            assert books.done.wait(20)
            erase = partial(erasure.erase, desk.caller, first.contact_id, now)
            erased = pool.submit(connected, erase)
            until(waiting(1), "the erasure waits for the booking")
            books.may_end.set()
            booking.result(20)
            assert erased.result(20).settled  # type: ignore[attr-defined]
        assert {row.state for row in Notification.select()} == {"canceled"}
        assert {row.contact.phone for row in Booking.select()} == {None}


@ON_POSTGRESQL
@pytest.mark.row("B5")
def test_a_booking_that_comes_second_is_of_somebody_new(begin: Begin) -> None:
    desk = begin()
    later = desk.now + timedelta(hours=2)
    known = {"external_id": "c-1", "name": "Ada", "phone": "+12025550100"}
    with base.connection():
        first = desk.book(later, contact=known).booking
        erases = Held(lambda: erasure.erase(desk.caller, first.contact_id, desk.now))
        with ThreadPoolExecutor(3) as pool:
            erased = pool.submit(erases)
            assert erases.done.wait(20)
            books = pool.submit(connected, partial(desk.book, later, contact=known))
            change = partial(contacts.change, desk.caller, first.contact_id, {"name": "Eve"})
            changed = pool.submit(connected, partial(change, desk.now))
            until(waiting(2), "both wait for the erasure")
            erases.may_end.set()
            erased.result(20)
            second = books.result(20).booking  # type: ignore[attr-defined]
            assert type(changed.exception(20)).__name__ == "NotFound"
        assert second.contact_id != first.contact_id
        assert Contact.get_by_id(first.contact_id).name is None
        assert Contact.get_by_id(second.contact_id).name == "Ada"
    assert (desk.states(first), desk.states(second)) == (["canceled"], ["scheduled"])


def _held_at_the_gate(
    id_: str, claim: int, now: datetime, there: threading.Event, may_pass: threading.Event
) -> Opened | None:
    with base.atomic():
        Notification.locked(id_)
        there.set()
        may_pass.wait(20)
        return gate.open_attempt(id_, claim, now, LEASE)


@ON_POSTGRESQL
@pytest.mark.row("B5")
@pytest.mark.parametrize("order", [1, -1])
def test_an_erasure_that_meets_workers_at_the_gate_waits_in_no_circle(
    begin: Begin, order: int
) -> None:
    desk = begin()
    now = desk.now + timedelta(minutes=61)
    with base.connection():
        rules = [Rule(BEFORE, minutes=minutes) for minutes in (60, 59)]
        booking = desk.book(desk.now + timedelta(hours=2), *rules).booking
        claims = dict(desk.claim(now)[::order])
        at_gate = {id_: threading.Event() for id_ in claims}
        may_pass = {id_: threading.Event() for id_ in claims}

        def pass_gate(id_: str) -> Opened | None:
            return _held_at_the_gate(id_, claims[id_], now, at_gate[id_], may_pass[id_])

        with ThreadPoolExecutor(4) as pool:
            gates = {id_: pool.submit(connected, partial(pass_gate, id_)) for id_ in claims}
            assert all(gate_.wait(20) for gate_ in at_gate.values())
            erase = partial(erasure.erase, desk.caller, booking.contact_id, now)
            erasing = pool.submit(connected, erase)
            until(waiting(1), "the erasure waits for one of them")
            first, second = claims
            may_pass[first].set()
            opened = gates[first].result(20)
            assert isinstance(opened, Opened)
            accept = partial(outcomes.accepted, opened.attempt, ANSWER, now)
            answered = pool.submit(connected, accept)
            until(lambda: answered.done() or waiting(2)(), "the answer is written or waits as well")
            may_pass[second].set()
            for done in (gates[second], answered):
                done.result(20)
            assert not erasing.result(20).settled  # type: ignore[attr-defined]
    assert desk.states(booking) == ["sending", "sending"]
    assert all(row.cancel_requested_at for row in desk.plan(booking))
    calls = [call for row in desk.plan(booking) for call in desk.attempts(row.id)]
    assert all(call.end_at for call in calls)
    assert [call.text for call in calls] == [None, None]
