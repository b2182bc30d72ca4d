"""What counting a day costs the database."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from gateway.domain.lifecycle import CallState, MessageState
from gateway.models.base import db, dialect
from gateway.models.snapshot import Snapshot
from gateway.models.snapshot_facts import Span
from gateway.usecases import snapshot_figures, snapshots
from tests.rows import call
from tests.statements import heard, queries
from tests.usecases.days import Days, at, message

MOST = 24  # statements of one job, those that plan other days among them
INDEXES = (
    "booking_organization_id_mode_booked_at_id", "booking_canceled",
    "booking_organization_id_mode_starts_at", "notification_day", "feed_entry_confirmed",
    "message_log_organization_id_mode_created_at_id", "offer_listed",
    "payment_organization_id_mode_created_at",
)  # fmt: skip
AGO = "TIMESTAMPTZ '2026-10-22 09:30:00Z' - g * INTERVAL '6 hours'"


@pytest.fixture
def days(app: Flask) -> Days:
    return Days()


def busy(days: Days, day: int, how_much: int) -> None:
    """A day with so much of everything."""
    for number in range(how_much):
        days.book(at(day, 9, number), at(day, 12, number))
        rung = days.told(at(day, 8, number), plan=[{"channel": "voice"}])
        call(rung, state=CallState.COMPLETED, created_at=at(day, 8, number))
        message(days.told(at(day, 9, number)), MessageState.READ)


def statements(days: Days, day: int) -> int:
    with heard() as found:
        snapshots.count(f"{days.organization.id}|test|2026-10-{day}", at(day + 1, 0))
    assert Snapshot.newest(days.organization.id, "test") == f"2026-10-{day}"
    return len(queries(found))


@pytest.mark.row("C4")
def test_a_day_costs_as_many_statements_however_much_happened(days: Days) -> None:
    busy(days, 22, 1)
    statements(days, 22)
    busy(days, 23, 2)
    few = statements(days, 23)
    busy(days, 24, 20)
    assert statements(days, 24) == few
    assert few <= MOST


@pytest.mark.row("C4")
def test_every_figure_is_found_by_an_index(days: Days) -> None:
    busy(days, 22, 2)
    if dialect() == "postgresql":  # which judges by what is there
        years("notification", subject_id="'rq_' || g", due_at=AGO, finished_at=AGO)
        years("booking", booked_at=AGO, starts_at=AGO)
        years("message_log", external_id="'SM' || g", notification_id="NULL", created_at=AGO)
        db.execute_sql("SET enable_seqscan = off")
        db.execute_sql("ANALYZE")
    span = Span(days.organization.id, "test", at(22, 0), at(22, 0) + timedelta(days=1))
    with heard() as found:
        snapshot_figures.of(span)
    plans = "\n".join(plan(*one) for one in queries(found))
    assert [name for name in INDEXES if name not in plans] == [], plans
    assert " SCAN " not in f" {plans}"


def years(table: str, **moments: str) -> None:
    """Four thousand more rows of a table, one every six hours."""
    columns = [column.name for column in db.get_columns(table)]
    given = {"id": f"'{table[:2]}_' || g", **moments}
    values = ", ".join(given.get(name, name) for name in columns)
    one = f"(SELECT * FROM {table} LIMIT 1) t"
    into = f"INSERT INTO {table} ({', '.join(columns)})"
    db.execute_sql(f"{into} SELECT {values} FROM {one}, generate_series(1, 4000) g")


def plan(sql: str, params: Any) -> str:
    """How the database would find the answer."""
    if dialect() == "postgresql":
        rows = db.execute_sql(f"EXPLAIN {sql}", params).fetchall()
        return "\n".join(row[0] for row in rows)
    rows = db.execute_sql(f"EXPLAIN QUERY PLAN {sql}", params).fetchall()
    return "\n".join(row[3] for row in rows)
