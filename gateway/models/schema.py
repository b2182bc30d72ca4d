"""The state of the database's schema: which migrations ran, and running them."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import OperationalError
from playhouse.migrations import Runner

from gateway.domain.errors import StoreUnavailable
from gateway.failpoints import hit
from gateway.models.base import connection, db, dialect
from gateway.models.feed import FeedEntry

DIRECTORY = Path(__file__).resolve().parents[2] / "migrations"
_LOCK = 7261736  # any number: PostgreSQL's advisory locks are named by one


def _runner() -> Runner:
    return Runner(db.obj, str(DIRECTORY), table_name="schema_migration")


def applied() -> list[str]:
    """Names of the migrations that ran, oldest first."""
    return [row.name for row in _runner().status() if row.applied]


def pending() -> list[str]:
    """Names of the migrations that did not run yet, in order."""
    return [row.name for row in _runner().status() if not row.applied]


def migrate(to: str | None = None) -> list[str]:
    """Run what is pending, up to and with `to`; returns the names. Two at once wait for each
    other. A database that came into another cluster goes on with its feed's order. Raises
    StoreUnavailable when the database can't be reached."""
    return _alone(lambda runner: _up(runner, to))


def _up(runner: Runner, to: str | None) -> list[str]:
    names: list[str] = runner.up(to)
    if db.table_exists("feed_base"):
        FeedEntry.resume_order(if_needed=True)
    return names


def rollback(to: str) -> list[str]:
    """Undo migrations, newest first, down to and with `to`; returns the names."""
    return _alone(lambda runner: runner.down(to))


def _alone(step: Callable[[Runner], list[str]]) -> list[str]:
    with _turn():
        try:
            hit("migrate.mid")
            return list(step(_runner()))
        except OperationalError as error:
            raise StoreUnavailable("the migration could not run") from error


@contextmanager
def _turn() -> Iterator[None]:
    """A connection, for one migration at a time: by an advisory lock on PostgreSQL; on SQLite by a
    lock beside the file, taken first, since opening a fresh database writes to it already."""
    if dialect() == "sqlite":
        try:
            held = Path(f"{db.obj.database}.migrate").open("w")  # noqa: SIM115 - closed below
        except OSError as error:
            raise StoreUnavailable("the database can't be reached") from error
        with held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with connection():
                yield
        return
    with connection():
        db.execute_sql("SET lock_timeout = '60s'")
        db.execute_sql("SET statement_timeout = 0")  # an index takes as long as it takes
        db.execute_sql("SELECT pg_advisory_lock(%s)", (_LOCK,))
        try:
            yield
        finally:
            db.execute_sql("SELECT pg_advisory_unlock(%s)", (_LOCK,))
            db.execute_sql("RESET statement_timeout")
            db.execute_sql("RESET lock_timeout")
