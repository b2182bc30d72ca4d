"""SQLite with a fair turn for every writer.

SQLite's own waiting sleeps longer and longer, so that under load a writer can be passed over for
seconds until it gives up. Here one thread of a process at a time asks for the write lock, and asks
again every millisecond or two.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peewee import OperationalError
from playhouse.pool import PooledSqliteDatabase

from gateway.models.gathering import write_changes

WAIT = 4.0  # seconds for a turn; after that the caller hears that the database is locked


class FairSqliteDatabase(PooledSqliteDatabase):  # type: ignore[misc]
    """A pooled SQLite database in WAL mode whose transactions take the write lock at once."""

    def __init__(self, path: str, connections: int) -> None:
        self._turn = threading.Lock()
        super().__init__(
            path,
            max_connections=connections,
            timeout=10,
            lock_type="IMMEDIATE",
            check_same_thread=False,
            pragmas={
                "journal_mode": "wal",
                "foreign_keys": 1,
                "busy_timeout": int(WAIT * 1000),
                "synchronous": "full",
                "secure_delete": 1,  # what is erased is overwritten, not only given up
                "cache_size": -16000,
            },
        )

    def execute_sql(self, sql: Any, params: Any = None) -> Any:
        """As peewee's, after what this thread's transaction kept back was written."""
        write_changes()
        return super().execute_sql(sql, params)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold this process's turn to write. Raises OperationalError after WAIT seconds."""
        if self.in_transaction():
            yield
            return
        if not self._turn.acquire(timeout=WAIT):
            raise OperationalError("database is locked")
        try:
            yield
        finally:
            self._turn.release()

    def begin(self, lock_type: Any = None) -> None:
        """Begin with the write lock in hand. Raises OperationalError after WAIT seconds."""
        deadline = time.monotonic() + WAIT
        self.execute_sql("PRAGMA busy_timeout = 0")
        try:
            while True:
                try:
                    super().begin(lock_type)
                    return
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > deadline:
                        raise
                time.sleep(random.uniform(0.0005, 0.002))
        finally:
            self.execute_sql(f"PRAGMA busy_timeout = {int(WAIT * 1000)}")
