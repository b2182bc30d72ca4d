"""A worker killed at its first, its second, its third … failpoint, until one survives."""

import pytest

from tasks import broker
from tests.databases import ON_POSTGRESQL
from tests.faults.conftest import Scene, SetScene
from tests.stack import FINAL, special
from tests.waiting import until

MOST = 40
STEPS = {"initiated", "ringing", "in-progress", "completed"}


@pytest.mark.row("A4")
@ON_POSTGRESQL
def test_killed_at_the_nth_failpoint_for_every_n_no_call_is_lost_or_doubled(
    set_scene: SetScene,
) -> None:
    scene = set_scene(TRANSCRIBE_CALLS="false")
    scene.crew.start("clock")
    outcomes: list[str] = []
    for nth in range(1, MOST + 1):
        phone = special(f"0{200 + nth}")
        notification = scene.stack.api.call(phone)["id"]
        victim = scene.crew.start("worker", fp_n=nth)
        survived = until(lambda: _fate(scene, victim, notification), "a kill or an end") == "ended"  # noqa: B023
        if not survived:
            victim = scene.crew.start("worker")
        outcomes.append(scene.stack.outcome(notification))
        scene.crew.end(victim)
        assert len(scene.stack.sandbox.placed(phone)) == (outcomes[-1] == "reached"), nth
        moves = scene.stack.api.moves(notification)
        assert len([state for state in moves if state in FINAL - {"unknown"}]) <= 1, nth
        if survived:
            break
    assert len(outcomes) >= 9, "a call passes more failpoints than this"
    assert set(outcomes) == {"reached", "unknown"}
    assert outcomes.count("unknown") == 2, "killed after the gate and before the request left"
    assert outcomes[-1] == "reached"


def _fate(scene: Scene, victim: int, notification: str) -> str | None:
    if scene.crew.status(victim) is not None:
        return "killed"
    calls = scene.stack.api.attempts(notification)
    told = {
        event["status"] for call in calls for event in scene.stack.api.show(call["id"])["events"]
    }
    return "ended" if told >= STEPS and not broker.backlog("events") else None
