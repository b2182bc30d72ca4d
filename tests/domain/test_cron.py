"""Cron expressions by the clock on the wall: golden moments around clock changes, properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain import cron
from gateway.domain.errors import Invalid

ZONES = ("UTC", "Europe/Warsaw", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu")
EXPRESSIONS = (
    "* * * * *", "0 * * * *", "*/20 * * * *", "0 1 * * *", "30 2 * * *", "0 0 * * *",
    "15 3 * * MON-FRI", "0 9 L * *", "0 12 1-7 * MON", "5 4 29 2 *", "0 0,1,2,3 * * *",
)  # fmt: skip
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=1096)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _first(count: int, expression: str, zone: str, after: str) -> list[str]:
    found, at = [], _at(after)
    for _ in range(count):
        following = cron.following(expression, zone, at)
        assert following is not None
        at = following
        found.append(f"{at:%m-%d %H:%M}")
    return found


@pytest.mark.row("C4")
@pytest.mark.parametrize(
    ("expression", "zone", "after", "moments"),
    [
        # 02:30 does not exist on 29 March: it comes when the gap is over.
        ("30 2 * * *", "Europe/Warsaw", "2026-03-27 12:00",
         ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        # It exists twice on 25 October, and comes the first time only.
        ("30 2 * * *", "Europe/Warsaw", "2026-10-24 12:00",
         ["10-25 00:30", "10-26 01:30", "10-27 01:30"]),
        # … also for who asks in the repeated hour.
        ("30 2 * * *", "Europe/Warsaw", "2026-10-25 01:10", ["10-26 01:30"]),
        # What comes every hour comes in both of them, and in none that is missing.
        ("0 * * * *", "Europe/Warsaw", "2026-10-24 23:30",
         ["10-25 00:00", "10-25 01:00", "10-25 02:00"]),
        ("0 * * * *", "Europe/Warsaw", "2026-03-29 00:00", ["03-29 01:00", "03-29 02:00"]),
        ("0 1 * * *", "Europe/Warsaw", "2026-03-28 12:00", ["03-29 00:00", "03-29 23:00"]),
        # Midnight itself is missing on the day that the clocks change in Santiago.
        ("0 0 * * *", "America/Santiago", "2026-09-05 12:00", ["09-06 04:00", "09-07 03:00"]),
        # Lord Howe's clocks go back by half an hour.
        ("*/20 * * * *", "Australia/Lord_Howe", "2026-04-04 14:30",
         ["04-04 14:40", "04-04 15:10", "04-04 15:30"]),
        ("0 1 * * *", "Asia/Kathmandu", "2026-05-01 00:00", ["05-01 19:15"]),
        ("0 9 L * *", "UTC", "2026-02-10 00:00", ["02-28 09:00", "03-31 09:00"]),
    ],
)  # fmt: skip
def test_the_moments_are_those_of_the_clock_on_the_wall(
    expression: str, zone: str, after: str, moments: list[str]
) -> None:
    assert _first(len(moments), expression, zone, after) == moments


@given(st.sampled_from(EXPRESSIONS), st.sampled_from(ZONES), MOMENTS)
@settings(deadline=None)
def test_the_next_moment_lies_after_and_nothing_lies_between(
    expression: str, zone: str, after: datetime
) -> None:
    following = cron.following(expression, zone, after)
    assert following is not None
    assert following > after
    before = following - timedelta(microseconds=1)
    assert cron.latest(expression, zone, after, before) is None
    assert cron.latest(expression, zone, after, following) == following
    assert cron.following(expression, zone, before) == following


@pytest.mark.row("C8")
@given(
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(ZONES),
    MOMENTS,
    st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=3)), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=60)
def test_however_often_somebody_looks_the_last_moment_begun_is_the_same(
    expression: str, zone: str, begin: datetime, looks: list[timedelta]
) -> None:
    at, begun = begin, None
    for pause in looks:
        begun = cron.latest(expression, zone, at, at + pause) or begun
        at += pause
    assert begun == cron.latest(expression, zone, begin, at)


def test_of_a_long_outage_few_moments_are_counted() -> None:
    long_ago, now = _at("2006-01-01 00:00"), _at("2026-01-01 00:00")
    assert cron.latest("* * * * *", "Europe/Berlin", long_ago, now) == now
    assert cron.latest("0 0 29 2 *", "UTC", long_ago, now) == _at("2024-02-29 00:00")
    assert cron.latest("0 0 29 2 *", "UTC", _at("2025-01-01 00:00"), now) is None


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "* * * * * *", "@daily", "60 * * * *", "0 0 31 2 *", "MON * * * *",
     "0 0 * * MON#1/2", "0 0 * * 1#6", "０ 0 * * *", "0 0 1-L * *", "0 " * 100],
)  # fmt: skip
def test_an_expression_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        cron.expression(text)
    assert refused.value.field == "expression"


def test_an_expression_is_kept_with_single_spaces() -> None:
    assert cron.expression("  0  1 *\t* mon-fri ") == "0 1 * * mon-fri"
