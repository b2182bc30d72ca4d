"""The two kinds of database under a stack: how the product reaches each, how the oracle reads it
behind the product's back, and how it can be broken."""

import contextlib
import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from tests import servers
from tests.faults.suite.proxy import Proxy
from tests.waiting import until

Rows = list[tuple[Any, ...]]


class Database(Protocol):
    """What the engine needs of either."""

    kind: str
    url: str
    proxied: str  # the same through a proxy, where there is one

    def read(self, query: str, *values: str) -> Rows:
        """Rows of a query with ? for each value; never changes anything."""

    def heal(self) -> None:
        """Whatever was done to it, undo it."""


class Sqlite:
    """A file."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ringback.db"
        self.url = self.proxied = f"sqlite:///{self.path}"

    def read(self, query: str, *values: str) -> Rows:
        """See Database."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)
        ) as connection:
            return connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Another writer holds the one write lock."""
        holder = sqlite3.connect(self.path, isolation_level=None, timeout=30)
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("COMMIT")
            holder.close()

    @contextlib.contextmanager
    def pinned(self) -> Iterator[None]:
        """A reader that does not end keeps the write-ahead log from being taken over."""
        reader = sqlite3.connect(self.path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM notification").fetchone()
        try:
            yield
        finally:
            reader.close()

    def heal(self) -> None:
        """Nothing of it lasts."""


class Postgres:
    """A server of this run's own, reached by its socket or through a proxy."""

    kind = "postgresql"

    def __init__(self, server: servers.PostgresServer) -> None:
        self.server = server
        self.url = server.create_database()
        self.name = servers.database_name(self.url)
        # What was acknowledged must survive a crash of the server.
        server.execute(sql.SQL("ALTER ROLE postgres SET synchronous_commit = on"))
        self.proxy = Proxy(server.folder / ".s.PGSQL.5432")
        self.proxied = f"postgresql://postgres@127.0.0.1:{self.proxy.port}/{self.name}"

    def read(self, query: str, *values: str) -> Rows:
        """See Database."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as connection:
            connection.execute("SET default_transaction_read_only = on")
            return connection.execute(query.replace("?", "%s"), values).fetchall()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Another session holds a lock on the table that everything goes through."""
        with psycopg.connect(self.url) as holder:
            holder.execute("LOCK TABLE notification IN EXCLUSIVE MODE")
            yield
            holder.rollback()

    @contextlib.contextmanager
    def pinned(self) -> Iterator[None]:
        """A long transaction keeps an old snapshot, so that nothing can be cleaned up."""
        with psycopg.connect(self.url) as reader:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT count(*) FROM notification")
            yield
            reader.rollback()

    def restart(self, number: int) -> None:
        """End the server by SIGINT (fast) or SIGQUIT (immediate, like a crash) and start it."""
        old = self.server.process
        old.send_signal(number)
        old.wait(20)
        with (self.server.folder / "postgres.log").open("ab") as log:
            self.server.process = subprocess.Popen(
                old.args, cwd=self.server.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                preexec_fn=servers.last_will(), **servers._as_nobody(self.server.folder),
            )  # fmt: skip
        self.wait()

    def wait(self) -> None:
        """Until it takes connections."""
        until(lambda: servers._accepts(self.server), "PostgreSQL", 20)

    def backends(self) -> list[int]:
        """The process ids of the product's sessions."""
        found = self.server.execute(
            sql.SQL(
                "SELECT pid FROM pg_stat_activity WHERE datname = {} AND pid <> pg_backend_pid()"
            ).format(sql.Literal(self.name))
        )
        return [int(row[0]) for row in found]

    def signal_all(self, number: int) -> None:
        """A signal to the server and everything that belongs to it."""
        main = self.server.process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in [main, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def read_only(self, on: bool) -> None:
        """Have every session from now on refuse to write, or not; present ones are ended."""
        word = sql.SQL("on" if on else "off")
        self.server.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(
                sql.Identifier(self.name), word
            )
        )
        self.terminate()

    def terminate(self) -> None:
        """End every session."""
        self.server.execute(
            sql.SQL(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = {}"
            ).format(sql.Literal(self.name))
        )

    def heal(self) -> None:
        """Running, reachable, prompt."""
        self.signal_all(signal.SIGCONT)
        self.proxy.latency, self.proxy.deaf, self.proxy.silence_after = 0.0, False, None
        self.proxy.accept()
        self.wait()

    def close(self) -> None:
        """End the proxy."""
        self.proxy.close()


def moment(value: Any) -> datetime | None:
    """A time as either database gives it."""
    if value is None or isinstance(value, datetime):
        return value.astimezone(UTC) if value is not None else None
    return datetime.fromisoformat(str(value)).astimezone(UTC)
