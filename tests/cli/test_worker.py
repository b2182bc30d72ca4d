"""The worker process: it ends in order, and says so when it could not."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests.cli.stacks import SECRET_KEY, Api, clean_env, command, descendants, living, processes
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def env(redis_url: str, sqlite_url: str) -> dict[str, str]:
    sandbox = f"http://127.0.0.1:{free_port()}"
    settings = {"PORT": str(free_port()), "DATABASE_URL": sqlite_url, "REDIS_URL": redis_url}
    return clean_env(**settings, SECRET_KEY=SECRET_KEY, SANDBOX_URL=sandbox)


@pytest.fixture
def api(env: dict[str, str], tmp_path: Path) -> Iterator[Api]:
    """Web and sandbox, and no worker yet."""
    for words in (("orgs", "create", "Salon"), ("keys", "create", "--mode", "test", "--json")):
        done = subprocess.run(command(*words), cwd=ROOT, env=env, capture_output=True, check=True)
    key = json.loads(done.stdout)["secret"]
    sandbox = command("sandbox", "--port", env["SANDBOX_URL"].rpartition(":")[2])
    with processes([sandbox, command("web")], env, tmp_path / "log"):
        served = Api(f"http://127.0.0.1:{env['PORT']}", key)
        until(served.ready, "the API", 60)
        yield served


def _worker(env: dict[str, str], *options: str, **more: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(command("worker", *options), cwd=ROOT, env={**env, **more})


@pytest.mark.row("A1")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_call_is_finished_and_waiting_ones_stay(
    env: dict[str, str], api: Api, number: signal.Signals
) -> None:
    slow = {"GATEWAY_TESTING": "1", "FP": "worker.after_response:sleep=7"}
    worker = _worker(env, "--processes", "1", "--threads", "1", **slow, CLOCK_IN_WORKER="no")
    running = api.call()
    until(lambda: api.find(running), "the call's placement", 60)
    waiting = api.call()
    worker.send_signal(number)
    assert worker.wait(40) == 0
    begun = api.find(running)
    assert begun is not None
    assert begun["state"] not in ("unknown", "placing")
    assert api.find(waiting) is None
    again = _worker(env)
    until(lambda: api.completed(running) and api.completed(waiting), "both calls", 90)
    again.terminate()
    assert again.wait(30) == 0


@pytest.mark.row("A1")
def test_a_worker_that_loses_a_process_ends_with_an_error_and_leaves_none(
    env: dict[str, str],
) -> None:
    worker = _worker(env, "--processes", "2")
    until(lambda: len(descendants(worker.pid)) >= 2, "two processes", 60)
    theirs = descendants(worker.pid)
    os.kill(max(theirs), signal.SIGKILL)
    assert worker.wait(40) != 0
    assert not living(theirs)


@pytest.mark.row("C8")
def test_a_worker_of_another_queue_leaves_the_calls_alone(env: dict[str, str], api: Api) -> None:
    events = _worker(env, "--queues", "events", CLOCK_IN_WORKER="no")
    try:
        notification = api.call()
        until(lambda: len(descendants(events.pid)) >= 2, "its processes", 60)
        assert api.find(notification) is None
        voice = _worker(env, "--queues", "voice", "--threads", "2", CLOCK_IN_WORKER="no")
        until(lambda: api.completed(notification), "the call", 90)
        voice.terminate()
        assert voice.wait(30) == 0
    finally:
        events.terminate()
        assert events.wait(30) == 0
