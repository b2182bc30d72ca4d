"""The whole of Ringback on one machine: which processes, with which settings, in which order."""

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from gateway.cli import embedded_redis
from gateway.cli.children import Child
from gateway.cli.credentials import Credentials, obtain
from gateway.cli.data_folder import DataFolder
from gateway.cli.install import ROOT
from gateway.cli.main import Stopped
from gateway.cli.reporter import Reporter
from gateway.cli.supervisor import Supervisor
from gateway.settings import Settings, environment

_READY_SECONDS = 60.0
_CHOSEN = (
    "DATABASE_URL", "SECRET_KEY", "REDIS_URL", "SANDBOX_URL", "SANDBOX_SMTP_URL", "PUBLIC_BASE_URL",
    "PORT",
)  # fmt: skip
_STOP_ORDER = (("clock", "web", "worker"), ("sandbox",), ("redis",))


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    data: Path
    host: str = "127.0.0.1"
    port: int | None = None
    sandbox_port: int | None = None
    smtp_port: int | None = None


class Stack:
    """Starts everything and keeps it running; `stop` leaves nothing behind."""

    def __init__(self, options: Options, reporter: Reporter, **extra: str) -> None:
        """Take the data folder and settle every setting; starts nothing yet. `extra` are further
        environment variables. Raises Stopped or InvalidSettings."""
        self.options, self.reporter = options, reporter
        self.env = {**environment(), "PYTHONUNBUFFERED": "1", **extra}
        self.port = _choose("--port", options.port or self._env_port(), 8000, options.host)
        self.sandbox_port = 0
        self.smtp_port = 0
        self.data = DataFolder(options.data)
        self.supervisor = Supervisor(reporter)
        self.http = requests.Session()
        self.http.trust_env = False  # a proxy for the internet must not get loopback requests

    def _env_port(self) -> int | None:
        raw = self.env.get("PORT", "").strip()
        return int(raw) if raw.isdecimal() else None

    def _default(self, name: str, value: str) -> None:
        if not self.env.get(name, "").strip():
            self.env[name] = value

    def start(self) -> Credentials:
        """Start everything, wait until it is healthy, and return the keys to use it with.
        Raises Stopped, InvalidSettings, or Interrupted by a signal."""
        self.supervisor.listen()
        self._settle()
        settings = Settings.from_env(self.env)
        given = environment()
        self.data.choose(
            {
                name: self.env[name]
                for name in _CHOSEN
                if name in self.env and not given.get(name, "").strip()
            }
        )
        own_redis = [child for child in self.supervisor.children if child.name == "redis"]
        self._wait(lambda: embedded_redis.answers(settings), "Redis", 15 if own_redis else 5)
        self.reporter.note("preparing the database")
        self.command("migrate")
        self._start("web", "web", "--host", self.options.host)
        self._start("worker", "worker")
        self._start("clock", "clock")
        self.reporter.note("starting web, worker and clock")
        self._wait(self.healthy, "the stack", _READY_SECONDS)
        credentials = obtain(self, settings)
        self.supervisor.settled = True
        return credentials

    def _settle(self) -> None:
        """Fill in what the environment leaves open; start the two servers that others need."""
        self.env["PORT"] = str(self.port)
        self._default("DATABASE_URL", self.data.database_url)
        self._default("SECRET_KEY", self.data.secret_key())
        self._default("CLOCK_IN_WORKER", "false")
        self._default("PUBLIC_BASE_URL", self.api)
        asked_redis = self.env.get("REDIS_URL", "").strip()
        if not self.env.get("SANDBOX_URL", "").strip():
            self.sandbox_port = _choose(
                "--sandbox-port", self.options.sandbox_port, 8010, "127.0.0.1", self.port
            )
            self.env["SANDBOX_URL"] = f"http://127.0.0.1:{self.sandbox_port}"
        settings = Settings.from_env({"REDIS_URL": "redis://unused", **self.env})
        if self.sandbox_port and settings.sandbox_smtp_url is None:
            self.env["SANDBOX_SMTP_URL"] = self._mail_url(settings)
        if not asked_redis:
            log = self.data.logs / "redis.log"
            child, self.env["REDIS_URL"] = embedded_redis.prepare(self.data.path, log, self.env)
            self.supervisor.start(child)
        if self.sandbox_port:
            ledger = str(self.data.path / "sandbox-ledger.jsonl")
            mail = ("--smtp-port", str(self.smtp_port)) if self.smtp_port else ()
            port = ("--port", str(self.sandbox_port))
            self._start("sandbox", "sandbox", *port, *mail, "--ledger", ledger)

    def _mail_url(self, settings: Settings) -> str:
        """Where the sandbox takes mail, with the login that it knows."""
        asked = self.options.smtp_port
        self.smtp_port = _choose("--smtp-port", asked, 8025, "127.0.0.1", self.sandbox_port)
        shared = settings.sandbox_credentials
        login = f"{shared['smtp_user']}:{shared['smtp_password']}"
        return f"smtp://{login}@127.0.0.1:{self.smtp_port}"

    @property
    def api(self) -> str:
        """Where this machine reaches the API."""
        anywhere = self.options.host in ("0.0.0.0", "")  # noqa: S104 - compared, not bound
        host = "127.0.0.1" if anywhere else self.options.host
        return f"http://{host}:{self.port}"

    @property
    def sandbox(self) -> str:
        """The sandbox's address."""
        return self.env["SANDBOX_URL"].rstrip("/")

    def _start(self, name: str, *command: str) -> None:
        line = [sys.executable, "-m", "gateway", *command]
        log = self.data.logs / f"{name}.log"
        self.supervisor.start(Child(name, line, dict(self.env), ROOT, log))

    def _wait(self, ready: Any, what: str, seconds: float) -> None:
        try:
            self.supervisor.wait_until(ready, what, seconds)
        except Stopped:
            self.reporter.note(f"the logs are in {self.data.logs}")
            raise

    def healthy(self) -> bool:
        """Web says that it is ready, and every process lives."""
        try:
            answer = self.http.get(f"{self.api}/health/ready", timeout=5)
            if self.sandbox_port:
                self.http.get(f"{self.sandbox}/sandbox/ledger", timeout=5).raise_for_status()
        except requests.RequestException:
            return False
        return answer.status_code == 200 and all(c.running for c in self.supervisor.children)

    def command(self, *command: str) -> list[dict[str, Any]]:
        """Run one command of ours to its end; what it printed as JSON lines. Raises Stopped, or
        Interrupted by a signal."""
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway", *command],
            env=self.env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                self.supervisor.tick()
        except BaseException:
            process.kill()
            raise
        finally:
            out, errors = process.communicate()
        if process.returncode:
            raise Stopped(f"`{' '.join(command[:2])}` failed: {errors.strip()[-2000:]}")
        return [json.loads(line) for line in out.splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """End everything, Redis last, and give the data folder back."""
        self.supervisor.stop(_STOP_ORDER)
        self.data.release()


def _choose(option: str, asked: int | None, usual: int, host: str, taken: int = 0) -> int:
    """The port asked for, which must be free; else the usual one, or any free one."""
    if asked:
        if asked == taken or not _free(asked, host):
            raise Stopped(f"port {asked} is taken: choose another with {option}", 2)
        return asked
    return usual if usual != taken and _free(usual, host) else embedded_redis.free_port()


def _free(port: int, host: str) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
