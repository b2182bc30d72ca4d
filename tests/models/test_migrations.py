"""The schema: up, down and up again, the same as the models, and one at a time."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from gateway.models import base, schema
from gateway.models.tables import TABLES
from tests import servers
from tests.conftest import Configure
from tests.waiting import until


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: servers.PostgresServer = request.getfixturevalue("postgres")
    return server.create_database()


def _tables() -> set[str]:
    kept = {"schema_migration"}
    found = {name for name in base.db.get_tables() if not name.startswith("transcript_search")}
    return found - kept


def test_migrations_go_up_down_and_up_again(empty_database: str) -> None:
    base.connect(empty_database)
    with base.connection():
        names = schema.pending()
    assert names
    assert schema.migrate() == names
    with base.connection():
        assert schema.pending() == []
        wanted = {model._meta.table_name for model in TABLES}
        assert _tables() == wanted
    assert schema.migrate() == []
    assert schema.rollback(names[0]) == names[::-1]
    with base.connection():
        assert _tables() == set()
        assert schema.applied() == []
    assert schema.migrate() == names
    base.db.close_all()


def test_every_column_and_unique_index_of_the_models_is_in_the_schema(
    configure: Configure,
) -> None:
    configure()
    with base.connection():
        for model in TABLES:
            table = model._meta.table_name
            columns = {column.name for column in base.db.get_columns(table)}
            assert columns == {field.column_name for field in model._meta.sorted_fields}, table
            unique = {tuple(i.columns) for i in base.db.get_indexes(table) if i.unique}
            for fields, is_unique in model._meta.indexes:
                if is_unique:
                    names = tuple(model._meta.fields[name].column_name for name in fields)
                    assert names in unique, f"{table} {names}"
            for field in model._meta.sorted_fields:
                if field.unique:
                    assert (field.column_name,) in unique, f"{table} {field.column_name}"


def test_two_that_migrate_at_once_do_not_disturb_each_other(empty_database: str) -> None:
    command = [sys.executable, "-m", "gateway", "migrate"]
    env = {**os.environ, "DATABASE_URL": empty_database}
    running = [
        subprocess.Popen(command, env=env, stdout=-1, stderr=-1, text=True) for _ in range(2)
    ]
    ended = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    base.connect(empty_database)
    with base.connection():
        assert schema.pending() == []
    base.db.close_all()


LIGHTER = "0015_lighter_indexes"


@pytest.fixture
def without_lighter(postgres: servers.PostgresServer) -> Iterator[psycopg.Connection]:
    """Somebody else's connection to a database whose indexes are still to be made lighter."""
    url = postgres.create_database()
    base.connect(url)
    schema.migrate(to="0014_console")
    with psycopg.connect(url) as another:
        yield another
    base.db.close_all()


def test_a_migration_may_take_longer_than_a_request(without_lighter: psycopg.Connection) -> None:
    with base.connection():
        base.db.execute_sql("SET statement_timeout = '200ms'")
        without_lighter.execute("LOCK TABLE call_log")
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(lambda: without_lighter.execute("SELECT pg_sleep(1); COMMIT"))
            assert LIGHTER in schema.migrate()
            busy.result()
    with base.connection():
        assert base.db.execute_sql("SHOW statement_timeout").fetchone() == ("20s",)
        assert base.db.execute_sql("SHOW lock_timeout").fetchone() == ("4s",)


def test_indexes_are_made_while_others_read_and_take_their_places_together(
    without_lighter: psycopg.Connection,
) -> None:
    url = str(base.db.obj.database)
    without_lighter.execute("SELECT FROM provider_event, call_log, message_log")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(url, autocommit=True) as look:
        ran = pool.submit(schema.migrate)
        until(lambda: _asked(look, "AccessExclusiveLock"), "all indexes are made")
        assert "call_log_open_key_made" in _indexes(look)
        assert {"call_log_open_key", "call_log_provider_account_external_id"} <= _indexes(look)
        without_lighter.rollback()
        assert LIGHTER in ran.result()
        assert not [name for name in _indexes(look) if name.endswith("_made")]


def _asked(look: psycopg.Connection, mode: str) -> bool:
    """Whether anybody waits for such a lock on a table."""
    waiting = "SELECT FROM pg_locks WHERE relation IS NOT NULL AND NOT granted AND mode = %s"
    return look.execute(waiting, (mode,)).fetchone() is not None


def _indexes(look: psycopg.Connection) -> set[str]:
    return {name for (name,) in look.execute("SELECT indexname FROM pg_indexes").fetchall()}


def test_what_was_interrupted_before_it_was_noted_runs_again(empty_database: str) -> None:
    base.connect(empty_database)
    schema.migrate()
    with base.connection():
        before = {one.name: one.sql for one in base.db.get_indexes("call_log")}
        base.db.execute_sql(f"DELETE FROM schema_migration WHERE name = '{LIGHTER}'")
    assert schema.migrate() == [LIGHTER]
    with base.connection():
        assert {one.name: one.sql for one in base.db.get_indexes("call_log")} == before
    base.db.close_all()
