"""`up`: the whole product on one machine, and nothing left of it afterwards."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gunicorn.config import Config

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from gateway.cli.weblog import WithoutQueries
from tests.cli.stacks import Api, Up, clean_env, command, descendants, living, own_ports, up
from tests.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture(scope="module")
def stack(data: Path) -> Iterator[Up]:
    """One stack that several tests share."""
    with up(data) as running:
        yield running


def _child(stack: Up, words: str) -> int:
    """The process id of the child whose command line ends with these words."""
    for pid in descendants(stack.process.pid):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        if line.endswith(words) and os.getpgid(pid) == pid:
            return pid
    raise AssertionError(f"no child {words}")


def test_the_ready_line_is_all_that_a_client_needs(stack: Up) -> None:
    assert stack.ready["event"] == "ready"
    assert stack.ready["key"].startswith("rb_test_")
    assert stack.ready["organization"]
    stack.api.places_a_call()
    assert [entry["to"] for entry in stack.ledger()] == ["+12025550100"]


def test_a_test_message_tells_what_became_of_it(stack: Up, data: Path) -> None:
    words = ("send-test", "--channel", "sms", "--to", "+12025550100", "--json", "--data", str(data))

    done = subprocess.run(
        command(*words), cwd=ROOT, env=clean_env(), capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["provider"]) == ("reached", "twilio")
    assert "+12025550100" not in done.stdout + done.stderr


def test_what_is_secret_is_readable_by_its_owner_alone(stack: Up, data: Path) -> None:
    assert data.stat().st_mode & 0o777 == 0o700
    for name in ("secret-key", "credentials.json", "redis/valkey.conf"):
        assert (data / name).stat().st_mode & 0o777 == 0o600


def test_no_number_gets_into_any_log(stack: Up, data: Path) -> None:
    stack.api.places_a_call()
    for log in (data / "logs").iterdir():
        assert "2025550100" not in log.read_text(errors="replace"), log.name


def test_the_words_of_gunicorn_hold_no_query(capsys: pytest.CaptureFixture[str]) -> None:
    log = WithoutQueries(Config())
    log.exception("Error handling request %s", "/api/v1/calls?phone=%2B12025550100")
    log.warning("Invalid request: 'GET /api/v1/calls?phone=%2B12025550100 HTTP/1.1'")
    log.error("Ignoring /console?q=Ada")
    words = capsys.readouterr().err
    assert words.count("?…") == 3
    assert not [word for word in ("2025550100", "Ada") if word in words]


def test_a_second_stack_on_the_same_folder_is_refused(stack: Up, data: Path) -> None:
    line = command("up", "--json", "--data", str(data))
    done = subprocess.run(line, cwd=ROOT, env=clean_env(), capture_output=True, text=True)
    assert done.returncode == 2
    assert "another stack is running" in done.stderr
    assert done.stdout == ""


def test_a_killed_worker_leaves_no_orphans_and_comes_back(stack: Up) -> None:
    master = _child(stack, "gateway worker")
    theirs = descendants(master)
    assert theirs
    os.kill(master, signal.SIGKILL)
    event = stack.event()
    assert (event["event"], event["process"]) == ("restarted", "worker")
    assert not living(theirs | {master})
    stack.api.places_a_call()


def test_a_killed_web_process_comes_back(stack: Up) -> None:
    os.kill(_child(stack, "gunicorn_conf.py --bind 127.0.0.1:" + _port(stack)), signal.SIGKILL)
    event = stack.event()
    assert (event["event"], event["process"]) == ("restarted", "web")

    until(stack.api.ready, "the API", 60)  # its port is open long before
    stack.api.places_a_call()


def _port(stack: Up) -> str:
    return str(stack.ready["api"].rpartition(":")[2])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_stays_behind_and_the_keys_stay_good(
    tmp_path: Path, number: signal.Signals
) -> None:
    data = tmp_path / "data"
    with up(data) as first:
        # All of them, also those that lost their parent: a killed master leaves its workers.
        pids = descendants(first.process.pid)
        os.kill(_child(first, "gateway worker"), signal.SIGKILL)
        first.process.send_signal(number)
        assert first.process.wait(60) == 0
        assert not living(pids | descendants(first.process.pid))
    with up(data) as second:
        assert second.ready["key"] == first.ready["key"]
        second.api.places_a_call()


def test_a_supervisor_that_is_killed_takes_the_stack_with_it(tmp_path: Path) -> None:
    with up(tmp_path / "data") as running:
        pids = descendants(running.process.pid)
        running.process.kill()
        running.process.wait()
        until(lambda: not living(pids), "the end of all children", 60)


def test_with_a_provider_of_its_own_the_first_key_is_a_live_one(tmp_path: Path) -> None:
    sandbox = free_port()
    twilio = {
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "the token of a stand-in",
        "TWILIO_FROM_NUMBER": "+12025550199",
        "TWILIO_API_BASE_URL": f"http://127.0.0.1:{sandbox}",
    }
    with up(tmp_path / "data", "--sandbox-port", str(sandbox), **twilio) as running:
        assert running.ready["key"].startswith("rb_live_")
        running.api.places_a_call()
        Api(running.ready["api"], running.ready["test_key"]).places_a_call()
        assert [row["from"] for row in running.ledger()] == ["+12025550199", "+15005550006"]


def test_ctrl_c_while_it_is_starting_ends_it_cleanly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("up", "--data", str(tmp_path / "data"), *own_ports()),
        cwd=ROOT, env=clean_env(), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    assert process.stderr.readline() == "preparing the database\n"
    pids = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (0, "", "stopping\n")
    assert pids
    assert not living(pids)


def test_a_port_that_was_asked_for_and_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = command("up", "--data", str(tmp_path / "data"), "--port", port)
        done = subprocess.run(line, cwd=ROOT, env=clean_env(), capture_output=True, text=True)
    assert done.returncode == 2
    assert f"port {port} is taken" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_bad_setting_is_named_before_anything_starts(tmp_path: Path) -> None:
    line = command("up", "--data", str(tmp_path / "data"), "--port", str(free_port()))
    env = clean_env(PUBLIC_BASE_URL="http://example.com", WEB_THREADS="many")
    done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 2
    assert sorted(line.split()[0] for line in done.stderr.splitlines()) == [
        "PUBLIC_BASE_URL",
        "WEB_THREADS",
    ]
    assert "many" not in done.stderr
