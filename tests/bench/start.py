"""How long a start takes: of the web process to its first answer, of `demo` to its first call."""

import http.client
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests import servers
from tests.bench.ground import Ground, python, running, seconds_of
from tests.bench.report import Figure, median
from tests.cli.stacks import clean_env, command

BENCH = "start"
BARE = "bare Flask under gunicorn"
BARE_WEB = Path(__file__).with_name("bare_bookings.py")
LONGEST = 120.0
BETWEEN = 0.01  # seconds between two looks


@dataclass(frozen=True)
class Begun:
    """Seconds from a process's start to its first 200, and of the processor until then."""

    seconds: float
    cpu: float


def run(ground: Ground) -> Iterator[Figure]:
    """All figures of starting."""
    database = ground.database()
    # After the first of each their code is compiled and their files have been read.
    pairs = [
        (_web(ground, database), _bare(ground, database)) for _ in range(ground.chosen.rounds + 1)
    ]
    web, bare = zip(*pairs[1:], strict=True)
    for metric, of in (("web to its first 200", "seconds"), ("CPU until then", "cpu")):
        theirs = median(BENCH, metric, "s", [getattr(one, of) for one in bare]).value
        ours = [getattr(one, of) for one in web]
        yield median(BENCH, metric, "s", ours, yardstick=BARE, yardstick_value=theirs)
    demos = [_demo() for _ in range(ground.chosen.rounds)]
    yield median(BENCH, "demo ready", "s", [ready for ready, _ in demos])
    note = "from the command to the first call that is told; half a second of it may be waiting"
    yield median(BENCH, "demo to its first call", "s", [call for _, call in demos], note=note)


def _web(ground: Ground, database: str) -> Begun:
    port = free_port()
    began = time.perf_counter()
    with running(command("web"), ground.environ(database, PORT=str(port))) as one:
        return _first(one.process.pid, began, port, "/health")


def _bare(ground: Ground, database: str) -> Begun:
    port = free_port()
    more = {"PORT": str(port), "PEER_DATABASE_URL": database, "ORGANIZATION": "-"}
    began = time.perf_counter()
    with python(BARE_WEB, ground.environ(database, **more)) as one:
        return _first(one.process.pid, began, port, "/alive")


def _first(pid: int, began: float, port: int, path: str) -> Begun:
    while time.perf_counter() - began < LONGEST:
        if _answers(port, path):
            return Begun(time.perf_counter() - began, seconds_of(pid))
        time.sleep(BETWEEN)
    raise TimeoutError(f"no answer within {LONGEST} s")


def _answers(port: int, path: str) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asked.request("GET", path)
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


def _demo() -> tuple[float, float]:
    """Seconds until it is ready, and until it tells of its first call."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="rb-demo-"))
        ports = ("--port", "--sandbox-port", "--smtp-port")
        options = [word for name in ports for word in (name, str(free_port()))]
        words = command("demo", "--once", "--json", "--data", folder, *options)
        began = time.perf_counter()
        process = subprocess.Popen(
            words, env=clean_env(), cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, preexec_fn=servers.last_will(),
        )  # fmt: skip
        stack.callback(_end, process)
        return _heard(process, began, ("ready", "call"))


def _heard(
    process: "subprocess.Popen[bytes]", began: float, events: Sequence[str]
) -> tuple[float, float]:
    """When each of the events was told first, in this order."""
    found: dict[str, float] = {}
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)["event"]
        found.setdefault(event, time.perf_counter() - began)
        if events[-1] in found:
            return found[events[0]], found[events[-1]]
    raise RuntimeError("the demo ended before its first call")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
