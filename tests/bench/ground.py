"""What benchmarks stand on: a PostgreSQL and a Valkey of their own on loopback, our processes as an
operator starts them, and the time that processes take of the processor."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import requests

from gateway import boot
from gateway.cli.embedded_redis import free_port
from gateway.cli.install import ROOT
from gateway.models import base, schema
from gateway.settings import Settings
from tests import servers
from tests.cli.stacks import clean_env, command, descendants
from tests.waiting import until

TICKS = os.sysconf("SC_CLK_TCK")
SECRET_KEY = "a secret key of at least 32 characters, for benchmarks"
ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "the auth token of the benchmarks", "+15005550006"
PROVIDER_PORT = 8899  # of the provider that costs nothing


@dataclass(frozen=True)
class Chosen:
    """What was asked for at the command line. `scale` multiplies the bounded sizes (1.0 is the size
    of the docs); `peers` is the folder of the other yardsticks, if any."""

    scale: float = 1.0
    rounds: int = 3
    peers: Path | None = None

    def size(self, usual: int) -> int:
        """A size, scaled."""
        return max(1, int(usual * self.scale))


@dataclass
class Ground:
    """Servers of one run, and an empty migrated database per benchmark."""

    chosen: Chosen
    folder: Path
    postgres: servers.PostgresServer
    redis: servers.RedisServer
    _template: str = ""

    def database(self) -> str:
        """The URL of a fresh, migrated database."""
        if not self._template:
            url = self.postgres.create_database()
            base.connect(url)
            schema.migrate()
            base.db.close_all()
            self._template = servers.database_name(url)
        return self.postgres.create_database(self._template)

    def bare_database(self) -> str:
        """The URL of a fresh, empty database, for a yardstick."""
        return self.postgres.create_database()

    def environ(self, database: str, **more: str) -> dict[str, str]:
        """The environment of our processes on this database, with Twilio at the provider that costs
        nothing."""
        return clean_env(
            **{
                "DATABASE_URL": database,
                "REDIS_URL": self.redis.url,
                "SECRET_KEY": SECRET_KEY,
                "PUBLIC_BASE_URL": "https://hooks.example.com",
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_FROM_NUMBER": NUMBER,
                "TWILIO_API_BASE_URL": f"http://127.0.0.1:{PROVIDER_PORT}",
                "CLOCK_IN_WORKER": "false",
                "LOG_LEVEL": "ERROR",
                **more,
            }
        )

    @contextlib.contextmanager
    def connected(self, environ: dict[str, str]) -> Iterator[Settings]:
        """This very process on the database of an environment, for filling and looking."""
        settings = boot.start(Settings.from_env(environ))
        try:
            with base.connection():
                yield settings
        finally:
            base.db.close_all()

    def postgres_seconds(self) -> float:
        """What the database's processes took of the processor so far, those that ended too."""
        return seconds_of(self.postgres.process.pid)


@contextlib.contextmanager
def prepared(chosen: Chosen) -> Iterator[Ground]:
    """The servers, until the block ends. PostgreSQL commits durably here, unlike in tests."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rb-bench-")))
        redis = stack.enter_context(servers.start_redis(folder / "redis"))
        postgres = stack.enter_context(servers.start_postgres(DURABLE))
        yield Ground(chosen, folder, postgres, redis)


# As PostgreSQL comes, but for room: what is acknowledged has to survive.
DURABLE = {
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB",
    "max_wal_size": "4GB", "max_connections": "100",
}  # fmt: skip


@dataclass
class Running:
    """One of our processes, or another's, with all that it started."""

    process: subprocess.Popen[bytes] = field(repr=False)
    url: str = ""

    def seconds(self) -> float:
        """Time of the processor that it and its children took so far, those that ended included."""
        return seconds_of(self.process.pid)

    def resident(self) -> dict[int, int]:
        """Bytes of memory that each of its processes holds alone (private), by process id."""
        return {pid: _private(pid) for pid in {self.process.pid, *descendants(self.process.pid)}}


@contextlib.contextmanager
def running(words: Sequence[str], environ: dict[str, str], cwd: Path = ROOT) -> Iterator[Running]:
    """Run a command until the block ends; its output is kept and shown if it fails by itself."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            list(words), env=environ, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            preexec_fn=servers.last_will(),
        )  # fmt: skip
        try:
            yield Running(process)
            if process.poll() not in (None, 0):
                said.seek(0)
                raise RuntimeError(f"{words[0]}: {said.read()[-2000:].decode()}")
        finally:
            process.terminate()
            try:
                process.wait(35)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextlib.contextmanager
def ours(name: str, environ: dict[str, str], *options: str) -> Iterator[Running]:
    """`web`, `worker` or `clock` as an operator starts it; a web process that answers."""
    port = free_port()
    told = {**environ, "PORT": str(port)} if name == "web" else environ
    with running(command(name, *options), told) as one:
        if name == "web":
            one.url = f"http://127.0.0.1:{port}"
            until(lambda: answers(f"{one.url}/health"), "web", 90)
        yield one


@contextlib.contextmanager
def python(script: Path, environ: dict[str, str], *options: str) -> Iterator[Running]:
    """Another Python program."""
    with running([sys.executable, str(script), *options], environ) as one:
        yield one


def answers(url: str) -> bool:
    """Whether a GET is answered with 200."""
    session = requests.Session()
    session.trust_env = False
    try:
        return session.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def seconds_of(pid: int) -> float:
    """User and system time of a process and all its descendants, with those of its that ended."""
    return sum(_ticks(one) for one in {pid, *descendants(pid)}) / TICKS


def _ticks(pid: int) -> int:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(int(one) for one in parts[11:15])


def _private(pid: int) -> int:
    """Pages of its own and its share of others (PSS)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def some_id(prefix: str) -> str:
    """A Twilio-like id."""
    return prefix + secrets.token_hex(16)
