"""The schema: up, down and up again, the same as the models, and one at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.models import base, schema
from gateway.models.tables import TABLES
from tests import servers
from tests.conftest import Configure


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
