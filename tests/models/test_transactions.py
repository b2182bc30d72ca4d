"""How a transaction on PostgreSQL ends when it can't be committed."""

import contextlib

import psycopg
import pytest
from peewee import DataError, IntegrityError, OperationalError

from gateway.models import base
from gateway.models.organization import Organization
from tests.databases import ON_POSTGRESQL
from tests.rows import NOW

pytestmark = ON_POSTGRESQL


def names() -> set[str]:
    """The organizations that are there."""
    return {row.name for row in Organization.select(Organization.name)}


def test_what_is_refused_at_the_commit_is_undone_and_told(organization: str) -> None:
    base.db.execute_sql("CREATE TEMP TABLE page (id int PRIMARY KEY)")
    base.db.execute_sql(
        "CREATE TEMP TABLE note (page int REFERENCES page DEFERRABLE INITIALLY DEFERRED)"
    )

    @base.atomic()
    def refused() -> None:
        Organization.add("Other", "UTC", [], NOW)
        base.db.execute_sql("INSERT INTO note VALUES (1)")

    with pytest.raises(IntegrityError):
        refused()
    assert names() == {"Practice"}
    with base.atomic():
        Organization.add("Other", "UTC", [], NOW)
    assert names() == {"Practice", "Other"}


def test_a_connection_that_is_cut_before_the_commit_keeps_nothing(
    organization: str, database_url: str
) -> None:
    number = base.db.connection().info.backend_pid

    @base.atomic()
    def cut() -> None:
        Organization.add("Other", "UTC", [], NOW)
        with psycopg.connect(database_url) as another:
            another.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))

    with pytest.raises(OperationalError):
        cut()
    base.give_back(broken=True)
    base.borrow()
    assert names() == {"Practice"}


def test_one_that_is_begun_on_a_connection_that_was_cut_says_so(
    organization: str, database_url: str
) -> None:
    number = base.db.connection().info.backend_pid
    with psycopg.connect(database_url) as another:
        another.execute("SELECT pg_terminate_backend(%s, 5000)", (number,))
    with pytest.raises(OperationalError), base.atomic():
        pytest.fail("it was begun")
    base.give_back(broken=True)


def test_what_a_swallowed_fault_undid_is_told_at_the_end(organization: str) -> None:
    @base.atomic()
    def careless() -> None:
        Organization.add("Other", "UTC", [], NOW)
        with contextlib.suppress(DataError):
            base.db.execute_sql("SELECT 1 / 0")

    with pytest.raises(OperationalError, match="nothing of it is kept"):
        careless()
    assert names() == {"Practice"}
    with base.atomic():
        Organization.add("Other", "UTC", [], NOW)
    assert names() == {"Practice", "Other"}
