"""Children of a stack: restarted when they die, swept with all they started, ended in order."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli import supervisor
from gateway.cli.children import Child, adopt_orphans
from gateway.cli.main import Stopped
from gateway.cli.reporter import Reporter
from gateway.cli.supervisor import Supervisor
from tests.waiting import until

# A leader with one child of its own, like gunicorn and Dramatiq; both write their process ids.
LEADER = """
import os, signal, sys, time
name, folder, stubborn = sys.argv[1:]
child = os.fork()
me = "grandchild" if child == 0 else "leader"
def end(number, frame):
    with open(f"{folder}/ended", "a") as out:
        out.write(name + "\\n")
    sys.exit(0)
if me == "leader" and stubborn == "yes":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
elif me == "leader":
    signal.signal(signal.SIGTERM, end)
with open(f"{folder}/{name}.{me}.draft", "w") as out:
    out.write(str(os.getpid()))
os.rename(f"{folder}/{name}.{me}.draft", f"{folder}/{name}.{me}")
time.sleep(180)
"""


def _child(folder: Path, name: str, stubborn: bool = False) -> Child:
    command = [sys.executable, "-c", LEADER, name, str(folder), "yes" if stubborn else "no"]
    return Child(name, command, dict(os.environ), folder, folder / f"{name}.log")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _pids(folder: Path, name: str) -> tuple[int, int]:
    files = (folder / f"{name}.leader", folder / f"{name}.grandchild")
    until(lambda: all(file.exists() for file in files), f"{name} and its child", 40)
    return int(files[0].read_text()), int(files[1].read_text())


@pytest.fixture
def supervised(capsys: pytest.CaptureFixture[str]) -> Iterator[Supervisor]:
    adopt_orphans()
    watcher = Supervisor(Reporter(as_json=True))
    watcher.settled = True
    yield watcher
    for child in watcher.children:
        child.sweep()
    adopt_orphans(False)


def test_a_killed_leader_takes_its_orphans_along_and_is_restarted(
    supervised: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervised.start(_child(tmp_path, "worker"))
    leader, grandchild = _pids(tmp_path, "worker")
    for file in tmp_path.glob("worker.*"):
        file.unlink()
    os.kill(leader, signal.SIGKILL)
    supervised.wait_until((tmp_path / "worker.grandchild").exists, "the restart", 40)
    assert not _alive(grandchild)
    event = json.loads(capsys.readouterr().out)
    assert event["event"] == "restarted"
    assert event["process"] == "worker"
    assert _pids(tmp_path, "worker")[0] == event["pid"] != leader


def test_a_child_that_keeps_dying_is_restarted_ever_more_slowly(
    supervised: Supervisor, tmp_path: Path
) -> None:
    code = "import time; print(time.monotonic(), flush=True)"
    log = tmp_path / "log"
    supervised.start(Child("web", [sys.executable, "-c", code], dict(os.environ), tmp_path, log))
    supervised.wait_until(lambda: len(log.read_text().split()) >= 4, "three restarts", 60)
    first, second, third, fourth = map(float, log.read_text().split()[:4])
    # Each gap is at least its delay; what a start takes on top is the machine's.
    gaps = (second - first, third - second, fourth - third)
    for times, gap in enumerate(gaps):
        assert gap >= supervisor.FIRST_DELAY * 2**times
    assert supervisor.LONGEST_DELAY == 5


def test_a_child_that_does_not_start_ends_the_start_with_its_last_words(
    supervised: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    supervised.settled = False
    command = [sys.executable, "-c", "import sys; sys.exit('SECRET_KEY is missing')"]
    supervised.start(Child("web", command, dict(os.environ), tmp_path, tmp_path / "log"))
    with pytest.raises(Stopped, match="web does not start: SECRET_KEY is missing"):
        supervised.wait_until(lambda: False, "the stack", 60)
    assert capsys.readouterr().out == ""


def test_children_end_stage_by_stage_and_leave_nothing_behind(
    supervised: Supervisor, tmp_path: Path
) -> None:
    for name in ("redis", "sandbox", "web"):
        supervised.start(_child(tmp_path, name))
    pids = [pid for name in ("redis", "sandbox", "web") for pid in _pids(tmp_path, name)]
    supervised.stop((("web",), ("sandbox",), ("redis",)))
    assert (tmp_path / "ended").read_text().split() == ["web", "sandbox", "redis"]
    assert not any(_alive(pid) for pid in pids)


def test_a_second_signal_ends_a_child_that_does_not_listen(
    supervised: Supervisor, tmp_path: Path
) -> None:
    supervised.start(_child(tmp_path, "worker", stubborn=True))
    pids = _pids(tmp_path, "worker")
    supervised.signals = 1
    second = threading.Timer(0.5, lambda: setattr(supervised, "signals", 2))
    second.start()
    begun = time.monotonic()
    supervised.stop((("worker",),))
    assert time.monotonic() - begun < 15
    assert not any(_alive(pid) for pid in pids)


def test_what_is_not_ready_in_time_is_an_error_in_words(
    supervised: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(Stopped, match=r"the stack did not become ready within 0\.3 s"):
        supervised.wait_until(lambda: False, "the stack", 0.3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_children_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from gateway.cli.children import Child;"
        "from tests.cli.test_supervisor import _child;"
        "_child(Path(sys.argv[1]), 'clock').start(); time.sleep(60)"
    )
    watcher = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    leader, grandchild = _pids(tmp_path, "clock")
    watcher.kill()
    watcher.wait()
    until((tmp_path / "ended").exists, "the end of the child", 40)
    until(lambda: not _alive(leader), "the end of its process")
    os.kill(grandchild, signal.SIGKILL)  # a real leader ends its own; this one leaves it
