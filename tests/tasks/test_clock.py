"""The clock: finds what is due, rings for it, and takes back what nobody finished."""

import threading
from datetime import timedelta

import pytest

from gateway.models import agenda
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.notification import Notification
from tasks import broker, clock, tick, workload
from tests import servers
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.rows import call, notification
from tests.tasks.crew import claims_out, due, heard, stored_event
from tests.usecases.desk import Desk
from tests.waiting import until


@pytest.mark.row("D1")
def test_a_tick_rings_once_for_each_that_is_due(desk: Desk) -> None:
    due(desk, tick.BATCH + 50)
    assert clock.tick(desk.now) == tick.BATCH + 50
    assert claims_out("voice") == tick.BATCH + 50
    assert clock.tick(desk.now) == 0
    assert claims_out("voice") == tick.BATCH + 50


def test_the_clock_runs_no_further_ahead_than_the_workers_hold(desk: Desk) -> None:
    most = workload.TIMES * 100
    due(desk, most + 40)
    assert clock.tick(desk.now) == most
    assert clock.tick(desk.now) == 0
    waiting = Notification.select().where(Notification.state == "scheduled")
    assert waiting.count() == 40


@pytest.mark.row("B10")
def test_a_frozen_gateway_claims_nothing_and_takes_back_what_is_out(desk: Desk) -> None:
    (out,) = due(desk, 1)
    assert clock.tick(desk.now) == 1
    Hold.create(scope=EVERYTHING, reason="by_hand", since=desk.now)
    due(desk, 3)
    later = desk.now + timedelta(minutes=1)
    assert clock.tick(later) == 0
    assert desk.row(out).state == "scheduled"
    Hold.delete().execute()
    assert clock.tick(later) == 4


@pytest.mark.row("B10")
def test_while_the_broker_is_away_leases_are_taken_back_and_nothing_is_claimed(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    (out,) = due(desk, 1)
    assert clock.tick(desk.now) == 1
    (late,) = due(desk, 1)
    redis_server.kill()
    try:
        later = desk.now + timedelta(minutes=1)
        assert clock.tick(later) == 0
        assert {desk.row(out).state, desk.row(late).state} == {"scheduled"}
    finally:
        redis_server.start()
    heard(redis_server, 1)
    assert clock.tick(later) == 2


@pytest.mark.row("A4")
def test_what_the_broker_forgot_is_rung_for_anew_under_another_claim(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    due(desk, 20)
    assert clock.tick(desk.now) == 20
    redis_server.client().flushall()
    heard(redis_server, 1, mark=False)
    assert clock.tick(desk.now) == 20
    assert claims_out("voice") == 20
    assert {row.claim for row in Notification.select()} == {2}


@pytest.mark.row("A4")
@pytest.mark.row("B10")
def test_a_claim_that_no_worker_took_up_is_rung_for_anew(desk: Desk) -> None:
    (id_,) = due(desk, 1)
    lease = timedelta(seconds=desk.stack.settings.claim_lease_seconds)
    assert clock.tick(desk.now) == 1
    assert clock.tick(desk.now + lease) == 0
    assert clock.tick(desk.now + lease + timedelta(seconds=1)) == 1
    assert desk.row(id_).claim == 2


def test_events_that_nobody_was_woken_for_are_found(desk: Desk) -> None:
    stored_event(desk)
    clock.tick(desk.now)
    assert broker.backlog("events") == 1
    clock.tick(desk.now)
    assert broker.backlog("events") == 1
    clock.tick(desk.now + timedelta(seconds=tick.EVENT_PAUSE))
    assert broker.backlog("events") == 2


def test_a_paused_provider_is_asked_now_and_then_whether_all_is_well(desk: Desk) -> None:
    Hold.pause("provider|twilio|AC1", "configuration", desk.now, desk.now)
    clock.tick(desk.now)
    clock.tick(desk.now)
    assert broker.backlog("background") == 1
    clock.tick(desk.now + timedelta(minutes=5))
    assert broker.backlog("background") == 2


def test_a_call_that_must_not_go_on_is_ended_by_a_worker(desk: Desk) -> None:
    row = notification(desk.caller.organization_id, next_attempt_at=None, state="unknown")
    call(row, external_id="CA1", state="ringing", end_at=desk.now)
    clock.tick(desk.now)
    clock.tick(desk.now)
    assert broker.backlog("voice") == 1


@ON_SQLITE
@pytest.mark.row("C8")
def test_on_sqlite_one_clock_ticks_and_another_takes_over_when_it_ends(desk: Desk) -> None:
    first = _Clock()
    until(lambda: _taken(desk), "the first clock at work")
    second = _Clock()
    first.end()
    until(lambda: _taken(desk), "the second clock at work")
    second.end()


@ON_POSTGRESQL
@pytest.mark.row("C8")
def test_on_postgresql_many_clocks_tick_and_each_row_is_rung_for_once(desk: Desk) -> None:
    ids = due(desk, 300)
    clocks = [_Clock() for _ in range(3)]
    until(lambda: agenda.read().claim is None, "every row rung for")
    for one in clocks:
        one.end()
    assert claims_out("voice") == len(ids)
    assert {row.claim for row in Notification.select()} == {1}


@pytest.mark.row("B10")
def test_a_clock_survives_the_loss_of_the_broker_and_rings_soon_after_it_is_back(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    ticking = _Clock()
    redis_server.kill()
    try:
        rows = due(desk, 3)
    finally:
        redis_server.start()
    heard(redis_server, 1)
    until(lambda: {desk.row(id_).state for id_ in rows} == {"due"}, "all rung for")
    ticking.end()


class _Clock:
    def __init__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=clock.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def _taken(desk: Desk) -> bool:
    """Whether a fresh due row is rung for: someone ticks."""
    row = notification(desk.caller.organization_id, next_attempt_at=desk.now, due_at=desk.now)
    return bool(until(lambda: desk.row(row.id).state == "due", "a ring"))
