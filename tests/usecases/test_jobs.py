"""Jobs: planned, moved, taken back, done, tried again, held and given up."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from gateway.domain.jobs import KIND_OF
from gateway.models import agenda, due, job_hands
from gateway.models.dead_letter import DeadLetter
from gateway.models.hold import EVERYTHING, Hold, kind_scope, queue_scope
from gateway.models.job import Job
from gateway.usecases import holds, job_runs, jobs
from gateway.usecases.job_handlers import HANDLERS
from tests.jobs import LEASE, claimed, job, known, plan, work_off
from tests.rows import NOW
from tests.usecases.desk import Desk

SECOND = timedelta(seconds=1)
LATER = NOW + timedelta(minutes=15)


class Bell:
    """Remembers for whom it was rung, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, datetime]] = []
        self.fails = 0

    def ring(self, key: str, now: datetime) -> None:
        """Ring."""
        if self.fails:
            self.fails -= 1
            raise RuntimeError("not now")
        self.rung.append((key, now))


@pytest.fixture
def bell(desk: Desk) -> Iterator[Bell]:
    """Rung by the jobs test.ring (a timer) and test.count (a preference)."""
    made = Bell()
    with known(ring=("timer", made.ring), count=("preference", made.ring)):
        yield made


def test_each_job_has_a_kind_and_a_handler() -> None:
    assert set(KIND_OF) == set(HANDLERS)


@pytest.mark.row("B2")
def test_a_job_is_done_once_at_its_moment_and_never_before(bell: Bell) -> None:
    row = plan("test.ring", "a", LATER, NOW)
    assert (row.lane, row.kind) == ("timers:1", "timer")
    assert agenda.read().next == LATER
    assert work_off(LATER - timedelta(microseconds=1)) == 0
    assert work_off(LATER) == 1
    assert work_off(LATER + SECOND) == 0
    assert bell.rung == [("a", LATER)]
    assert job("test.ring", "a").state == "done"
    assert agenda.read().next is None


@pytest.mark.row("B2")
def test_planned_again_it_moves_and_there_is_still_one(bell: Bell) -> None:
    plan("test.ring", "a", NOW + SECOND, NOW)
    (early,) = claimed(NOW + SECOND)
    plan("test.ring", "a", LATER, NOW + SECOND)
    job_runs.perform(*early, lambda: NOW + SECOND, LEASE)
    assert bell.rung == []
    assert work_off(LATER) == 1
    plan("test.ring", "a", LATER + SECOND, LATER)
    assert work_off(LATER + SECOND) == 1
    assert [at for _, at in bell.rung] == [LATER, LATER + SECOND]
    assert Job.select().count() == 1


@pytest.mark.row("B2")
def test_a_job_can_be_taken_back_until_a_worker_is_at_it(bell: Bell) -> None:
    plan("test.ring", "waits", NOW, NOW)
    plan("test.ring", "claimed", NOW, NOW)
    assert jobs.cancel("test.ring", "waits", NOW)
    (found,) = claimed(NOW)
    assert jobs.cancel("test.ring", "claimed", NOW)
    job_runs.perform(*found, lambda: NOW, LEASE)
    assert bell.rung == []
    assert {row.state for row in Job.select()} == {"canceled"}
    assert not jobs.cancel("test.ring", "claimed", NOW)
    assert not jobs.cancel("test.ring", "nobody", NOW)


def test_planned_while_a_worker_is_at_it_it_is_done_once_more(desk: Desk) -> None:
    done = []

    def again(key: str, now: datetime) -> None:
        done.append(now)
        if len(done) == 1:
            jobs.plan("test.again", key, LATER, now)
        else:
            jobs.plan("test.again", key, LATER, now)
            assert not jobs.cancel("test.again", key, now)

    with known(again=("timer", again)):
        plan("test.again", "a", NOW, NOW)
        work_off(NOW)
        assert (job("test.again", "a").state, job("test.again", "a").due_at) == ("scheduled", LATER)
        work_off(LATER)
        assert (done, job("test.again", "a").state) == ([NOW, LATER], "done")


@pytest.mark.row("B2")
def test_a_timer_that_fails_is_tried_after_1_2_and_4_seconds_and_is_then_a_dead_letter(
    bell: Bell, desk: Desk
) -> None:
    bell.fails = 4
    plan("test.ring", "a", NOW, NOW, desk.caller.organization_id, "test")
    at = NOW
    for wait in (1, 2, 4):
        assert work_off(at) == 1
        assert work_off(at + wait * SECOND - timedelta(microseconds=1)) == 0
        at += wait * SECOND
    assert DeadLetter.select().count() == 0
    assert work_off(at) == 1
    row, letter = job("test.ring", "a"), DeadLetter.get()
    assert (row.state, row.reason, row.failures) == ("failed", "RuntimeError", 4)
    assert (letter.object, letter.object_id, letter.reason) == ("job", row.id, "RuntimeError")
    assert (letter.organization_id, letter.mode) == (desk.caller.organization_id, "test")
    # Planned anew it starts over, and once it is done nothing of it is left to be looked at.
    plan("test.ring", "a", at, at)
    assert work_off(at) == 1
    assert DeadLetter.get().resolution == "replayed"


@pytest.mark.row("B4")
def test_a_preference_is_tried_after_5_10_and_20_seconds_in_the_last_lane(bell: Bell) -> None:
    bell.fails = 3
    row = plan("test.count", "a", NOW, NOW)
    assert row.lane == "background:9"
    at = NOW
    for wait in (5, 10, 20):
        assert work_off(at) == 1
        at += wait * SECOND
        assert job("test.count", "a").next_attempt_at == at
    assert work_off(at) == 1
    assert bell.rung == [("a", at)]


@pytest.mark.row("B2")
@pytest.mark.row("B4")
def test_no_more_than_so_many_of_a_kind_are_at_work_at_once(bell: Bell) -> None:
    for number in range(20):
        plan("test.ring", f"t{number}", NOW, NOW)
        plan("test.count", f"p{number}", NOW, NOW)
    found = claimed(NOW)
    assert due.in_flight() == {"timer": 5, "preference": 2}
    assert claimed(NOW) == []
    for one in found[:3]:
        job_runs.perform(*one, lambda: NOW, timedelta(0))
    assert due.in_flight()["timer"] <= 5


def test_a_worker_hands_its_place_on_so_that_none_is_free_while_others_wait(bell: Bell) -> None:
    for number in range(20):
        plan("test.ring", f"t{number:02}", NOW + number * timedelta(microseconds=1), NOW)
    at = NOW + SECOND
    first = claimed(at)[0]
    job_runs.perform(*first, lambda: at, LEASE)
    assert len(bell.rung) == 16
    assert due.in_flight() == {"timer": 4}


@pytest.mark.row("D1")
def test_a_job_whose_worker_died_is_taken_back_and_counted(bell: Bell) -> None:
    lost = plan("test.ring", "lost", NOW, NOW)
    ((id_, claim),) = claimed(NOW)
    late = NOW + LEASE + SECOND
    assert job_runs.sweep(late) == 1
    assert (job("test.ring", "lost").state, job("test.ring", "lost").failures) == ("scheduled", 0)
    ((id_, claim),) = claimed(late)
    assert Job.begin(id_, claim, late + LEASE) is not None  # and then its worker dies
    assert job_runs.sweep(late) == 0
    assert job_runs.sweep(late + LEASE + SECOND) == 1
    row = job("test.ring", "lost")
    assert (row.state, row.failures, row.reason) == ("scheduled", 1, "stalled")
    assert not job_hands.finish([Job(id=id_, claim=claim - 1)], late)
    assert lost.id == id_
    assert work_off(late + 2 * LEASE) == 1
    assert bell.rung == [("lost", late + 2 * LEASE)]


@pytest.mark.row("B10")
def test_a_message_of_an_earlier_claim_does_nothing(bell: Bell) -> None:
    plan("test.ring", "a", NOW, NOW)
    (early,) = claimed(NOW)
    late = NOW + LEASE + SECOND
    job_runs.sweep(late)
    (again,) = claimed(late)
    job_runs.perform(*early, lambda: late, LEASE)
    assert bell.rung == []
    for _ in range(2):  # a message may come twice
        job_runs.perform(*again, lambda: late, LEASE)
    assert bell.rung == [("a", late)]


@pytest.mark.row("B5")
@pytest.mark.parametrize("which", ["all", "queue", "kind", "own queue", "own kind"])
def test_a_pause_holds_jobs_which_go_on_when_it_is_lifted(
    bell: Bell, desk: Desk, which: str
) -> None:
    own = desk.caller.organization_id
    scope = {
        "all": EVERYTHING,
        "queue": queue_scope("timers"),
        "kind": kind_scope("timer"),
        "own queue": queue_scope("timers", own),
        "own kind": kind_scope("timer", own),
    }[which]
    for number in range(8):
        plan("test.ring", f"{number}", NOW, NOW, own, "test")
    Hold.put(scope, "by_hand", NOW)
    assert work_off(NOW) >= 1
    assert bell.rung == []
    assert {row.held_by for row in Job.select()} == {scope}
    assert holds.release(NOW) == 0
    assert agenda.read().held
    Hold.remove(scope)
    assert holds.release(LATER) == 8
    work_off(LATER)
    assert len(bell.rung) == 8


def test_a_job_of_an_unknown_name_is_given_up_in_time(desk: Desk) -> None:
    with known(gone=("timer", lambda key, now: None)):
        plan("test.gone", "a", NOW, NOW)
    for wait in (0, 1, 3, 7):
        work_off(NOW + wait * SECOND)
    assert job("test.gone", "a").state == "failed"
    with pytest.raises(KeyError):
        jobs.plan("test.gone", "a", NOW, NOW)
