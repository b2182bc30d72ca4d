"""Processes that stop in their tracks for longer than their leases, and go on as if nothing was."""

import signal
import time
from pathlib import Path

from tests.faults.suite.registry import Scene, fault

LONGER = 4.5  # than the leases of a claim (2 s) and of an attempt (3 s)


def _stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except FileNotFoundError:
        return False


def _frozen_at(scene: Scene, point: str) -> None:
    scene.stage.end("worker-1", signal.SIGTERM)
    pid = scene.stage.start("worker-1", fp=f"{point}:{scene.dice.randint(1, 6)}:stop")
    deadline = time.monotonic() + 8
    while not _stopped(pid) and time.monotonic() < deadline:
        scene.hold(0.02)
    scene.struck += _stopped(pid)
    scene.stage.frozen.add(pid)
    scene.hold(LONGER)
    scene.stage.thaw(pid)
    scene.hold(0.5)
    scene.stage.end("worker-1", signal.SIGTERM)


@fault("F18", "a worker frozen between its last look and its connection, past its lease")
def worker_frozen_before_connect(scene: Scene) -> None:
    """SIGSTOP at the failpoint."""
    _frozen_at(scene, "worker.before_connect")


@fault("F19", "a worker frozen after the request left, past its lease")
def worker_frozen_after_send(scene: Scene) -> None:
    """SIGSTOP at the failpoint."""
    _frozen_at(scene, "worker.after_send")


@fault("own", "a worker frozen with the answer in its hands, past its lease")
def worker_frozen_before_result(scene: Scene) -> None:
    """SIGSTOP at the failpoint."""
    _frozen_at(scene, "worker.before_result_commit")


def _frozen(scene: Scene, posts: list[str]) -> None:
    pids = [scene.stage.posts[post] for post in posts]
    for pid in pids:
        scene.stage.freeze(pid)
    scene.struck += 1
    scene.hold(LONGER)
    for pid in pids:
        scene.stage.thaw(pid)


@fault("own", "both workers frozen at any moment, past every lease")
def workers_frozen(scene: Scene) -> None:
    """SIGSTOP and SIGCONT."""
    _frozen(scene, ["worker-1", "worker-2"])


@fault("own", "the clock frozen at any moment, with a second one beside it")
def clock_frozen(scene: Scene) -> None:
    """SIGSTOP and SIGCONT."""
    scene.stage.start("clock-2")
    _frozen(scene, ["clock"])


@fault("own", "the web frozen at any moment")
def web_frozen(scene: Scene) -> None:
    """SIGSTOP and SIGCONT."""
    _frozen(scene, ["web"])
