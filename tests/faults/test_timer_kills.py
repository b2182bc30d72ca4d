"""A worker or a clock killed while it has timers in its hand, some of them before their moment."""

from datetime import timedelta

import pytest

from gateway import wallclock
from gateway.models import base
from gateway.models.dead_letter import DeadLetter
from gateway.models.job import Job
from gateway.usecases import jobs
from gateway.usecases.offers_making import EXPIRE
from tests.faults.conftest import Scene
from tests.waiting import until

COUNT = 12
STEP = timedelta(milliseconds=9)
POINTS = ["worker.after_job_begun", "worker.before_job_done"]


def _plan() -> None:
    """Ends of offers that there are not, so that each is done by seeing that."""
    begun = wallclock.now() + timedelta(seconds=2)
    with base.connection(), base.atomic():
        for number in range(COUNT):
            jobs.plan(EXPIRE, f"of_{number}", begun + number * STEP, wallclock.now())


def _done() -> list[Job]:
    with base.connection():
        return list(Job.select().where(Job.name == EXPIRE, Job.state == "done"))


def _all_done() -> list[Job]:
    rows = until(lambda: found if len(found := _done()) == COUNT else [], "every timer", 30)
    assert all(row.finished_at >= row.due_at for row in rows if row.finished_at)
    return rows


@pytest.mark.row("A4")
@pytest.mark.parametrize("point", POINTS)
def test_what_a_killed_worker_had_in_its_hand_is_done_by_another(scene: Scene, point: str) -> None:
    scene.crew.start("clock")
    victim = scene.crew.start("worker", fp=f"{point}:kill")
    _plan()
    scene.crew.killed(victim)
    scene.crew.start("worker")
    assert any(row.claim > 1 for row in _all_done())
    with base.connection():
        assert DeadLetter.select().count() == 0


@pytest.mark.row("A4")
@pytest.mark.parametrize("point", ["clock.after_lease", "clock.after_enqueue"])
def test_what_a_killed_clock_had_claimed_ahead_is_done_once_and_in_time(
    scene: Scene, point: str
) -> None:
    scene.crew.start("worker")
    victim = scene.crew.start("clock", fp=f"{point}:kill")
    _plan()
    scene.crew.killed(victim)
    scene.crew.start("clock")
    assert {row.failures for row in _all_done()} == {0}
