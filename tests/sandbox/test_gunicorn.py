"""Answers that need the bare connection, which gunicorn hands over."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests

from tests.sandbox.running import SAY, SENDER, scenario
from tests.sandbox.served import ACCOUNT, TOKEN

ROOT = Path(__file__).parents[2]
THREADS = 4


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A sandbox under gunicorn as the command line starts it, with fewer threads."""
    ledger = tmp_path_factory.mktemp("sandbox") / "ledger.jsonl"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        file = listener.fileno()
        command = [sys.executable, "-m", "gunicorn", f"tests.sandbox.served:sandbox('{ledger}')"]
        options = [f"--bind=fd://{file}", "--worker-class=gthread", "--workers=1"]
        quiet = ["--log-level=error", "--no-control-socket", f"--threads={THREADS}"]
        server = subprocess.Popen([*command, *options, *quiet], pass_fds=[file], cwd=ROOT)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        assert requests.get(f"{url}/sandbox/health", timeout=30).json() == {"status": "ok"}
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def place(
    url: str, fault: dict[str, object] | None = None, timeout: float = 5
) -> requests.Response:
    """Place a call, after switching on a fault for it."""
    requests.delete(f"{url}/sandbox/ledger", timeout=5)
    if fault is not None:
        requests.post(f"{url}/sandbox/faults", json={"next": 1, **fault}, timeout=5)
    return requests.post(
        f"{url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json",
        data={"To": scenario("0100"), "From": SENDER, "Twiml": SAY},
        auth=(ACCOUNT, TOKEN),
        timeout=timeout,
    )


def placed(url: str) -> int:
    return len(requests.get(f"{url}/sandbox/ledger", timeout=5).json())


@pytest.mark.parametrize(("behaviour", "calls"), [("reset_accepted", 1), ("reset_not_accepted", 0)])
def test_a_connection_can_be_reset(url: str, behaviour: str, calls: int) -> None:
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        place(url, {"behaviour": behaviour})
    assert placed(url) == calls


def test_a_connection_can_be_closed_without_an_answer(url: str) -> None:
    with pytest.raises(requests.ConnectionError, match="without response"):
        place(url, {"behaviour": "close_accepted"})
    assert placed(url) == 1


def test_an_answer_can_break_off_in_the_middle(url: str) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        place(url, {"behaviour": "truncated"})
    assert placed(url) == 1


def test_an_answer_can_be_no_http_at_all(url: str) -> None:
    with pytest.raises(requests.ConnectionError, match=r"BadStatusLine|Connection aborted"):
        place(url, {"behaviour": "garbage"})
    assert placed(url) == 1


@pytest.mark.parametrize("behaviour", ["slow", "drip"])
def test_an_answer_can_take_its_time_and_still_be_whole(url: str, behaviour: str) -> None:
    seconds = {"slow": 0.3, "drip": 0.0002}[behaviour]
    began = monotonic()
    answer = place(url, {"behaviour": behaviour, "seconds": seconds})

    assert monotonic() - began > 0.25
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")


def test_requests_that_hang_keep_no_thread_from_the_others(url: str) -> None:
    hanging = THREADS * 2
    fault = {"behaviour": "timeout_not_accepted", "next": hanging}
    requests.post(f"{url}/sandbox/faults", json=fault, timeout=5)

    def hang(_: int) -> str:
        with pytest.raises(requests.ReadTimeout):
            place(url, timeout=1.5)
        return "timed out"

    with ThreadPoolExecutor(hanging) as pool:
        outcomes = pool.map(hang, range(hanging))
        deadline = monotonic() + 10
        while requests.get(f"{url}/sandbox/faults", timeout=10).json() and monotonic() < deadline:
            sleep(0.01)
        assert requests.get(f"{url}/sandbox/health", timeout=10).ok
        assert set(outcomes) == {"timed out"}


def test_a_hung_request_ends_when_its_time_is_over(url: str) -> None:
    with pytest.raises(requests.ConnectionError, match="without response"):
        place(url, {"behaviour": "timeout_accepted", "seconds": 0.2})
    assert placed(url) == 1
    assert place(url).status_code == 201
