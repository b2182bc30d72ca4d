"""Days as the wall shows them are spans without gap or overlap, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import local_days, times

ZONES = (
    "Europe/Berlin", "America/New_York", "America/Havana", "America/Santiago", "Asia/Beirut",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Auckland", "UTC",
)  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 11, 22), 24),
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/Havana", date(2026, 3, 8), 23),  # its midnight is skipped
        ("America/Havana", date(2026, 11, 1), 25),  # its midnight comes twice
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),  # the calendar skipped it
    ],
)
def test_a_day_has_as_many_hours_as_the_clocks_give_it(zone: str, day: date, hours: float) -> None:
    assert local_days.end(day, zone) - local_days.begin(day, zone) == timedelta(hours=hours)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(ZONES),
)
def test_every_moment_lies_in_the_day_that_the_wall_shows(moment: datetime, zone: str) -> None:
    at = moment.replace(tzinfo=UTC)
    day = times.local_day(at, zone)
    assert local_days.begin(day, zone) <= at < local_days.end(day, zone)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kathmandu", "America/New_York"])
def test_a_day_is_looked_at_from_one_in_the_morning_on(zone: str) -> None:
    one = datetime(2026, 11, 22, 1, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert local_days.last_over(one, zone) == date(2026, 11, 21)
    assert local_days.last_over(one - timedelta(seconds=1), zone) == date(2026, 11, 20)


def test_a_span_of_days_has_its_first_and_its_last() -> None:
    found = list(local_days.span(date(2026, 2, 27), date(2026, 3, 1)))
    assert found == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
