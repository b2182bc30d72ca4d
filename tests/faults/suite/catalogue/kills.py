"""Processes killed: at every failpoint there is, and at any moment."""

import re
import signal
import time

from gateway.cli.install import ROOT
from tests.faults.suite.registry import Fault, Scene, add, fault
from tests.faults.suite.stage import STANDARD

HIT = re.compile(r"""hit\("((?:worker|clock|api|hook|inbox)\.\w+)"\)""")
POSTS = {"worker": "worker-1", "inbox": "worker-1", "clock": "clock", "api": "web", "hook": "web"}
SOURCES = {
    "api.after_key_insert": "F01", "api.before_commit": "F01", "api.after_commit": "F02",
    "clock.after_lease": "F03", "clock.after_enqueue": "F04",
    "worker.before_claim_commit": "F05", "worker.after_claim_commit": "F06",
    "worker.after_send": "F07", "worker.before_result_commit": "F08",
    "worker.after_result_commit": "F09",
}  # fmt: skip
TIMES = 3
PATIENCE = 10.0  # seconds for a process to come to its failpoint


def failpoints() -> list[str]:
    """Every failpoint in the source that a load passes."""
    files = [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("tasks/**/*.py")]
    return sorted({name for path in files for name in HIT.findall(path.read_text())})


def killed_at(point: str) -> Fault:
    """The process that gets there is killed, three times, at the nth hit."""

    def strike(scene: Scene) -> None:
        post = POSTS[point.partition(".")[0]]
        for _ in range(TIMES):
            scene.stage.end(post, signal.SIGTERM)
            scene.stage.start(post, fp=f"{point}:{scene.dice.randint(1, 6)}:kill")
            deadline = time.monotonic() + PATIENCE
            while scene.stage.alive(post) and time.monotonic() < deadline:
                scene.hold(0.05)
            if scene.stage.alive(post):
                # Nobody comes by there any more; but it would be killed if it did, unnoticed.
                scene.stage.end(post, signal.SIGTERM)
                return
            scene.struck += 1

    name = f"killed_at_{point.replace('.', '_')}"
    return Fault(name, f"SIGKILL at {point}, three times", SOURCES.get(point, "own"), strike)


for point in failpoints():
    add(killed_at(point))


def _killed(scene: Scene, posts: tuple[str, ...], times: int) -> None:
    for _ in range(times):
        post = scene.dice.choice(posts)
        scene.stage.end(post)
        scene.struck += 1
        scene.hold(scene.dice.uniform(0, 0.4))
        scene.stage.start(post)
        scene.hold(scene.dice.uniform(0.3, 1.2))


@fault("F13", "a worker killed at any moment, six times")
def workers_killed(scene: Scene) -> None:
    """SIGKILL."""
    _killed(scene, ("worker-1", "worker-2"), 6)


@fault("own", "the clock killed at any moment, five times")
def clock_killed(scene: Scene) -> None:
    """SIGKILL."""
    _killed(scene, ("clock",), 5)


@fault("F14", "the only web killed at any moment, five times")
def web_killed(scene: Scene) -> None:
    """SIGKILL."""
    _killed(scene, ("web",), 5)


@fault("F13", "web, workers and clock killed at once, three times")
def all_killed_at_once(scene: Scene) -> None:
    """SIGKILL."""
    for _ in range(3):
        for post in STANDARD:
            scene.stage.end(post)
        scene.struck += 1
        scene.hold(scene.dice.uniform(0.1, 1))
        for post in STANDARD:
            scene.stage.start(post)
        scene.hold(scene.dice.uniform(0.8, 1.6))
