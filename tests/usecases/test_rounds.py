"""A round of questions: no answer waits for a slower one, and whatever happens meanwhile counts."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest
from dramatiq.middleware.time_limit import TimeLimitExceeded
from dramatiq.threading import raise_thread_exception

from gateway import failpoints
from gateway.models import base, withdrawal
from gateway.models.call_log import CallLog
from gateway.providers.side_by_side import MOST, Questions, places
from gateway.usecases import delivery, gate_batches
from gateway.usecases.rounds import Round
from tests.tasks.crew import forbid_updates
from tests.usecases.batch import PEOPLE, ask, deliver, ends, meanwhile
from tests.usecases.desk import LEASE, Desk
from tests.waiting import until


@pytest.fixture(autouse=True)
def _no_failpoints() -> Iterator[None]:
    yield
    failpoints.observe(None)


@pytest.mark.row("A4")
def test_a_slow_answer_holds_no_other_back(patient_desk: Desk) -> None:
    desk = patient_desk
    claims = ask(desk, *PEOPLE[:8])
    desk.stack.sandbox.fault("slow", next=1, seconds=5)
    began, seen = time.monotonic(), dict[int, float]()

    def watch() -> None:
        with base.connection():
            while len(seen) < 2 and time.monotonic() < began + 10:
                taken = CallLog.select().where(CallLog.external_id.is_null(False)).count()
                if taken >= 7:
                    seen.setdefault(min(taken, 8), time.monotonic() - began)
                time.sleep(0.02)

    looking = threading.Thread(target=watch)
    looking.start()
    assert deliver(desk, claims) == []
    looking.join()
    assert seen[7] < 5 <= seen[8]
    assert {end[0] for end in ends(desk, claims)} == {"sending"}


@pytest.mark.row("A4")
def test_all_of_a_slow_carrier_are_asked_side_by_side(patient_desk: Desk) -> None:
    desk = patient_desk
    claims = ask(desk, *PEOPLE)
    desk.stack.sandbox.fault("slow", share=1, seconds=1)
    began = time.monotonic()
    assert deliver(desk, claims) == []
    assert time.monotonic() - began < len(PEOPLE) * 0.75, "not one after the other"
    assert len(desk.stack.sandbox.placed()) == len(PEOPLE)
    assert {end[0] for end in ends(desk, claims)} == {"sending"}


@pytest.mark.row("A3")
def test_one_canceled_before_the_connection_is_not_asked_for_and_the_others_are(
    desk: Desk,
) -> None:
    claims = ask(desk, *PEOPLE[:4])
    cancel = lambda: withdrawal.ask_to_cancel([claims[2][0]], desk.now)  # noqa: E731
    meanwhile(desk, "worker.after_claim_commit", cancel)
    assert deliver(desk, claims) == []
    assert [end[0] for end in ends(desk, claims)] == ["sending", "sending", "canceled", "sending"]
    assert len(desk.stack.sandbox.placed()) == 3


@pytest.mark.row("A3")
def test_one_canceled_while_it_is_placed_is_ended_at_the_carrier(desk: Desk) -> None:
    claims = ask(desk, *PEOPLE[:4])
    cancel = lambda: withdrawal.ask_to_cancel([claims[2][0]], desk.now)  # noqa: E731
    meanwhile(desk, "worker.before_result_commit", cancel)
    assert deliver(desk, claims) == []
    calls = [desk.attempts(id_)[0] for id_, _ in claims]
    assert [call.ends for call in calls] == [0, 0, 1, 0]
    assert all(call.external_id for call in calls)


@pytest.mark.row("A4")
def test_one_that_a_sweeper_took_for_unknown_meanwhile_is_known_again(desk: Desk) -> None:
    claims = ask(desk, *PEOPLE[:4])
    late = desk.now + 10 * LEASE
    meanwhile(desk, "worker.before_result_commit", lambda: delivery.sweep(late))
    assert deliver(desk, claims) == []
    assert {end[0] for end in ends(desk, claims)} == {"sending"}
    assert {end[9][0][0] for end in ends(desk, claims)} == {"queued"}


MAIN = threading.main_thread()


class Hasty(Questions):
    """Questions of which the last ends in the very moment in which it is asked whether any is
    under way."""

    _waits = False

    def wait(self) -> None:
        self._waits = True
        try:
            super().wait()
        finally:
            self._waits = False

    @property
    def busy(self) -> bool:
        while self._threads and not self._waits and threading.current_thread() is MAIN:
            time.sleep(0.001)
        return super().busy


@pytest.mark.row("A4")
def test_an_answer_that_comes_at_the_last_moment_is_written(patient_desk: Desk) -> None:
    desk = patient_desk
    claims = ask(desk, *PEOPLE[:4])
    desk.stack.sandbox.fault("slow", share=1, seconds=0.3)
    opened, _ = gate_batches.open_together(claims, desk.now, LEASE)
    with places(len(claims)) as room:
        questions = Hasty(room.width)
        Round(opened, questions, lambda: desk.now, LEASE).run()
        room.expect(0)
    assert {end[9][0][0] for end in ends(desk, claims)} == {"queued"}


@pytest.mark.row("A4")
def test_a_worker_that_finds_no_place_asks_by_its_own_thread(desk: Desk) -> None:
    claims = ask(desk, *PEOPLE[:3])
    with places(MOST):
        left = deliver(desk, claims)
    assert len(left) < len(claims)
    assert len(desk.stack.sandbox.placed()) == len(claims) - len(left)


@pytest.mark.row("A4")
def test_a_batch_that_can_not_be_written_together_is_written_one_by_one(desk: Desk) -> None:
    claims = ask(desk, *PEOPLE[:4])
    desk.stack.sandbox.fault("same_sid", next=2)
    assert deliver(desk, claims) == []
    calls = [desk.attempts(id_)[0] for id_, _ in claims]
    assert Counter(call.state for call in calls)["queued"] >= 3
    named = [call.external_id for call in calls if call.external_id]
    assert len(named) == len(set(named))


@pytest.mark.row("A4")
def test_outcomes_that_can_not_be_written_are_looked_up_and_nothing_is_placed_twice(
    desk: Desk,
) -> None:
    claims = ask(desk, *PEOPLE[:4])
    forbid_all = lambda: forbid_updates("call_log")  # noqa: E731
    meanwhile(desk, "worker.before_result_commit", forbid_all)
    assert deliver(desk, claims) == []
    base.db.execute_sql(
        "DROP TRIGGER forbid" + ("" if base.dialect() == "sqlite" else " ON call_log")
    )
    assert [call.state for id_, _ in claims for call in desk.attempts(id_)] == ["placing"] * 4
    late: datetime = desk.now + 10 * LEASE
    assert delivery.sweep(late) == 4
    assert {desk.row(id_).state for id_, _ in claims} == {"unknown"}
    assert len(desk.stack.sandbox.placed()) == 4


@pytest.mark.row("A4")
def test_an_interrupted_worker_writes_what_was_asked_and_gives_up_what_was_not(
    patient_desk: Desk,
) -> None:
    desk = patient_desk
    claims = ask(desk, *PEOPLE[:4])
    desk.stack.sandbox.fault("slow", share=1, seconds=4)
    faults: list[BaseException] = []

    def work() -> None:
        try:
            with base.connection():
                deliver(desk, claims)
        except TimeLimitExceeded as fault:
            faults.append(fault)

    worker = threading.Thread(target=work)
    worker.start()
    until(lambda: len(desk.stack.sandbox.look("requests")) == 4, "the questions")
    assert worker.ident is not None
    raise_thread_exception(worker.ident, TimeLimitExceeded)  # type: ignore[no-untyped-call]
    worker.join(20)
    assert len(faults) == 1
    assert {end[0] for end in ends(desk, claims)} == {"sending"}
    assert {end[9][0][0] for end in ends(desk, claims)} == {"queued"}
