"""Timers that a worker holds a moment before they are due."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from gateway.models import job_claims
from gateway.models.hold import Hold, kind_scope
from gateway.models.job import Job
from gateway.models.job_hands import MOST, Handful
from gateway.usecases import accounts, job_hands, job_runs, jobs
from tests.conftest import Configure
from tests.jobs import LEASE, claimed, job, known, plan
from tests.rows import NOW
from tests.usecases.desk import Desk

AHEAD = timedelta(milliseconds=60)
STEP = timedelta(milliseconds=10)
LANE = "timers:1"


class Hand:
    """A worker whose clock moves only while it waits, and what it did when. `meanwhile` is done
    once, while it waits first; with `stands` its clock does not move."""

    def __init__(self) -> None:
        self.now = NOW - 2 * STEP
        self.rung: list[tuple[str, datetime]] = []
        self.meanwhile: Callable[[], object] | None = None
        self.stands = False

    def ring(self, key: str, now: datetime) -> None:
        if key == "bad":
            raise RuntimeError("not now")
        self.rung.append((key, now))

    def wait(self, moment: datetime) -> bool:
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
        if not self.stands:
            self.now = max(self.now, moment)
        return not self.stands

    def attend(self, one: Handful) -> None:
        job_hands.attend(one.claim, one.ids, lambda: self.now, self.wait, LEASE)

    @property
    def done(self) -> list[str]:
        return [key for key, _ in self.rung]


@pytest.fixture
def hand(desk: Desk) -> Iterator[Hand]:
    one = Hand()
    with known(ring=("timer", one.ring)):
        yield one


def _plan(*keys: str, at: datetime = NOW, own: str | None = None) -> None:
    for number, key in enumerate(keys):
        plan("test.ring", key, at + number * STEP, NOW - AHEAD, own)


def _hand_out(now: datetime = NOW - 2 * STEP, room: int = 5) -> list[Handful]:
    return job_hands.hand_out(LANE, now, AHEAD, room, LEASE)


@pytest.mark.row("B2")
def test_what_is_handed_out_before_its_moment_is_done_at_its_moment(hand: Hand) -> None:
    _plan("a", "b", "c", "d", "e", "f", "later")
    (one,) = _hand_out()
    assert len(one.ids) == 5
    hand.attend(one)
    assert hand.rung == [(key, NOW + number * STEP) for number, key in enumerate("abcde")]
    assert {job("test.ring", key).state for key in "abcde"} == {"done"}
    hand.attend(one)  # a message may come twice
    assert len(hand.rung) == 5


@pytest.mark.row("B2")
def test_what_is_taken_back_or_moved_after_it_was_handed_out_is_not_done(hand: Hand) -> None:
    _plan("a", "taken back", "moved", "b")
    (one,) = _hand_out()
    later = NOW + timedelta(hours=1)

    def meanwhile() -> None:
        assert jobs.cancel("test.ring", "taken back", hand.now)
        plan("test.ring", "moved", later, hand.now)

    hand.meanwhile = meanwhile
    hand.attend(one)
    assert hand.done == ["a", "b"]
    moved = job("test.ring", "moved")
    assert (moved.state, moved.next_attempt_at) == ("scheduled", later)


@pytest.mark.row("B5")
def test_what_is_paused_after_it_was_handed_out_waits_for_the_end_of_the_pause(
    hand: Hand, desk: Desk
) -> None:
    other = str(accounts.create_organization("Other", "UTC", NOW).id)
    _plan("ours", own=desk.caller.organization_id)
    _plan("theirs", at=NOW + STEP, own=other)
    (one,) = _hand_out()
    scope = kind_scope("timer", other)
    hand.meanwhile = lambda: Hold.put(scope, "by_hand", hand.now)
    hand.attend(one)
    assert hand.done == ["ours"]
    theirs = job("test.ring", "theirs")
    assert (theirs.state, theirs.held_by, theirs.failures) == ("scheduled", scope, 0)


@pytest.mark.row("B2")
def test_a_worker_whose_clock_is_behind_does_nothing_before_its_moment(hand: Hand) -> None:
    _plan("a", "b")
    (one,) = _hand_out()
    hand.stands = True
    hand.attend(one)
    assert hand.rung == []
    assert [job("test.ring", key).next_attempt_at for key in "ab"] == [NOW, NOW + STEP]
    (again,) = _hand_out()
    assert again.claim == one.claim + 1
    hand.attend(one)
    assert hand.rung == []


@pytest.mark.row("B4")
def test_no_more_workers_have_a_hand_at_a_kind_than_may_be_at_work(
    hand: Hand, configure: Configure
) -> None:
    configure(KIND_CONCURRENCY="timer=3")
    _plan(*(f"first {number}" for number in range(3)))
    (one,) = _hand_out()
    for number in range(job_hands.FULL + 1):
        _plan(f"second {number}")
    assert len(_hand_out()) == 2
    _plan("third")
    assert _hand_out() == []
    # Now the worker is at the first of its handful, while the rest of that waits.
    seen: list[list[Handful]] = []
    hand.meanwhile = lambda: seen.append(_hand_out())
    hand.now = NOW
    hand.attend(one)
    assert seen == [[]]
    assert len(_hand_out()) == 1


@pytest.mark.row("B4")
def test_a_worker_at_one_timer_that_holds_others_counts_once(
    hand: Hand, configure: Configure
) -> None:
    configure(KIND_CONCURRENCY="timer=2")
    _plan("a", "b", "c")
    (one,) = _hand_out()
    _plan("d")
    seen: list[list[Handful]] = []
    hand.now = NOW

    def meanwhile() -> None:  # between "a", which is at work still, and "b"
        Job.update(state="active").where(Job.key == "a").execute()
        seen.append(_hand_out())

    hand.meanwhile = meanwhile
    hand.attend(one)
    assert [len(made) for made in seen] == [1]


@pytest.mark.row("D1")
def test_one_that_failed_before_is_in_nobodys_hand_beside_others(hand: Hand) -> None:
    _plan("a", "b", "failed", "c")
    Job.update(reason="stalled", failures=1).where(Job.key == "failed").execute()
    Job.update(next_attempt_at=NOW - STEP).where(Job.key == "failed").execute()
    handed = sorted(len(one.ids) for one in _hand_out(NOW))
    assert handed == [1, 3]


@pytest.mark.row("D1")
def test_a_retry_is_handed_out_at_its_moment_and_not_before(hand: Hand) -> None:
    _plan("bad")
    for one in _hand_out():
        hand.attend(one)
    row = job("test.ring", "bad")
    assert (row.state, row.failures) == ("scheduled", 1)
    assert row.next_attempt_at is not None
    assert _hand_out(row.next_attempt_at - STEP) == []
    assert len(_hand_out(row.next_attempt_at)) == 1


@pytest.mark.row("B2")
def test_a_worker_that_is_behind_goes_on_with_what_nobody_was_handed(hand: Hand) -> None:
    _plan(*(f"{number}" for number in range(3)))
    (one,) = _hand_out()
    _plan("late", "later", at=NOW)
    hand.now = NOW + 2 * job_hands.BEHIND + 2 * STEP
    hand.attend(one)
    assert hand.done == ["0", "1", "2", "late", "later"]
    assert {row.state for row in Job.select()} == {"done"}


@pytest.mark.row("A4")
def test_organizations_take_turns_where_more_is_due_than_is_handed_out(hand: Hand) -> None:
    many = str(accounts.create_organization("Many", "UTC", NOW).id)
    few = str(accounts.create_organization("Few", "UTC", NOW).id)
    for number in range(MOST + 1):
        jobs.plan("test.ring", f"many {number}", NOW - STEP, NOW, many)
    jobs.plan("test.ring", "few", NOW, NOW, few)
    handed = [id_ for one in _hand_out(NOW) for id_ in one.ids]
    assert len(handed) == MOST
    assert job("test.ring", "few").id in handed


def test_one_whose_message_was_lost_before_its_moment_is_handed_out_for_its_moment_again(
    hand: Hand,
) -> None:
    _plan("a")
    (one,) = _hand_out()
    early = NOW - STEP
    assert job_claims.release_all_due(early) == 1
    assert job_runs.sweep(early) == 1
    assert job("test.ring", "a").next_attempt_at == NOW
    (again,) = _hand_out(early)
    job_hands.park(again.ids[0], again.claim, RuntimeError("not now"), NOW - timedelta(hours=1))
    assert job("test.ring", "a").next_attempt_at == NOW
    (last,) = _hand_out(early)
    assert (last.ids, last.claim) == (one.ids, one.claim + 2)
    hand.attend(last)
    assert hand.rung == [("a", NOW)]


def test_a_job_that_any_clock_claims_alone_is_not_in_two_hands(hand: Hand) -> None:
    _plan("a", "b")
    taken = claimed(NOW)
    assert len(taken) == 1
    assert [len(one.ids) for one in _hand_out()] == [1]
