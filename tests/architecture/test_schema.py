"""The migrated schema is the one that the models describe, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from typing import Any

import pytest
from peewee import ForeignKeyField

from gateway.models import base, schema
from gateway.models.base import Row
from gateway.models.tables import TABLES
from gateway.settings import Settings

Configure = Callable[..., Settings]

# Indexes that only the migrations make: partial ones and the search, by table.
BY_HAND: dict[str, set[tuple[str, ...]]] = {
    "notification": {
        ("next_attempt_at",),
        ("lease_until",),
        ("lane", "next_attempt_at"),
        ("lane", "organization_id", "next_attempt_at"),
        ("held_by", "lane", "organization_id", "due_at"),
        ("step_until",),
        ("organization_id", "finished_at"),
        ("organization_id", "mode", "finished_at"),
        ("organization_id", "mode", "due_at"),
    },
    "contact": {("organization_id", "updated_at")},
    "booking": {
        ("overdue_at",),
        ("organization_id", "mode"),
        ("organization_id", "starts_at"),
        ("organization_id", "mode", "canceled_at"),
    },
    "feed_entry": {("organization_id", "mode", "at")},
    "job": {
        ("lane", "next_attempt_at"),
        ("lane", "organization_id", "next_attempt_at"),
        ("lease_until",),
        ("held_by", "due_at"),
        ("kind", "finished_at"),
    },
    "cron_job": {("next_at",)},
    "enrolment": {("sequence_id", "id")},
    "waitlist_entry": {
        ("organization_id", "mode", "service_id", "created_at", "id"),
        ("organization_id", "mode", "created_at", "id"),
    },
    "slot": {
        ("organization_id", "mode", "service_id", "starts_at"),
        ("organization_id", "mode", "created_at", "id"),
    },
    "offer": {
        ("organization_id", "mode", "offered_at", "id"),
        ("waitlist_entry_id",),
        ("expires_at",),
    },
    "call_log": {
        ("lookup_at",),
        ("end_at",),
        ("organization_id", "created_at"),
        ("organization_id", "mode", "provider", "created_at", "id"),
        ("organization_id", "mode", "state", "created_at", "id"),
    },
    "message_log": {
        ("lookup_at",),
        ("organization_id", "created_at"),
        ("organization_id", "mode", "provider", "created_at", "id"),
        ("organization_id", "mode", "channel", "created_at", "id"),
        ("organization_id", "mode", "state", "created_at", "id"),
    },
    "provider_event": {
        ("next_attempt_at",),
        ("organization_id", "received_at"),
        ("organization_id", "applied_at"),
    },
    "transcript": {("organization_id", "received_at")},
}
UNIQUE_BY_HAND: dict[str, set[tuple[str, ...]]] = {
    "enrolment": {("sequence_id", "contact_id")},
    "offer": {("slot_id",), ("waitlist_entry_id",)},
    "slot": {("organization_id", "mode", "staff_id", "starts_at")},
    "dead_letter": {("object", "object_id")},
}
_SEARCH = ("transcript_search", "contact_name")


def meta_of(model: type[Row]) -> Any:
    """What Peewee knows of a model."""
    return model._meta


def columns_of(model: type[Row]) -> dict[str, bool]:
    """Column -> whether it takes NULL, as the model says. The primary key never does."""
    fields = meta_of(model).sorted_fields
    return {field.column_name: field.null for field in fields if not field.primary_key}


def indexes_of(model: type[Row]) -> set[tuple[tuple[str, ...], bool]]:
    """(columns, unique) of each index that the model asks for."""
    meta = meta_of(model)
    found: set[tuple[tuple[str, ...], bool]] = {
        ((field.column_name,), field.unique)
        for field in meta.sorted_fields
        if not field.primary_key and (field.index or field.unique)
        and not (isinstance(field, ForeignKeyField) and field.index is False)
    }  # fmt: skip
    for names, unique in meta.indexes:
        found.add((tuple(meta.combined[name].column_name for name in names), unique))
    return found


def table_of(model: type[Row]) -> str:
    """The model's table."""
    return str(meta_of(model).table_name)


@pytest.mark.row("F5")
def test_the_models_are_what_the_migrations_make(configure: Configure) -> None:
    configure()
    with base.connection():
        for model in TABLES:
            table = table_of(model)
            found = base.db.get_columns(table)
            kept = {one.name: one.null for one in found if not one.primary_key}
            assert kept == columns_of(model), table


@pytest.mark.row("F5")
def test_the_indexes_are_what_the_models_ask_for(configure: Configure) -> None:
    configure()
    with base.connection():
        for model in TABLES:
            table = table_of(model)
            key = meta_of(model).primary_key.column_name
            found = {
                (tuple(one.columns), bool(one.unique))
                for one in base.db.get_indexes(table)
                if one.columns != [key] and not one.name.startswith(_SEARCH)
            }
            by_hand = {(columns, False) for columns in BY_HAND.get(table, set())}
            by_hand |= {(columns, True) for columns in UNIQUE_BY_HAND.get(table, set())}
            assert found == indexes_of(model) | by_hand, table


def test_no_table_is_without_its_model(configure: Configure) -> None:
    configure()
    with base.connection():
        tables = {name for name in base.db.get_tables() if not name.startswith(_SEARCH)}
    assert tables == {table_of(model) for model in TABLES} | {"schema_migration"}


def test_the_schema_can_be_undone_and_made_again(configure: Configure) -> None:
    configure()
    with base.connection():
        names = schema.applied()
    assert schema.rollback(names[0]) == list(reversed(names))
    with base.connection():
        assert base.db.get_tables() == ["schema_migration"]
    assert schema.migrate() == names


def test_a_column_too_few_is_noticed(configure: Configure) -> None:
    configure()
    with base.connection():
        base.db.execute_sql("ALTER TABLE dead_letter ADD COLUMN extra TEXT")
        kept = {one.name: one.null for one in base.db.get_columns("dead_letter")}
    model = next(model for model in TABLES if table_of(model) == "dead_letter")
    assert kept != columns_of(model)
