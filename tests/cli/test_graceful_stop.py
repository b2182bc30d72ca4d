"""SIGTERM while the provider is slow to answer: what runs is finished, or cut and looked up."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests.cli.stacks import SECRET_KEY, Api, clean_env, command, processes
from tests.waiting import until


@pytest.fixture
def env(redis_url: str, sqlite_url: str) -> dict[str, str]:
    return clean_env(
        PORT=str(free_port()),
        DATABASE_URL=sqlite_url,
        REDIS_URL=redis_url,
        SECRET_KEY=SECRET_KEY,
        SANDBOX_URL=f"http://127.0.0.1:{free_port()}",
        PROVIDER_DEADLINE_SECONDS="30",
        SENDING_LEASE_SECONDS="8",
        UNKNOWN_LOOKUP_SECONDS="1,2,3,4,5",
        CLOCK_IN_WORKER="no",
    )


@pytest.fixture
def api(env: dict[str, str], tmp_path: Path) -> Iterator[Api]:
    """Web, sandbox and clock; no worker yet."""
    for words in (("orgs", "create", "Salon"), ("keys", "create", "--mode", "test", "--json")):
        done = subprocess.run(command(*words), cwd=ROOT, env=env, capture_output=True, check=True)
    key = json.loads(done.stdout)["secret"]
    sandbox = command("sandbox", "--port", env["SANDBOX_URL"].rpartition(":")[2])
    with processes([sandbox, command("web"), command("clock")], env, tmp_path / "log"):
        served = Api(f"http://127.0.0.1:{env['PORT']}", key)
        until(served.ready, "the API", 60)
        yield served


class Worker:
    """A worker process with one thread."""

    def __init__(self, env: dict[str, str], **more: str) -> None:
        line = command("worker", "--processes", "1", "--threads", "1")
        self.process = subprocess.Popen(line, cwd=ROOT, env={**env, **more}, start_new_session=True)

    def stop(self, *, group: bool = False) -> float:
        """SIGTERM, as platforms do it to each process of the group or to the first alone; the
        seconds that it took to end with status 0."""
        begun = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, signal.SIGTERM)
        assert self.process.wait(40) == 0
        return time.monotonic() - begun


@pytest.fixture
def start(env: dict[str, str]) -> Iterator[Any]:
    started: list[Worker] = []

    def worker(**more: str) -> Worker:
        started.append(Worker(env, **more))
        return started[-1]

    yield worker
    for one in started:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)  # one by one, children would outlive it
        one.process.wait()


def _slow(env: dict[str, str], seconds: float) -> None:
    """Have the next placement be answered so late. It is placed at once."""
    fault = {"behaviour": "slow", "seconds": seconds, "next": 1}
    assert requests.post(f"{env['SANDBOX_URL']}/sandbox/faults", json=fault, timeout=10).ok


def _placed(env: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = requests.get(
        f"{env['SANDBOX_URL']}/sandbox/ledger", timeout=10
    ).json()
    return found


@pytest.mark.row("A1")
@pytest.mark.row("A4")
@pytest.mark.parametrize("group", [False, True], ids=["the master alone", "the whole group"])
def test_a_placement_under_way_is_finished_and_the_next_one_waits(
    env: dict[str, str], api: Api, start: Any, group: bool
) -> None:
    worker = start(SENDING_LEASE_SECONDS="30")  # not to be given up for lost meanwhile
    _slow(env, 7)
    running = api.call()
    until(lambda: _placed(env), "the placement", 40)
    waiting = api.call()
    worker.stop(group=group)
    begun = api.find(running)
    assert begun is not None
    assert begun["state"] not in ("placing", "unknown")
    assert begun["external_id"] is not None
    assert api.find(waiting) is None
    start()
    until(lambda: api.completed(running) and api.completed(waiting), "both calls", 90)
    assert len(_placed(env)) == 2


@pytest.mark.row("A1")
@pytest.mark.row("A4")
@pytest.mark.row("C6")
def test_a_placement_that_outlasts_the_drain_is_cut_looked_up_and_never_repeated(
    env: dict[str, str], api: Api, start: Any
) -> None:
    worker = start(WORKER_DRAIN_SECONDS="1")
    _slow(env, 25)
    cut = api.call()
    until(lambda: _placed(env), "the placement", 40)
    assert worker.stop() < 20
    start()
    until(lambda: api.completed(cut), "the call found", 60)
    assert len(_placed(env)) == 1
