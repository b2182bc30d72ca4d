"""Times as clients write them: the strict profile, zones, and clock changes."""

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.domain.times import instant

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-12-01T14:30:00+01:00", None, "2026-12-01T13:30:00+00:00"),
        ("2026-12-01T14:30:00Z", BERLIN, "2026-12-01T14:30:00+00:00"),
        ("2026-12-01T14:30:00+01:00", BERLIN, "2026-12-01T13:30:00+00:00"),
        ("2026-12-01T14:30:00", BERLIN, "2026-12-01T13:30:00+00:00"),
        ("2026-07-01T14:30:00.5", BERLIN, "2026-07-01T12:30:00.500000+00:00"),
        ("2026-11-01T01:30:00-04:00", NEW_YORK, "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T01:30:00-05:00", NEW_YORK, "2026-11-01T06:30:00+00:00"),
        ("2028-02-29T09:00:00", "Asia/Kathmandu", "2028-02-29T03:15:00+00:00"),
        ("2026-04-05T01:15:00", "Australia/Lord_Howe", "2026-04-04T14:15:00+00:00"),
    ],
)
def test_a_written_time_is_one_moment(text: str, zone: str | None, utc: str) -> None:
    read = instant(text, zone, "starts_at")
    assert read.at.isoformat() == utc
    assert read.at.tzinfo is UTC
    assert read.zone == zone


@pytest.mark.parametrize(
    ("text", "zone", "why"),
    [
        ("2027-03-14T02:30:00", NEW_YORK, "skips"),
        ("2026-03-29T02:00:00", BERLIN, "skips"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "skips"),
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "skips"),
        ("2026-11-01T01:30:00", NEW_YORK, "twice"),
        ("2026-10-25T02:00:00", BERLIN, "twice"),
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", "twice"),
        ("2026-12-01T14:30:00+02:00", BERLIN, "offset"),
        ("2026-07-01T14:30:00+01:00", BERLIN, "offset"),
        ("2026-11-01T01:30:00-06:00", NEW_YORK, "offset"),
        ("2026-12-01T14:30:00", None, "time_zone"),
    ],
)
def test_a_time_that_is_none_or_two_moments_is_refused(
    text: str, zone: str | None, why: str
) -> None:
    with pytest.raises(Invalid, match=why) as fault:
        instant(text, zone, "starts_at")
    assert fault.value.field == "starts_at"


@pytest.mark.parametrize(
    "text",
    [
        "", "tomorrow", "2026-W47-6", "2026-11-21", "20261121T100000Z", "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00+00:00:01", "2026-11-21T10:00Z", "2026-11-21T10:00:00z",
        "2026-11-21t10:00:00Z", "2026-13-01T10:00:00Z", "2026-02-30T10:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T10:00:60Z", "2026-11-21T10:00:00,5Z",
        "2026-11-21T10:00:00.1234567Z", "2026-11-21T10:00:00+25:00", "2026-11-21T10:00:00-0100",
        "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:00-05:00", "٢٠٢٦-11-21T10:00:00Z",
        "2026-11-21T10:00:00Z\n", "-2026-11-21T10:00:00Z", "1764583200",
    ],
)  # fmt: skip
def test_anything_but_the_strict_profile_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        instant(text, None, "starts_at")


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", NEW_YORK, "Pacific/Kiritimati"])
def test_a_local_time_at_the_end_of_the_calendar_is_refused_or_read(text: str, zone: str) -> None:
    with contextlib.suppress(Invalid):
        assert instant(text, zone, "at").at.tzinfo is UTC


@pytest.mark.parametrize(
    "name",
    [
        "america/new_york", "GMT-5", "EST", "EST5EDT", "US/Eastern", "Factory", "localtime",
        "posix/UTC", "right/UTC", "Etc/GMT+5", "GMT", "Zulu", "", "../etc/passwd", "Europe",
        "Europe/", "Europe/Berlin\x00", "/usr/share/zoneinfo/UTC", "Brazil/East",
    ],
)  # fmt: skip
def test_only_regions_and_utc_are_time_zones(name: str) -> None:
    with pytest.raises(Invalid):
        times.zone(name)
    with pytest.raises(Invalid):
        instant("2026-12-01T14:30:00Z", name, "starts_at")


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC", BERLIN, "America/Argentina/Buenos_Aires"])
def test_the_zone_of_a_region_is_taken_as_it_is(name: str) -> None:
    assert times.zone(name) == name


@given(
    st.timedeltas(timedelta(0), timedelta(days=1500)).map(lambda past: FIRST + past),
    st.sampled_from(sorted(times.zones())),
)
def test_a_local_time_is_read_back_as_it_was_written(at_utc: datetime, zone: str) -> None:
    local = at_utc.replace(tzinfo=None)
    try:
        at = instant(local.isoformat(), zone, "at").at
    except Invalid:
        assert not _unique(local, zone)
        return
    assert at.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local
    assert _unique(local, zone)


def _unique(local: datetime, zone: str) -> bool:
    """Whether exactly one moment around is shown as this local time."""
    around = local.replace(tzinfo=UTC)
    shifts = (timedelta(minutes=15 * step) for step in range(-64, 65))
    info = ZoneInfo(zone)
    seen = {
        around + shift
        for shift in shifts
        if (around + shift).astimezone(info).replace(tzinfo=None) == local
    }
    return len(seen) == 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_shown_in_utc_with_a_z(at: datetime) -> None:
    text = times.shown(at)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == at


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(Invalid):
        instant(text, BERLIN, "at")
