"""PostgreSQL through a pool that asks a connection whether it still lives only where it may have
gone."""

import select
import time
import weakref
from typing import Any

from peewee import (  # type: ignore[attr-defined]
    InterfaceError,
    OperationalError,
    __exception_wrapper__,
)
from playhouse.pool import PooledPostgresqlDatabase
from psycopg import errors, generators
from psycopg.pq import ExecStatus

from gateway.models.gathering import write_changes

IDLE = 5.0  # seconds after which a connection is asked whatever it looks like


class WatchedPostgresqlDatabase(PooledPostgresqlDatabase):  # type: ignore[misc]
    """A pooled PostgreSQL. A connection that the server closed has something to be read, its end;
    one that was cut on the way shows nothing, and is asked after it was idle for a while."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._used: weakref.WeakKeyDictionary[Any, float] = weakref.WeakKeyDictionary()
        super().__init__(*args, **options)

    def execute_sql(self, sql: Any, params: Any = None) -> Any:
        """As peewee's, after what this thread's transaction kept back was written."""
        write_changes()
        return super().execute_sql(sql, params)

    def begin(self, isolation_level: Any = None) -> None:
        """As peewee's, at the level that PostgreSQL has by itself."""
        self._say(b"BEGIN")

    def commit(self) -> None:
        """As peewee's. Raises OperationalError also where an earlier fault of the transaction was
        swallowed: PostgreSQL rolls it back then, and calls that a success."""
        if self.is_closed():
            raise InterfaceError("no connection is open")
        if self._say(b"COMMIT") != b"COMMIT":
            raise OperationalError("the transaction had failed: nothing of it is kept")

    def _say(self, word: bytes) -> bytes | None:
        """What was done. Without parameters and rows there is no need for a cursor, which takes as
        long again as the database and twice as long as this."""
        connection = self.connection()
        with __exception_wrapper__:
            connection.pgconn.send_query(word)
            told = connection.wait(generators.execute(connection.pgconn))[-1]
            if told.status != ExecStatus.COMMAND_OK:
                raise errors.error_from_result(told)
        done: bytes | None = told.command_status
        return done

    def _is_closed(self, conn: Any) -> bool:
        lately = time.monotonic() - self._used.get(conn, -IDLE) < IDLE
        if lately and not conn.closed and _silent(conn):
            return False
        return bool(super()._is_closed(conn))

    def _can_reuse(self, conn: Any) -> bool:
        self._used[conn] = time.monotonic()
        return bool(super()._can_reuse(conn))


def _silent(connection: Any) -> bool:
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return not poll.poll(0)
