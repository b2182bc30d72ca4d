"""The timer and the lanes that keep the callbacks of a call in order."""

from collections.abc import Iterator
from threading import Event

import pytest

from gateway.sandbox.schedule import Job, Lane, Scheduler


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(senders=4)
    yield scheduler
    scheduler.close()


def noting(done: list[str], name: str, waits: list[float]) -> Job:
    """A job that notes each run and asks for the waits before it is done."""

    def run() -> float | None:
        done.append(name)
        return waits.pop(0) if waits else None

    return run


def test_actions_run_in_the_order_of_their_time(scheduler: Scheduler) -> None:
    done: list[str] = []
    over = Event()
    scheduler.after(0.9, over.set)
    scheduler.after(0.6, lambda: done.append("second"))
    scheduler.after(0.1, lambda: done.append("first"))

    assert over.wait(5)
    assert done == ["first", "second"]


def test_a_job_that_must_be_repeated_holds_up_its_own_lane_only(scheduler: Scheduler) -> None:
    done: list[str] = []
    slow_over, quick_over = Event(), Event()
    slow, quick = Lane(scheduler), Lane(scheduler)
    slow.push(noting(done, "again", [0.5, 0.5]))
    slow.push(lambda: slow_over.set())
    quick.push(noting(done, "other", []))
    quick.push(lambda: quick_over.set())

    assert quick_over.wait(5)
    assert done.count("again") < 3
    assert slow_over.wait(5)
    assert sorted(done) == ["again", "again", "again", "other"]


def test_a_lane_goes_on_after_a_job_that_fails(scheduler: Scheduler) -> None:
    over = Event()
    lane = Lane(scheduler)
    lane.push(lambda: 1 / 0)
    lane.push(lambda: over.set())
    assert over.wait(5)


def test_an_action_that_fails_stops_neither_timer_nor_senders(scheduler: Scheduler) -> None:
    over = Event()
    scheduler.after(0, lambda: [].pop())
    for _ in range(8):
        scheduler.submit(lambda: [].pop())
    scheduler.after(0.01, lambda: scheduler.submit(over.set))
    assert over.wait(5)
