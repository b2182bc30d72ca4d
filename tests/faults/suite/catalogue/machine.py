"""The machine: disks full, descriptors used up, clocks that step."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

from tests.faults.suite.registry import Scene, fault


@contextlib.contextmanager
def _limited(pids: list[int], kind: int, most: dict[int, int]) -> Iterator[None]:
    """Lower a soft limit of running processes, and raise it again."""
    before = {pid: resource.prlimit(pid, kind) for pid in pids}
    for pid in pids:
        resource.prlimit(pid, kind, (most[pid], before[pid][1]))
    yield
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, kind, before[pid])


@fault("F56", "no process can write to a file for 4 s")
def disk_full(scene: Scene) -> None:
    """RLIMIT_FSIZE of nothing. SQLite's database and everybody's log; PostgreSQL's is elsewhere."""
    pids = list(scene.stage.posts.values())
    with _limited(pids, resource.RLIMIT_FSIZE, dict.fromkeys(pids, 0)):
        scene.struck += 1
        scene.hold(4)


@fault("F61", "no process can open anything for 4 s")
def descriptors_exhausted(scene: Scene) -> None:
    """RLIMIT_NOFILE of what is open now."""
    pids = list(scene.stage.posts.values())
    most = {pid: len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids}
    with _limited(pids, resource.RLIMIT_NOFILE, most):
        scene.struck += 1
        scene.hold(4)


@fault("own", "the clock steps 20 s forward, and 3 s later back")
def clock_forward(scene: Scene) -> None:
    """As a machine that is corrected, twice."""
    scene.stage.show_time(20)
    scene.struck += 1
    scene.hold(3)
    scene.stage.show_time(0)


@fault("own", "the clock steps 20 s back, and 3 s later forward")
def clock_back(scene: Scene) -> None:
    """As a machine that is corrected, twice."""
    scene.stage.show_time(-20)
    scene.struck += 1
    scene.hold(3)
    scene.stage.show_time(0)


@fault("own", "the clock jumps to and fro by seconds, every 300 ms")
def clock_jitter(scene: Scene) -> None:
    """Two servers that disagree about the time."""
    for _ in range(15):
        scene.stage.show_time(scene.dice.uniform(-3, 3))
        scene.struck += 1
        scene.hold(0.3)
    scene.stage.show_time(0)
