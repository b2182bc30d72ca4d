"""Jobs through the clock, the broker and a worker."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from gateway import wallclock
from gateway.models import base
from gateway.models.hold import Hold, kind_scope, queue_scope
from gateway.models.job import Job
from gateway.models.job_hands import MOST
from gateway.usecases import job_hands
from tasks import broker, clock, hands, tick
from tests import servers
from tests.conftest import StartStack
from tests.jobs import LEASE, job, known, plan
from tests.tasks.crew import heard
from tests.usecases.desk import Desk
from tests.waiting import until

SECOND = timedelta(seconds=1)


@pytest.fixture
def rung() -> Iterator[list[tuple[str, datetime]]]:
    """For whom the jobs test.ring (timers) and test.count (preferences) were done, and when."""
    done: list[tuple[str, datetime]] = []

    def ring(key: str, now: datetime) -> None:
        done.append((key, now))

    with known(ring=("timer", ring), count=("preference", ring)):
        yield done


@pytest.mark.row("B2")
@pytest.mark.row("B4")
def test_a_tick_rings_for_no_more_than_may_be_at_work(
    desk: Desk, rung: list[tuple[str, datetime]]
) -> None:
    for number in range(9):
        plan("test.count", f"{number}", desk.now, desk.now)
    with base.atomic():
        for number in range(MOST + 1):
            plan("test.ring", f"{number}", desk.now, desk.now)
    plan("test.ring", "later", desk.now + SECOND, desk.now)
    assert clock.tick(desk.now) == MOST + 2
    assert (broker.backlog("timers"), broker.backlog("background")) == (5, 2)
    assert clock.tick(desk.now) == 0


def test_a_worker_whose_clock_is_behind_waits_its_time_before_it_gives_timers_back(
    desk: Desk, rung: list[tuple[str, datetime]]
) -> None:
    due = wallclock.now() + 60 * SECOND
    plan("test.ring", "a", due, desk.now)
    (one,) = job_hands.hand_out("timers:1", due, SECOND, 1, LEASE)
    began = time.monotonic()
    hands.attend(one.claim, one.ids)
    assert 0.2 <= time.monotonic() - began < 5
    row = job("test.ring", "a")
    assert (row.state, row.next_attempt_at, rung) == ("scheduled", due, [])


@pytest.mark.row("B2")
def test_timers_are_handed_out_a_moment_before_they_are_due(
    desk: Desk, rung: list[tuple[str, datetime]]
) -> None:
    lead, ahead = timedelta(seconds=hands.LEAD), timedelta(seconds=hands.AHEAD)
    for number in range(4):
        plan("test.ring", f"{number}", desk.now + number * ahead / 2, desk.now)
    assert clock.tick(desk.now - lead - SECOND / 1000) == 0
    assert clock.tick(desk.now - lead) == 2
    assert broker.backlog("timers") == 1
    assert clock.tick(desk.now + ahead - lead) == 2


@pytest.mark.row("B5")
def test_of_a_queue_that_is_paused_for_all_nothing_is_claimed(
    desk: Desk, rung: list[tuple[str, datetime]]
) -> None:
    plan("test.ring", "a", desk.now, desk.now)
    Hold.put(queue_scope("timers"), "by_hand", desk.now)
    assert clock.tick(desk.now) == 0
    assert tick.Tick(wallclock.now()).run().pause(60) == 60
    Hold.remove(queue_scope("timers"))
    Hold.put(kind_scope("timer"), "by_hand", desk.now)
    assert clock.tick(desk.now) == 1  # its worker finds the hold


@pytest.mark.row("B10")
def test_what_the_broker_lost_is_rung_for_again(
    desk: Desk, rung: list[tuple[str, datetime]], redis_server: servers.RedisServer
) -> None:
    plan("test.ring", "a", desk.now, desk.now)
    assert clock.tick(desk.now) == 1
    broker.broker.client.flushall()
    heard(redis_server, 100, mark=False)
    assert clock.tick(desk.now + SECOND) == 1
    assert job("test.ring", "a").claim == 2


@pytest.mark.row("B2")
def test_the_whole_stack_does_a_job_at_its_moment_and_not_before(
    start_stack: StartStack, rung: list[tuple[str, datetime]]
) -> None:
    start_stack(CLOCK_POLL_SECONDS="60")
    with base.connection():
        now = wallclock.now()
        moments = {str(number): now + number * SECOND / 20 for number in range(1, 20)}
        with base.atomic():
            for key, at in moments.items():
                plan("test.ring", key, at, now)
    from tasks import wake

    wake.if_soon()  # as a request or a job does after its commit
    until(lambda: len(rung) == len(moments), "every job", 60)
    assert sorted(key for key, _ in rung) == sorted(moments)
    assert all(at >= moments[key] for key, at in rung)
    with base.connection():
        until(lambda: Job.select().where(Job.state == "done").count() == len(moments), "done", 10)
