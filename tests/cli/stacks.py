"""Whole stacks as a person starts them: real commands in a clean environment."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from tests.waiting import until

BIN = Path(sys.executable).parent
LEAN = Path(__file__).with_name("lean")
SECRET_KEY = "a secret key of at least 32 characters, for stacks"
NUMBER = "+12025550100"


def clean_env(**settings: str) -> dict[str, str]:
    """An environment with nothing of this process's but where programs and people live."""
    home = os.environ.get("HOME", "/")
    return {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": home, "PYTHONPATH": str(LEAN), **settings}


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            rest = stat.read_text().rpartition(")")[2].split()
            if rest[0] != "Z":
                found[int(stat.parent.name)] = int(rest[1])
    return found


def descendants(pid: int) -> set[int]:
    """Every living process that this one started, and those started, and so on."""
    parents = _parents()
    found: set[int] = set()
    while more := {c for c, p in parents.items() if p in found | {pid}} - found:
        found |= more
    return found


def living(pids: set[int]) -> set[int]:
    """Those that still run; a zombie does not."""
    return pids & set(_parents())


@dataclass
class Api:
    """A client with one key."""

    base: str
    key: str
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {self.key}"

    def call(self, after: float = 0) -> str:
        """Ask for a call, at once or so many seconds from now; returns the notification's id."""
        body = {"to": NUMBER, "say": "Hello."}
        if after:
            body["send_at"] = (datetime.now(UTC) + timedelta(seconds=after)).isoformat()
        answer = self.http.post(f"{self.base}/api/v1/calls", json=body, timeout=10)
        assert answer.status_code == 202, answer.text
        made: str = answer.json()["id"]
        return made

    def completed(self, notification: str) -> bool:
        """Whether the call of this notification is over, with its transcript."""
        row = self.find(notification)
        return bool(row and row["state"] == "completed" and row["transcript"])

    def find(self, notification: str) -> dict[str, Any] | None:
        """The newest call of this notification, if one was begun."""
        answer = self.http.get(f"{self.base}/api/v1/calls?limit=200", timeout=10)
        rows: list[dict[str, Any]] = answer.json()["data"]
        return next((row for row in rows if row["notification_id"] == notification), None)

    def keep_no_quiet_hours(self) -> None:
        """Have the organization disturb people at any hour: tests run at any."""
        body = {"policy": {"quiet_hours": None}}
        answer = self.http.patch(f"{self.base}/api/v1/organization", json=body, timeout=10)
        assert answer.status_code == 200, answer.text

    def ready(self) -> bool:
        """Whether the web process serves and finds all that it needs."""
        try:
            return self.http.get(f"{self.base}/health/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def places_a_call(self, after: float = 0, seconds: float = 90) -> None:
        """Ask for one and see it through."""
        notification = self.call(after)
        until(lambda: self.completed(notification), "the call", seconds)


@dataclass
class Up:
    """A running `up` (or `demo`) and what it said so far."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def api(self) -> Api:
        """A client with the key of the ready line."""
        return Api(self.ready["api"], self.ready["key"])

    def event(self) -> dict[str, Any]:
        """The next line of its stdout."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def ledger(self) -> list[dict[str, Any]]:
        """What the sandbox was asked to place."""
        answer = self.api.http.get(f"{self.ready['sandbox']}/sandbox/ledger", timeout=10)
        found: list[dict[str, Any]] = answer.json()
        return found


def command(*words: str) -> list[str]:
    """A command line of ours."""
    return [sys.executable, "-m", "gateway", *words]


@contextlib.contextmanager
def up(data: Path, *options: str, **settings: str) -> Iterator[Up]:
    """Run `up --json` on a data folder until the block ends; killed if it does not stop."""
    options += tuple(own_ports(*options))
    process = subprocess.Popen(
        command("up", "--json", "--data", str(data), *options),
        cwd=ROOT, env=clean_env(**settings), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield Up(process, json.loads(line))
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def own_ports(*options: str) -> Iterator[str]:
    """Options for the ports that these leave open: two stacks that begin at once would both find
    the usual ones free."""
    for option in {"--port", "--sandbox-port", "--smtp-port"} - {*options}:
        yield from (option, str(free_port()))


def procfile() -> dict[str, list[str]]:
    """The Procfile's lines as a platform runs them."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(line) for name, _, line in (line.partition(": ") for line in lines)}


@contextlib.contextmanager
def processes(lines: Sequence[Sequence[str]], env: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run command lines side by side; at the end each gets SIGTERM and has to end by itself."""
    started = []
    try:
        with log.open("ab") as out:
            for line in lines:
                started.append(
                    subprocess.Popen(line, cwd=ROOT, env=dict(env), stdout=out, stderr=out)
                )
        yield
        for process in started:
            assert process.poll() is None, log.read_text()
            process.terminate()
        for process in started:
            assert process.wait(40) == 0, log.read_text()
    finally:
        for process in started:
            for pid in [process.pid, *descendants(process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
