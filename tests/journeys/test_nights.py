"""The whole product at night: what was booked by day is counted by itself."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from gateway import wallclock
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL
from tests.waiting import until

BERLIN = ZoneInfo("Europe/Berlin")  # where the stack's organization is


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """The clock, which this process follows no longer than the test."""
    made = tmp_path / "clock.json"
    made.write_text(json.dumps({"origin": 0.0, "shown": 0.0, "rate": 1.0}))
    yield made
    wallclock.follow(None)


@pytest.mark.row("C4")
@pytest.mark.row("B4")
@ON_POSTGRESQL
def test_preferences_follow_at_once_and_the_day_is_counted_at_one_in_the_morning(
    start_stack: StartStack, file: Path
) -> None:
    api = start_stack(GATEWAY_CLOCK_FILE=str(file)).api
    today = wallclock.now().astimezone(BERLIN).date()
    starts_at = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    booking = api.book(starts_at=starts_at, service={"id": "cut", "name": "Haircut"}, reminders=[])
    path = f"/contacts/{booking['contact']['id']}/preferences"
    until(lambda: api.take("GET", path)["bookings"] == 1, "the preferences", seconds=20)
    assert api.take("GET", path)["service"]["name"] == "Haircut"

    one = datetime.combine(today + timedelta(days=1), time(1), BERLIN)
    wallclock.set_reading(str(file), one.astimezone(UTC) + timedelta(seconds=1))

    (counted,) = until(lambda: api.take("GET", "/snapshots")["data"], "the figures", seconds=30)
    assert (counted["day"], counted["bookings"]["made"]) == (str(today), 1)
