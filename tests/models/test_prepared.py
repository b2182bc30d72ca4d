"""Queries that are built once, and run with other values each time."""

from datetime import UTC, datetime, timedelta

import pytest
from peewee import IntegrityError

from gateway.models import base
from gateway.models.feed import FeedEntry, entry
from gateway.models.hold import Hold
from gateway.models.job import Job
from gateway.models.prepared import Given, Prepared

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.usefixtures("organization")


def test_a_query_is_built_once_and_its_values_are_those_of_each_run() -> None:
    built: list[int] = []

    def build() -> object:
        built.append(1)
        return Job.select().where(Job.key == Given("key"), Job.due_at <= Given("by"))

    for number in range(3):
        Job.plan(
            "offer.expire", f"of_{number}", NOW + timedelta(hours=number), NOW,
            organization=None, mode=None, kind="timer", lane="timers:1",
        )  # fmt: skip
    query = Prepared(build)

    assert [row.key for row in query.rows(key="of_1", by=NOW + timedelta(hours=1))] == ["of_1"]
    assert query.rows(key="of_1", by=NOW) == []
    assert [row.due_at for row in query.rows(key="of_0", by=NOW)] == [NOW]
    assert built == [1]


def test_a_value_that_looks_like_sql_stays_a_value() -> None:
    nasty = "x' OR 1=1; %s ? --"
    assert Hold.over([nasty, "all"]) == {}
    assert Hold.over([]) == {}


def test_a_change_that_is_refused_is_refused_each_time(organization: str) -> None:
    moved = entry(organization, "test", NOW, "offer", "of_1", "open", None)
    for _ in range(2):
        with base.atomic():
            FeedEntry.append([moved])
        with pytest.raises(IntegrityError), base.atomic():
            FeedEntry.append([{**moved, "mode": None}])
    assert FeedEntry.select().count() == 2
