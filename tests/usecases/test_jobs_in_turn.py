"""Jobs that one worker takes up together, because others may not be at work beside it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from gateway.models.hold import Hold, kind_scope
from gateway.models.job import Job
from gateway.usecases import accounts, job_runs
from gateway.usecases.job_handlers import SEVERAL
from tests.jobs import LEASE, claimed, job, known, plan
from tests.rows import NOW
from tests.usecases.desk import Desk

SECOND = timedelta(seconds=1)
AT = NOW + SECOND
Rung = list[str]


@pytest.fixture
def rung(desk: Desk) -> Iterator[Rung]:
    """What the timers test.ring were done for; one of the key "bad" fails."""
    done: Rung = []

    def ring(key: str, now: datetime) -> None:
        if key == "bad":
            raise RuntimeError("not now")
        done.append(key)

    with known(ring=("timer", ring)):
        yield done


def _plan(*keys: str, own: str | None = None) -> None:
    for number, key in enumerate(keys):
        plan("test.ring", key, NOW + number * timedelta(microseconds=1), NOW, own)


def _work() -> None:
    """One worker goes on with whatever is due once the first is done."""
    first = claimed(AT)[0]
    job_runs.perform(*first, lambda: AT, LEASE)


@pytest.mark.row("B2")
def test_one_that_fails_among_others_is_the_only_one_to_be_tried_again(rung: Rung) -> None:
    _plan("a", "b", "c", "d", "e", "f", "bad", "g")
    _work()
    assert rung == ["a", "f", "g"]  # the clock handed b to e to other workers
    bad = job("test.ring", "bad")
    assert (bad.state, bad.failures, bad.reason) == ("scheduled", 1, "RuntimeError")
    assert bad.next_attempt_at == AT + SECOND
    assert {job("test.ring", key).state for key in rung} == {"done"}


@pytest.mark.row("D1")
def test_one_that_failed_before_is_not_taken_up_with_others(rung: Rung) -> None:
    _plan("a", "b", "c", "d", "e", "f", "g")
    Job.update(reason="stalled", failures=1).where(Job.key == "f").execute()
    _work()
    assert rung == ["a", "g"]
    assert job("test.ring", "f").state == "scheduled"


def test_what_there_is_no_time_for_goes_back_and_is_no_failure(rung: Rung) -> None:
    _plan("a", "b", "c", "d", "e", "f", "g", "h")
    first = claimed(AT)[0]
    # The first is done at once; then each look at the clock is three seconds later.
    moments = iter([AT] * 6 + [AT + 3 * n * SECOND for n in range(60)])
    job_runs.perform(*first, lambda: next(moments), LEASE)
    left = Job.select().where(Job.key.in_(["f", "g", "h"]), Job.state == "scheduled")
    assert left.count() > 0
    assert {(row.failures, row.lease_until) for row in left} == {(0, None)}


@pytest.mark.row("B5")
def test_a_pause_of_one_organization_keeps_only_its_own_back(rung: Rung, desk: Desk) -> None:
    other = str(accounts.create_organization("Other", "UTC", NOW).id)
    _plan("a", "b", "c", "d", "e", own=desk.caller.organization_id)
    first = claimed(AT)[0]
    _plan("theirs", own=other)
    _plan("ours", own=desk.caller.organization_id)
    scope = kind_scope("timer", other)
    Hold.put(scope, "by_hand", NOW)
    job_runs.perform(*first, lambda: AT, LEASE)
    assert rung == ["a", "ours"]
    theirs = job("test.ring", "theirs")
    assert (theirs.state, theirs.held_by, theirs.failures) == ("scheduled", scope, 0)


@pytest.mark.row("B2")
def test_several_are_done_as_one_unless_that_fails(rung: Rung) -> None:
    asked: list[list[str]] = []

    def several(keys: list[str], now: datetime) -> None:
        asked.append(keys)
        if "bad" in keys:
            raise RuntimeError("not these")
        rung.extend(keys)

    SEVERAL["test.ring"] = several
    try:
        _plan("a", "b", "c", "d", "e", "f", "g")
        _work()
        assert asked == [["f", "g"]]
        Job.update(state="done", next_attempt_at=None, lease_until=None).execute()
        rung.clear()
        _plan("h", "i", "j", "k", "l", "m", "bad", "n")
        _work()
    finally:
        del SEVERAL["test.ring"]
    assert asked[1:] == [["m", "bad", "n"]]
    assert rung == ["h", "m", "n"]
    assert job("test.ring", "bad").failures == 1
