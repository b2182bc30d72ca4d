"""Quiet hours anywhere, at any time, around every change of clocks; the tables with values worked
out by hand are in test_golden_quiet_hours."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gateway.domain import quiet_hours, times
from gateway.domain.errors import Invalid
from gateway.domain.quiet_hours import Action, QuietHours

MINUTE = timedelta(minutes=1)
FIRST = datetime(1990, 1, 1, tzinfo=UTC)
CHANGES = [
    ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),  # back over midnight
    ("Asia/Beirut", datetime(2026, 3, 28, 22, tzinfo=UTC)),  # midnight itself is skipped
    ("Antarctica/Troll", datetime(2026, 3, 29, 1, tzinfo=UTC)),  # two hours at once
]
near_a_change = st.tuples(
    st.sampled_from(CHANGES), st.timedeltas(timedelta(hours=-30), timedelta(hours=30))
).map(lambda drawn: (drawn[0][0], drawn[0][1] + drawn[1]))
anywhere = st.tuples(
    st.sampled_from(sorted(times.zones())),
    st.timedeltas(timedelta(0), timedelta(days=47 * 365)).map(FIRST.__add__),
)
moments = st.one_of(near_a_change, anywhere)
clock_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
early = st.builds(time, st.integers(0, 4), st.sampled_from([0, 1, 15, 30, 45, 59]))
windows = st.builds(QuietHours, clock_times | early, clock_times | early)


def _minute_of(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


@given(windows, moments)
@example(QuietHours(time(21), time(2)), CHANGES[1])
@example(QuietHours(time(1), time(5)), ("America/New_York", datetime(2026, 11, 1, 8, tzinfo=UTC)))
@settings(max_examples=300)
def test_the_end_of_quiet_hours_is_the_first_minute_that_is_not_quiet(
    window: QuietHours, moment: tuple[str, datetime]
) -> None:
    zone, at = moment
    until = window.quiet_until(at, zone)
    assert (until is not None) == window.covers(at, zone)
    assume(until is not None)
    assert until is not None
    counted = _minute_of(at) + MINUTE
    while window.covers(counted, zone):
        counted += MINUTE
    assert until == counted
    assert until.tzinfo is UTC
    assert window.quiet_until(until, zone) is None, "asking again changes nothing"


@given(windows, moments)
@example(QuietHours(time(1), time(5)), ("America/New_York", datetime(2026, 11, 1, 8, tzinfo=UTC)))
@settings(max_examples=300)
def test_the_last_minute_before_quiet_hours_is_the_nearest_one_that_is_not_quiet(
    window: QuietHours, moment: tuple[str, datetime]
) -> None:
    zone, at = moment
    before = window.last_before(at, zone)
    assert (before is not None) == window.covers(at, zone)
    assume(before is not None)
    counted = _minute_of(at)
    while window.covers(counted, zone):
        counted -= MINUTE
    assert before == counted


@given(windows, moments, st.floats(0, 1))
def test_every_moment_of_one_night_has_the_same_end(
    window: QuietHours, moment: tuple[str, datetime], share: float
) -> None:
    zone, at = moment
    stretch = window.window(at, zone)
    assume(stretch is not None)
    assert stretch is not None
    assert stretch.start <= at < stretch.end
    last = stretch.end - timedelta.resolution
    within = min(stretch.start + (stretch.end - stretch.start) * share, last)
    assert window.window(within, zone) == window.window(last, zone) == stretch


@given(moments, clock_times)
def test_a_window_of_equal_ends_is_none(moment: tuple[str, datetime], both: time) -> None:
    zone, at = moment
    window = QuietHours(both, both)
    assert (window.quiet_until(at, zone), window.last_before(at, zone)) == (None, None)


@given(windows, moments)
def test_the_zone_in_which_a_moment_is_written_makes_no_difference(
    window: QuietHours, moment: tuple[str, datetime]
) -> None:
    zone, at = moment
    written = at.astimezone(ZoneInfo(zone))
    assert window.window(written, zone) == window.window(at, zone)


@given(st.builds(QuietHours, clock_times, clock_times, st.sampled_from(Action)))
def test_quiet_hours_survive_being_kept(window: QuietHours) -> None:
    kept = window.to_json()
    quiet_hours.check(kept)
    assert quiet_hours.from_json(kept) == window


def test_what_is_not_named_is_as_usual() -> None:
    assert quiet_hours.from_json({}) == QuietHours(time(21), time(8), Action.DEFER)
    assert quiet_hours.from_json({"to": "07:30"}) == QuietHours(time(21), time(7, 30))


@pytest.mark.parametrize(
    ("kept", "field"),
    [
        ([], "quiet_hours"),
        ("21:00", "quiet_hours"),
        ({"till": "08:00"}, "quiet_hours"),
        ({"from": "24:00"}, "quiet_hours.from"),
        ({"from": "9:00"}, "quiet_hours.from"),
        ({"from": "21:00:00"}, "quiet_hours.from"),
        ({"from": 21}, "quiet_hours.from"),
        ({"to": None}, "quiet_hours.to"),
        ({"to": "08:60"}, "quiet_hours.to"),
        ({"to": "٠٨:٠٠"}, "quiet_hours.to"),
        ({"to": "08:00\n"}, "quiet_hours.to"),
        ({"action": "drop"}, "quiet_hours.action"),
        ({"action": []}, "quiet_hours.action"),
    ],
)
def test_quiet_hours_that_can_not_be_are_refused_by_name(kept: Any, field: str) -> None:
    with pytest.raises(Invalid) as fault:
        quiet_hours.check(kept)
    assert fault.value.field == field
