"""The figures of days over HTTP: as JSON, as a spreadsheet, counted again."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.http.spreadsheet import cell
from gateway.models import base
from gateway.models.organization import Organization
from gateway.models.snapshot import Snapshot
from gateway.usecases import snapshots
from tests.http.stage import Api, fields_at_fault
from tests.jobs import work_off

SNAPSHOTS = "/api/v1/snapshots"
RECOMPUTE = f"{SNAPSHOTS}/recompute"


@pytest.fixture
def salon(api: Api) -> Api:
    """An organization that began ten days ago and books something."""
    with base.connection():
        began = datetime.now(UTC) - timedelta(days=10)
        Organization.update(created_at=began).execute()
    api.book(reminders=[])
    return api


def night(ahead: timedelta = timedelta()) -> None:
    """What the clock does in a night, so far ahead."""
    now = datetime.now(UTC) + ahead
    with base.connection():
        snapshots.plan_days(now)
        work_off(now)


def days(api: Api, **query: Any) -> list[str]:
    return [row["day"] for row in api.read(SNAPSHOTS, **query)["data"]]


def sheet(api: Api, **asked: Any) -> list[dict[str, str]]:
    """The lines of the answer, which is no JSON."""
    headers = {**api.account.headers, **asked.pop("headers", {})}
    answer = api.app.test_client().get(SNAPSHOTS, headers=headers, **asked)
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.row("C4")
def test_days_are_listed_newest_first_by_range_and_page_by_page(salon: Api) -> None:
    assert days(salon) == []
    night()
    listed = days(salon)
    assert len(listed) >= 9
    assert listed == sorted(listed, reverse=True)
    assert days(salon, **{"from": listed[3], "to": listed[1]}) == listed[1:4]
    first = salon.read(SNAPSHOTS, limit=2)
    second = salon.read(SNAPSHOTS, limit=2, cursor=first["next_cursor"])
    assert [row["day"] for row in (*first["data"], *second["data"])] == listed[:4]


@pytest.mark.row("C4")
def test_a_day_tells_what_happened_on_it(salon: Api) -> None:
    night(timedelta(days=2))
    today = salon.read(SNAPSHOTS)["data"]
    assert sum(row["bookings"]["made"] for row in today) == 1
    row = today[0]
    assert (row["time_zone"], row["recovered"], row["cost"]) == ("Europe/Berlin", [], None)
    assert row["waitlist"] == {
        "offers": 0, "accepted": 0, "declined": 0, "expired": 0, "revoked": 0,
    }  # fmt: skip


@pytest.mark.row("C4")
@pytest.mark.parametrize(
    "asked", [{"query_string": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}]
)
def test_days_come_as_a_spreadsheet(salon: Api, asked: dict[str, Any]) -> None:
    night()
    lines = sheet(salon, **asked)
    assert [line["day"] for line in lines] == days(salon)
    assert {"bookings.made", "reach.noticed", "waitlist.offers"} <= set(lines[0])
    assert lines[0]["bookings.made"] == "0"


def test_a_browser_that_takes_anything_gets_json(salon: Api) -> None:
    for accepted in ("*/*", "application/json", "text/html,*/*;q=0.8"):
        assert salon.get(SNAPSHOTS, headers={"Accept": accepted}).mimetype == "application/json"


def test_every_kind_and_currency_is_a_column_of_its_own(salon: Api) -> None:
    night()
    told = [{"kind": "reminder", "channel": "sms", "outcome": "reached", "count": 7}]
    money = [{"currency": "EUR", "payments": 1, "amount": "20.00"}]
    with base.connection():
        row = Snapshot.select().where(Snapshot.mode == "test").order_by(Snapshot.day).first()
        figures = row.figures | {"notifications": told, "recovered": money}
        Snapshot.update(figures=figures).where(Snapshot.id == row.id).execute()
    *others, first = sheet(salon, query_string={"format": "csv"})
    named = ("notifications.reminder.sms.reached", "recovered.EUR")
    assert tuple(first[name] for name in named) == ("7", "20.00")
    assert {line[named[0]] for line in others} == {""}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert cell(text) == f"'{text}"
    assert (cell(-3), cell("2026-12-01"), cell(None)) == ("-3", "2026-12-01", "")


@pytest.mark.row("C4")
def test_days_counted_again_are_the_same(salon: Api) -> None:
    night()
    before = salon.read(SNAPSHOTS)
    with base.connection():
        Snapshot.update(figures={}).execute()
    wanted = {"from": before["data"][-1]["day"], "to": before["data"][0]["day"]}
    answer = salon.post(RECOMPUTE, wanted)
    assert answer.status_code == 202
    assert answer.json is not None
    assert answer.json["days"] == [row["day"] for row in reversed(before["data"])]
    night()
    assert salon.read(SNAPSHOTS) == before


def test_days_before_the_organization_began_are_not_counted(salon: Api) -> None:
    today = datetime.now(UTC).date()
    span = {"from": str(today - timedelta(days=300)), "to": str(today - timedelta(days=200))}
    answer = salon.post(RECOMPUTE, span)
    assert answer.json == {"days": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"to": "2026-01-02"}, "from"),
        ({"from": "2026-01-02"}, "to"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "from"),
        ({"from": "yesterday", "to": "2026-03-01"}, "from"),
        ({"from": 20260101, "to": "2026-03-01"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "2024-03-02", "to": "2026-03-01"}, "from"),
        ({"from": "0001-01-01", "to": "2026-03-01"}, "from"),
        ({"from": "2026-03-01", "to": "9999-12-31"}, "to"),
        ({"from": "2026-03-01", "to": str(datetime.now(UTC).date() + timedelta(days=1))}, "to"),
        ({"from": "2026-03-01", "to": "2026-03-01", "x": 1}, "x"),
    ],
)
def test_days_that_can_not_be_counted_are_refused(
    api: Api, body: dict[str, Any], field: str
) -> None:
    answer = api.post(RECOMPUTE, body)
    assert answer.status_code == 422
    assert fields_at_fault(answer) == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-1-1"}, "from"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from"),
        ({"format": "xlsx"}, "format"),
        ({"format": "csv", "from": "2020-01-01", "to": "2026-01-01"}, "from"),
        ({"format": "csv", "cursor": "A" * 40}, "cursor"),
        ({"day": "2026-01-01"}, "day"),
    ],
)
def test_a_range_that_can_not_be_read_is_refused(
    api: Api, query: dict[str, str], field: str
) -> None:
    answer = api.get(SNAPSHOTS, query_string=query)
    assert answer.status_code == 422
    assert fields_at_fault(answer) == [field]


def test_figures_need_their_scope_and_are_shown_to_their_owner_alone(
    salon: Api, new_api: Callable[[str], Api]
) -> None:
    night()
    assert days(new_api("Salon Bonn")) == []
    assert days(salon.with_key(salon.account.live_key)) != []
    assert salon.with_key(None).get(SNAPSHOTS).status_code == 401
