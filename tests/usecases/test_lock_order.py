"""A cancel, workers at the gate and a carrier's answer, all about one booking at one moment: nobody
waits in a circle."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from gateway.domain.provider import Placement, Result
from gateway.domain.reminders import BEFORE, Rule
from gateway.models import base
from gateway.models.notification import Notification
from gateway.usecases import bookings, gate, outcomes
from gateway.usecases.gate import Opened
from tests.conftest import StartStack
from tests.usecases.desk import LEASE, Desk
from tests.waiting import until

ANSWER = Placement(Result.ACCEPTED, "CA" + "1" * 32, "queued")


def connected(act: Callable[[], object]) -> object:
    """Do something in a thread of its own."""
    with base.connection():
        return act()


def waiting(count: int) -> Callable[[], bool]:
    """Whether so many connections wait for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return lambda: bool(base.db.execute_sql(query).fetchone()[0] >= count)


@pytest.mark.row("A3")
@pytest.mark.parametrize("order", [1, -1])
def test_a_cancel_that_meets_workers_at_the_gate_waits_in_no_circle(
    start_stack: StartStack, order: int
) -> None:
    desk = Desk(start_stack(parts=(), DATABASE_CONNECTIONS="10"))
    now = desk.now + timedelta(minutes=61)
    with base.connection():
        if base.dialect() == "sqlite":
            pytest.skip("it has one lock for everything")
        rules = [Rule(BEFORE, minutes=minutes) for minutes in (60, 59)]
        booking = desk.book(desk.now + timedelta(hours=2), *rules).booking
        claims = dict(desk.claim(now)[::order])
        at_gate = {id_: threading.Event() for id_ in claims}
        may_pass = {id_: threading.Event() for id_ in claims}

        def pass_gate(id_: str) -> Opened | None:
            with base.atomic():
                Notification.locked(id_)
                at_gate[id_].set()
                may_pass[id_].wait(20)
                return gate.open_attempt(id_, claims[id_], now, LEASE)

        with ThreadPoolExecutor(4) as pool:
            gates = {id_: pool.submit(connected, partial(pass_gate, id_)) for id_ in claims}
            assert all(gate_.wait(20) for gate_ in at_gate.values())
            cancel = partial(bookings.cancel, desk.caller, booking.id, now)
            canceling = pool.submit(connected, cancel)
            until(waiting(1), "the cancel waits for one of them")
            first, second = claims
            may_pass[first].set()
            opened = gates[first].result(20)
            assert isinstance(opened, Opened)
            accept = partial(outcomes.accepted, opened.attempt, ANSWER, now)
            answered = pool.submit(connected, accept)
            until(lambda: answered.done() or waiting(2)(), "the answer is written or waits as well")
            may_pass[second].set()
            for done in (gates[second], canceling, answered):
                done.result(20)
    assert desk.states(booking) == ["sending", "sending"]
    assert all(row.cancel_requested_at for row in desk.plan(booking))
    assert all(call.end_at for row in desk.plan(booking) for call in desk.attempts(row.id))
