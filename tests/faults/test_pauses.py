"""A worker frozen at the worst moment, for longer than its lease, while another one works on."""

import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import Scene
from tests.faults.test_kills import PHONE, check
from tests.waiting import until

# A frozen worker serves one queue: another thread of it could hold SQLite's only lock otherwise,
# and then nobody writes until it wakes.


def _frozen(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.row("A4")
@pytest.mark.parametrize("point", ["worker.before_connect", "worker.after_send"])
def test_a_worker_frozen_past_its_lease_places_no_second_call_when_it_wakes(
    scene: Scene, point: str
) -> None:
    made = scene.stack.api.call(PHONE)
    frozen = scene.crew.start("worker", fp=f"{point}:1:stop", queues=["voice"])
    until(lambda: _frozen(frozen), "the frozen worker")
    scene.crew.start("worker", "clock")
    sent = point == "worker.after_send"
    outcome, placed = ("reached", 1) if sent else ("unknown", 0)
    check(scene, made["id"], outcome, placed)
    os.kill(frozen, signal.SIGCONT)
    awake = scene.stack.api.call(PHONE)
    assert scene.stack.outcome(awake["id"]) == "reached"
    scene.crew.end(frozen, signal.SIGTERM)
    assert len(scene.stack.sandbox.placed()) == placed + 1
    assert scene.stack.outcome(made["id"]) == outcome


@pytest.mark.row("A4")
def test_an_answer_that_comes_after_the_sweeper_gave_up_on_it_still_counts(scene: Scene) -> None:
    made = scene.stack.api.call(PHONE)
    frozen = scene.crew.start("worker", fp="worker.before_result_commit:1:stop", queues=["voice"])
    until(lambda: _frozen(frozen), "the frozen worker")
    scene.crew.start("clock")
    until(lambda: "unknown" in scene.stack.api.moves(made["id"]), "the sweeper")
    os.kill(frozen, signal.SIGCONT)
    scene.crew.start("worker", queues=["events", "background"])
    check(scene, made["id"], "reached", 1)


@pytest.mark.row("A4")
def test_all_workers_and_clocks_killed_again_and_again_lose_and_double_nothing(
    scene: Scene,
) -> None:
    asked: list[str] = []
    for turn in range(3):  # as many anew each time: a worker may have all of them in hand
        people = range(20 * turn, 20 * turn + 20)
        asked += [scene.stack.api.call(f"+1202558{number:04d}")["id"] for number in people]
        crew = [scene.crew.start("worker", "clock"), scene.crew.start("worker")]
        before = len(scene.stack.sandbox.placed())
        until(lambda: len(scene.stack.sandbox.placed()) >= before + 8, "eight more calls")  # noqa: B023
        for pid in crew:
            scene.crew.end(pid)
    scene.crew.start("worker", "clock")
    outcomes = [scene.stack.outcome(id_, 30) for id_ in asked]
    placed = [line["to"] for line in scene.stack.sandbox.placed()]
    assert len(placed) == len(set(placed)) == outcomes.count("reached")
    assert set(outcomes) <= {"reached", "unknown"}
    assert outcomes.count("unknown") <= 3 * 4, "few that were past the gate were not asked yet"
