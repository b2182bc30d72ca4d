"""Edits, pauses, resumes, refusals and crashes in any order: no step twice, all in order, none
early, none lost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway import failpoints
from gateway.domain import channel_plan
from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import NotificationState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.models import base
from gateway.models.enrolment import Enrolment
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import (
    accounts,
    consequences,
    courses,
    delivery,
    enrolments,
    gate,
    job_runs,
    outcomes,
    sequences,
    work,
)
from gateway.usecases.sequences import StepWanted
from tests import jobs
from tests.conftest import Account, Configure
from tests.databases import ON_SQLITE
from tests.usecases.campaigns import AT_ANY_HOUR
from tests.usecases.talk import SETTINGS

LEASE = timedelta(seconds=15)
SMS = channel_plan.read(["sms"])
NOT_SENT = Placement(Result.NOT_SENT, failure=Failure(FailureClass.TECHNICAL, Reason.THROTTLED))
REJECTED = Placement(
    Result.REJECTED, failure=Failure(FailureClass.PERMANENT, Reason.INVALID_NUMBER)
)


class Killed(BaseException):
    """A process ends here."""


def wanted(minutes: int, own: str | None = None) -> StepWanted:
    return StepWanted(minutes, SMS, {"text": "Hello."}, own)


def left_at(row: Notification) -> datetime | None:
    """When a step left, as the ledger of its attempts tells; None while it did not."""
    made = MessageLog.of_notifications([row.id])
    if row.state in ("scheduled", "due"):
        return None
    left: datetime | None = made[-1].created_at if made else row.finished_at
    return left


class World:
    """One person in one sequence; everything is done by hand, and checked after each move."""

    def __init__(self, caller: accounts.Caller) -> None:
        self.caller, self.at, self.sent = caller, datetime(2026, 11, 2, tzinfo=UTC), 0
        self.sequence = sequences.create(caller, "Any", [wanted(0), wanted(30)], [], self.at)
        person = {"phone": "+12025550100", "external_id": self.sequence.id}
        view, _ = enrolments.enrol(caller, self.sequence.id, person, {}, self.at)
        self.id, self.seen = view.enrolment.id, set[str]()
        self.check()

    @property
    def held(self) -> bool:
        row: Enrolment = Enrolment.get_by_id(self.id)
        return row.state == "paused" or row.sequence.paused_at is not None

    def told(self) -> list[Notification]:
        rows = Notification.select().where(Notification.subject_id == self.id)
        return list(rows.order_by(Notification.created_at, Notification.id))

    def move(self, name: str, number: int) -> None:
        """One move; a crash is a move that ends at its first failpoint."""
        act: Callable[[int], object] = getattr(self, name)
        act(number)
        self.check()

    def pause(self, _: int) -> None:
        if Enrolment.get_by_id(self.id).ended_at is None:
            enrolments.pause(self.caller, self.id, self.at)

    def resume(self, _: int) -> None:
        if Enrolment.get_by_id(self.id).ended_at is None:
            enrolments.resume(self.caller, self.id, self.at)

    def pause_all(self, _: int) -> None:
        sequences.pause(self.caller, self.sequence.id, self.at)

    def resume_all(self, _: int) -> None:
        sequences.resume(self.caller, self.sequence.id, self.at)

    def wait(self, number: int) -> None:
        self.at += timedelta(minutes=number * 7)

    def edit(self, number: int) -> None:
        """Put one in, take one out, turn them round, or change their minutes."""
        steps = [wanted(step.after_minutes, step.id) for step in self.plan()]
        at = number % (len(steps) + 1)
        if number % 4 == 0:
            steps.insert(at, wanted(number))
        elif number % 4 == 1 and len(steps) > 1:
            steps.pop(min(at, len(steps) - 1))
        elif number % 4 == 2:
            steps = steps[at:] + steps[:at]
        else:
            steps = [wanted(number * 5, step.id) for step in steps]
        sequences.change(self.caller, self.sequence.id, {"steps": steps}, None, self.at)

    def plan(self) -> list[Any]:
        return sequences.show(self.caller, self.sequence.id).plan

    def jobs(self, _: int) -> None:
        """A worker does the jobs that are due."""
        job_runs.sweep(self.at)
        jobs.work_off(self.at)

    def crash(self, number: int) -> None:
        """A worker is killed in the middle of a job, at one place or the other."""
        passed = 0

        def kill(name: str) -> None:
            nonlocal passed
            passed += 1
            if passed > number % 4:
                raise Killed(name)

        failpoints.observe(kill)
        try:
            jobs.work_off(self.at)
        except Killed:
            pass
        finally:
            failpoints.observe(None)

    def twice(self, _: int) -> None:
        """A job that is done again, early or late."""
        courses.go_on(self.id, self.at)

    def send(self, number: int) -> None:
        """A worker takes what is due to the carrier, which takes it, or does not."""
        delivery.sweep(self.at)
        for lane in ("messages:6",):
            for id_, claim in work.claim(lane, self.at, 10, LEASE):
                self._send(id_, claim, number)

    def _send(self, id_: str, claim: int, number: int) -> None:
        opened = gate.open_attempt(id_, claim, self.at, LEASE)
        if opened is None:
            return
        assert not self.held, "nothing passes the gate in a pause"
        if number % 5 == 0:
            outcomes.refused(opened.attempt, NOT_SENT, self.at)
            delivery.park(id_, claim, NotSent("not taken"), self.at)
        elif number % 5 == 1:
            outcomes.refused(opened.attempt, REJECTED, self.at)
        else:
            taken = Placement(Result.ACCEPTED, f"SM{opened.attempt.id[-26:]:0>32}", "queued")
            outcomes.accepted(opened.attempt, taken, self.at)

    def check(self) -> None:
        """What was begun since the last look was its turn, and not before its moment."""
        rows, steps = self.told(), {step.id: step for step in self.plan()}
        row: Enrolment = Enrolment.get_by_id(self.id)
        assert [one.rule for one in rows] == row.done
        assert len(set(row.done)) == len(row.done), "no step twice"
        for index, one in enumerate(rows):
            made = MessageLog.of_notifications([one.id])
            assert len([message for message in made if message.external_id]) <= 1
            if one.id in self.seen:
                continue
            self.seen.add(one.id)
            listed, earlier = list(steps), row.done[:index]
            assert not set(listed[listed.index(one.rule) :]) & set(earlier), "in their order"
            before = rows[index - 1] if index else None
            since = left_at(before) if before is not None else row.enrolled_at
            assert since is not None, "the one before has left"
            assert one.created_at >= since + timedelta(minutes=steps[one.rule].after_minutes)

    def to_the_end(self) -> None:
        """Let everything go on until nothing is left to do."""
        self.resume_all(0)
        self.resume(0)
        for _ in range(60):
            self.at += timedelta(hours=5)
            self.move("jobs", 0)
            self.move("send", 2)
            for one in self.told():
                if one.state == "sending":
                    consequences.finish(one, NotificationState.REACHED, self.at)
            if Enrolment.get_by_id(self.id).ended_at is not None:
                break
        row: Enrolment = Enrolment.get_by_id(self.id)
        assert row.state in ("finished", "exhausted")
        assert not Job.select().where(Job.key == self.id, Job.state == "failed").count()


@ON_SQLITE
@pytest.mark.row("C2")
def test_no_order_of_edits_pauses_and_crashes_doubles_loses_or_hurries_a_step(
    configure: Configure, open_account: Callable[[str], Account]
) -> None:
    configure(**SETTINGS)
    with base.connection():
        account = open_account("Salon")
        Organization.change(account.organization_id, {"policy": AT_ANY_HOUR})
        caller = accounts.authenticate(account.test_key, datetime.now(UTC))
        names = [
            "pause", "resume", "pause_all", "resume_all", "wait", "wait", "wait", "edit", "edit",
            "jobs", "jobs", "jobs", "crash", "twice", "send", "send", "send",
        ]  # fmt: skip
        moves = st.tuples(st.sampled_from(names), st.integers(0, 20))

        @given(st.lists(moves, min_size=5, max_size=30))
        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
        def holds(chosen: list[tuple[str, int]]) -> None:
            world = World(caller)
            for name, number in chosen:
                world.move(name, number)
            world.to_the_end()

        holds()
