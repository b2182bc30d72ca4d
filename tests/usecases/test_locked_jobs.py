"""Timers of a handful of which somebody else has one locked, on PostgreSQL: on SQLite whoever
writes has everything locked."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from gateway.models import base, job_hands, upcoming
from gateway.models.job import Job
from gateway.usecases import job_hands as hands
from gateway.usecases import job_runs, jobs
from tests.jobs import LEASE, job, known, plan
from tests.rows import NOW
from tests.usecases.desk import Desk
from tests.waiting import until

AHEAD = timedelta(milliseconds=60)
LANE = "timers:1"
SOON = 3.5  # seconds; who waits for a lock does so for 4
Rung = list[str]


@pytest.fixture
def rung(desk: Desk) -> Iterator[Rung]:
    """Which jobs were done, in their order."""
    if base.dialect() == "sqlite":
        pytest.skip("one lock for everything")
    done: Rung = []

    def ring(key: str, now: datetime) -> None:
        done.append(key)

    with known(ring=("timer", ring)):
        yield done


def _handful(*keys: str, also: str = "") -> job_hands.Handful:
    for key in keys:
        plan("test.ring", key, NOW, NOW)
    (one,) = hands.hand_out(LANE, NOW, AHEAD, 1, LEASE)
    assert set(one.ids) == {job("test.ring", key).id for key in filter(None, (*keys, also))}
    return one


@contextmanager
def _locked(act: Callable[[], object]) -> Iterator[threading.Event]:
    """Somebody else's transaction that does this and stays open until the event, or the end."""
    begun, go_on = threading.Event(), threading.Event()

    def run() -> None:
        with base.connection(), base.atomic():
            act()
            begun.set()
            go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(run)
        try:
            assert begun.wait(10)
            yield go_on
        finally:
            go_on.set()
            other.result(10)


def _attend(one: job_hands.Handful) -> None:
    with base.connection():
        hands.attend(one.claim, one.ids, lambda: NOW, lambda moment: True, LEASE)


@pytest.mark.parametrize("stays", [True, False])
def test_of_a_handful_all_but_the_one_that_somebody_has_locked_are_done_at_once(
    rung: Rung, stays: bool
) -> None:
    one = _handful("a", "locked", "c")
    act = _touch if stays else _cancel
    with _locked(act) as go_on, ThreadPoolExecutor(1) as pool:
        worker = pool.submit(_attend, one)
        until(lambda: sorted(rung) == ["a", "c"], "the others", seconds=SOON)
        assert job("test.ring", "locked").state == "due"
        go_on.set()
        worker.result(10)
    assert sorted(rung) == (["a", "c", "locked"] if stays else ["a", "c"])
    assert job("test.ring", "locked").state == ("done" if stays else "canceled")


def test_one_that_is_locked_is_done_though_what_comes_after_it_goes_back(rung: Rung) -> None:
    plan("test.ring", "later", NOW + AHEAD, NOW)
    one = _handful("locked", also="later")

    def attend() -> None:
        with base.connection():
            hands.attend(one.claim, one.ids, lambda: NOW, lambda moment: False, LEASE)

    with _locked(_touch) as go_on, ThreadPoolExecutor(1) as pool:
        worker = pool.submit(attend)
        until(lambda: job("test.ring", "later").state == "scheduled", "the later", seconds=SOON)
        go_on.set()
        worker.result(10)
    assert rung == ["locked"]
    assert job("test.ring", "later").next_attempt_at == NOW + AHEAD


def _touch() -> None:
    Job.update(reason=None).where(Job.key == "locked").execute()


def _cancel() -> None:
    assert jobs.cancel("test.ring", "locked", NOW)


def test_jobs_are_written_down_as_done_though_one_of_them_is_locked(rung: Rung) -> None:
    one = _handful("a", "locked", "c")
    rows = job_hands.begin(one.ids, one.claim, NOW + LEASE)
    again = NOW + timedelta(hours=1)

    def close() -> None:
        with base.connection():
            assert job_runs.close(rows, NOW, NOW + LEASE, 5) == []

    act = lambda: plan("test.ring", "locked", again, NOW)  # noqa: E731
    with _locked(act) as go_on, ThreadPoolExecutor(1) as pool:
        worker = pool.submit(close)
        done = Job.select().where(Job.name == "test.ring", Job.state == "done")
        until(lambda: done.count() == 2, "the others", seconds=SOON)
        go_on.set()
        worker.result(10)
    row = job("test.ring", "locked")
    assert (row.state, row.next_attempt_at) == ("scheduled", again)


def test_jobs_go_back_to_their_moment_though_one_of_them_is_locked(rung: Rung) -> None:
    one = _handful("a", "locked", "c")

    def give_back() -> None:
        with base.connection():
            job_hands.give_back(one.ids, one.claim)

    with _locked(_cancel) as go_on, ThreadPoolExecutor(1) as pool:
        worker = pool.submit(give_back)
        until(lambda: job("test.ring", "c").state == "scheduled", "the others", seconds=SOON)
        go_on.set()
        worker.result(10)
    assert [job("test.ring", key).state for key in ("a", "locked")] == ["scheduled", "canceled"]


def test_who_locks_several_of_a_handful_one_by_one_is_not_waited_for_in_a_circle(
    rung: Rung,
) -> None:
    one = _handful("a", "b", "c")
    first, *_, last = sorted(one.ids)
    rows = job_hands.begin(one.ids, one.claim, NOW + LEASE)
    met = threading.Event()

    def touch(id_: str) -> None:
        Job.update(held_by=None).where(Job.id == id_).execute()

    def backwards() -> None:
        with base.connection(), base.atomic():
            touch(last)
            met.set()
            until(lambda: Job.get_by_id(first).state == "done", "the first", seconds=SOON)
            touch(first)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(backwards)
        assert met.wait(10)
        job_runs.close(rows, NOW, NOW + LEASE, 0)
        other.result(10)
    assert {row.state for row in Job.select().where(Job.name == "test.ring")} == {"done"}


def test_a_clock_is_told_of_what_goes_back_to_its_moment(rung: Rung) -> None:
    one = _handful("a")
    upcoming.forget()
    job_hands.give_back(one.ids, one.claim)
    assert upcoming.soonest() == NOW
