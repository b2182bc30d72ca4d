"""A worker that has several calls in its hands is killed, frozen or told to stop: each has one
outcome, and none rings twice."""

import os
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.domain.lanes import QUEUES
from gateway.models import agenda, base, claims
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from tasks import broker
from tasks.actors.voice import place_calls
from tasks.claims import parcels
from tests.databases import ON_POSTGRESQL
from tests.faults.conftest import Scene, SetScene
from tests.stack import special
from tests.waiting import until

PEOPLE = [special(f"01{number}") for number in range(41, 47)]
# Where the worker is killed, and how many of the calls were placed by then, at least and at most.
POINTS = {
    "worker.before_claim_commit": (6, 6),
    "worker.after_claim_commit": (0, 0),
    "worker.before_connect": (0, 0),
    "worker.after_send:1": (1, 6),
    "worker.after_send:3": (3, 6),
    "worker.after_response:1": (1, 6),
    "worker.after_response:6": (6, 6),
    "worker.before_result_commit": (6, 6),
    "worker.after_result_commit": (6, 6),
}


def ring(scene: Scene) -> list[str]:
    """Ask for a call to each, and have one message name all; their ids."""
    due = datetime.now(UTC) + timedelta(seconds=4)  # asked for before, or the web rings by itself
    made = [scene.stack.api.call(to, send_at=due.isoformat())["id"] for to in PEOPLE]
    until(lambda: datetime.now(UTC) > due, "the moment")
    found = []
    with base.connection():
        for lane in agenda.LANES:
            found += claims.claim_due(lane, datetime.now(UTC), 50, timedelta(seconds=5))
    assert len(found) == len(PEOPLE)
    assert broker.nudge_each(place_calls, parcels(found, len(found)))
    return made


def check(scene: Scene, made: list[str], placed: tuple[int, int]) -> None:
    """One outcome each: reached where it rang, unknown where nobody can say."""
    ends = [scene.stack.outcome(id_, 30) for id_ in made]
    until(lambda: not any(map(broker.backlog, QUEUES)), "empty queues")
    rang = Counter(call["to"] for call in scene.stack.sandbox.placed())
    assert max(rang.values(), default=0) <= 1
    assert placed[0] <= sum(rang.values()) <= placed[1]
    assert ends == ["reached" if rang[to] else "unknown" for to in PEOPLE]


@pytest.mark.row("A4")
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_with_a_batch_leaves_one_outcome_each_and_no_second_call(
    scene: Scene, point: str
) -> None:
    made = ring(scene)
    scene.crew.killed(scene.crew.start("worker", fp=f"{point}:kill", queues=["voice"]))
    scene.crew.start("worker", "clock")
    check(scene, made, POINTS[point])


def _frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.row("A4")
def test_a_worker_frozen_with_a_batch_asks_for_nothing_more_when_it_wakes(scene: Scene) -> None:
    made = ring(scene)
    frozen = scene.crew.start("worker", fp="worker.before_connect:3:stop", queues=["voice"])
    until(lambda: _frozen(frozen), "the frozen worker")
    scene.crew.start("worker", "clock")
    check(scene, made, (0, 2))  # those before it were on their way
    before = len(scene.stack.sandbox.placed())
    os.kill(frozen, signal.SIGCONT)
    scene.crew.end(frozen, signal.SIGTERM)
    check(scene, made, (before, before))


@ON_POSTGRESQL
@pytest.mark.row("A4")
def test_a_worker_told_to_stop_waits_for_the_answers_to_its_batch(set_scene: SetScene) -> None:
    scene = set_scene(PROVIDER_DEADLINE_SECONDS="10", SENDING_LEASE_SECONDS="20")
    made = ring(scene)
    scene.stack.sandbox.fault("slow", share=1, seconds=1.5)
    worker = scene.crew.start("worker", queues=["voice"])
    until(lambda: scene.stack.sandbox.look("requests"), "the first question")
    time.sleep(0.3)
    scene.crew.end(worker, signal.SIGTERM)
    with base.connection():
        states = [str(row.state) for row in CallLog.select()]
        rows = Notification.select().where(Notification.id.in_(made))
        assert {str(row.state) for row in rows} <= {"sending", "reached"}
    assert len(states) == len(made)
    assert not {"placing", "unknown", "failed"} & set(states)


@ON_POSTGRESQL
@pytest.mark.row("A4")
def test_a_database_that_drops_its_connections_between_costs_no_outcome(
    set_scene: SetScene,
) -> None:
    scene = set_scene(PROVIDER_DEADLINE_SECONDS="10", SENDING_LEASE_SECONDS="20")
    made = ring(scene)
    scene.stack.sandbox.fault("slow", share=1, seconds=1.5)
    scene.crew.start("worker", queues=["voice"])
    until(lambda: len(scene.stack.sandbox.look("requests")) == len(made), "the questions")
    with base.connection():
        base.db.execute_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    scene.crew.start("worker", "clock")
    check(scene, made, (6, 6))
