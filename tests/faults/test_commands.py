"""The processes as the Procfile starts them: ended in order, killed, and started again."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.install import ROOT
from tests.cli.stacks import descendants
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.faults.crew import QUICK, environment
from tests.stack import Stack, special
from tests.waiting import until

Run = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def stack(start_stack: StartStack) -> Stack:
    return start_stack(parts=(), **QUICK | {"PROVIDER_DEADLINE_SECONDS": "8"})


@pytest.fixture
def run(stack: Stack, database_url: str, tmp_path: Path) -> Iterator[Run]:
    """Starts `python -m gateway …` beside the stack."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str, **more: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "gateway", *command], cwd=ROOT, stderr=log, stdout=log,
                    stdin=subprocess.DEVNULL, env=environment(stack, database_url) | more,
                )
            )  # fmt: skip
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.terminate()
            process.wait(40)
    print((tmp_path / "log").read_text()[-6000:])


WORKER = ("worker", "--processes", "1", "--threads", "2")


@ON_SQLITE
@pytest.mark.row("A1")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_end_finishes_its_placement_and_leaves_the_rest(
    stack: Stack, run: Run, number: signal.Signals
) -> None:
    stack.sandbox.fault("slow", next=2, seconds=4)
    worker = run(*WORKER)
    asked = [stack.api.call(special(f"014{n}"))["id"] for n in range(4)]
    until(lambda: len(stack.sandbox.placed()) == 2, "two placements under way", seconds=60)
    worker.send_signal(number)
    assert worker.wait(40) == 0
    calls = {call["notification_id"]: call for call in stack.api.calls()}
    assert [calls[id_]["state"] not in ("placing", "unknown") for id_ in calls] == [True, True]
    assert len(stack.sandbox.placed()) == 2
    run(*WORKER)
    run("clock")
    assert [stack.outcome(id_, 60) for id_ in asked] == ["reached"] * 4
    assert len(stack.sandbox.placed()) == 4


@ON_SQLITE
@pytest.mark.row("A1")
@pytest.mark.row("B10")
def test_a_worker_that_loses_a_process_says_so_and_its_jobs_are_done_by_the_next(
    stack: Stack, run: Run
) -> None:
    asked = stack.api.call(special("0141"))
    run("clock")  # rings again, should the request's own ring have gone astray
    worker = run(*WORKER, FP="worker.before_claim_commit:kill")
    assert worker.wait(60) != 0
    assert descendants(worker.pid) == set()
    run(*WORKER)
    assert stack.outcome(asked["id"], 60) == "reached"
    assert len(stack.sandbox.placed()) == 1


@ON_SQLITE
@pytest.mark.row("A1")
def test_a_clock_told_to_end_ends_well_and_one_that_is_killed_is_replaced(
    stack: Stack, run: Run
) -> None:
    run(*WORKER)
    due = datetime.now(UTC) + timedelta(seconds=3)
    asked = stack.api.call(special("0141"), send_at=due.isoformat())
    clock = run("clock", FP="clock.after_lease:kill")
    assert clock.wait(60) == -signal.SIGKILL
    clock = run("clock")
    assert stack.outcome(asked["id"], 60) == "reached"
    clock.terminate()
    assert clock.wait(40) == 0
