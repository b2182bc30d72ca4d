"""Reminders over changes of clocks, worked out by hand: elapsed time is counted, the wall shows
what it shows, and quiet hours follow the wall."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain import times
from gateway.domain.decision import Facts
from gateway.domain.projection import project
from gateway.domain.quiet_hours import USUAL
from gateway.domain.reminders import BEFORE, EVERY, Moment, Rule, plan

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
LORD_HOWE, APIA = "Australia/Lord_Howe", "Pacific/Apia"

# Zone, start on the wall; minutes before it, the moment, what the wall shows then (* the second
# time it shows it).
BEFORE_START = {
    "New York, a day and an hour on the wall": (
        NEW_YORK, "2026-11-01T09:00:00", 1440, "2026-10-31T14:00Z", "10-31 10:00"),
    "New York, autumn, 3 hours": (
        NEW_YORK, "2026-11-01T09:00:00", 180, "2026-11-01T11:00Z", "11-01 06:00"),
    "New York, the second one o'clock": (
        NEW_YORK, "2026-11-01T09:00:00", 480, "2026-11-01T06:00Z", "11-01 01:00*"),
    "New York, the first one o'clock": (
        NEW_YORK, "2026-11-01T09:00:00", 540, "2026-11-01T05:00Z", "11-01 01:00"),
    "New York, a day less an hour on the wall": (
        NEW_YORK, "2026-03-08T09:00:00", 1440, "2026-03-07T13:00Z", "03-07 08:00"),
    "New York, spring, 3 hours": (
        NEW_YORK, "2026-03-08T09:00:00", 180, "2026-03-08T10:00Z", "03-08 06:00"),
    "New York, the first minute after the skip": (
        NEW_YORK, "2026-03-08T09:00:00", 360, "2026-03-08T07:00Z", "03-08 03:00"),
    "New York, the last minute before it": (
        NEW_YORK, "2026-03-08T09:00:00", 361, "2026-03-08T06:59Z", "03-08 01:59"),
    "Berlin, a day less an hour on the wall": (
        BERLIN, "2026-03-29T09:00:00", 1440, "2026-03-28T07:00Z", "03-28 08:00"),
    "Berlin, the first minute after the skip": (
        BERLIN, "2026-03-29T09:00:00", 360, "2026-03-29T01:00Z", "03-29 03:00"),
    "Berlin, a day and an hour on the wall": (
        BERLIN, "2026-10-25T09:00:00", 1440, "2026-10-24T08:00Z", "10-24 10:00"),
    "Berlin, the second two o'clock": (
        BERLIN, "2026-10-25T09:00:00", 420, "2026-10-25T01:00Z", "10-25 02:00*"),
    "Berlin, the first two o'clock": (
        BERLIN, "2026-10-25T09:00:00", 480, "2026-10-25T00:00Z", "10-25 02:00"),
    "Lord Howe, a day and half an hour on the wall": (
        LORD_HOWE, "2026-04-05T09:00:00", 1440, "2026-04-03T22:30Z", "04-04 09:30"),
    "Lord Howe, the second half past one": (
        LORD_HOWE, "2026-04-05T09:00:00", 450, "2026-04-04T15:00Z", "04-05 01:30*"),
    "Lord Howe, the first half past one": (
        LORD_HOWE, "2026-04-05T09:00:00", 480, "2026-04-04T14:30Z", "04-05 01:30"),
    "Lord Howe, a day less half an hour on the wall": (
        LORD_HOWE, "2026-10-04T09:00:00", 1440, "2026-10-02T22:00Z", "10-03 08:30"),
    "Lord Howe, the first minute after the skip": (
        LORD_HOWE, "2026-10-04T09:00:00", 390, "2026-10-03T15:30Z", "10-04 02:30"),
    "Lord Howe, the last minute before it": (
        LORD_HOWE, "2026-10-04T09:00:00", 391, "2026-10-03T15:29Z", "10-04 01:59"),
    "Apia, a day before the 31st is the 29th": (
        APIA, "2011-12-31T09:00:00", 1440, "2011-12-29T19:00Z", "12-29 09:00"),
    "Apia, 3 hours": (APIA, "2011-12-31T09:00:00", 180, "2011-12-30T16:00Z", "12-31 06:00"),
    "Apia, the first minute of the 31st": (
        APIA, "2011-12-31T09:00:00", 540, "2011-12-30T10:00Z", "12-31 00:00"),
    "Apia, the last minute of the 29th": (
        APIA, "2011-12-31T09:00:00", 541, "2011-12-30T09:59Z", "12-29 23:59"),
}  # fmt: skip

# Every two hours from ten in the evening until nine in the morning: the moments, and when one
# leaves in quiet hours from 21:00 to 8:00.
EVERY_TWO_HOURS = {
    "New York, autumn": (
        NEW_YORK, "2026-10-31T22:00:00", "2026-11-01T09:00:00",
        "11-01T04:00 11-01T06:00 11-01T08:00 11-01T10:00 11-01T12:00", "11-01T13:00"),
    "New York, spring": (
        NEW_YORK, "2026-03-07T22:00:00", "2026-03-08T09:00:00",
        "03-08T05:00 03-08T07:00 03-08T09:00 03-08T11:00", "03-08T12:00"),
    "Berlin, autumn": (
        BERLIN, "2026-10-24T22:00:00", "2026-10-25T09:00:00",
        "10-24T22:00 10-25T00:00 10-25T02:00 10-25T04:00 10-25T06:00", "10-25T07:00"),
    "Berlin, spring": (
        BERLIN, "2026-03-28T22:00:00", "2026-03-29T09:00:00",
        "03-28T23:00 03-29T01:00 03-29T03:00 03-29T05:00", "03-29T06:00"),
    "Lord Howe, autumn": (
        LORD_HOWE, "2026-04-04T22:00:00", "2026-04-05T09:00:00",
        "04-04T13:00 04-04T15:00 04-04T17:00 04-04T19:00 04-04T21:00", "04-04T21:30"),
    "Lord Howe, spring": (
        LORD_HOWE, "2026-10-03T22:00:00", "2026-10-04T09:00:00",
        "10-03T13:30 10-03T15:30 10-03T17:30 10-03T19:30 10-03T21:30",
        "10-03T21:00 10-03T21:30"),
    "Apia, over the day that was not": (
        APIA, "2011-12-29T22:00:00", "2011-12-31T09:00:00",
        "12-30T10:00 12-30T12:00 12-30T14:00 12-30T16:00 12-30T18:00", "12-30T18:00"),
}  # fmt: skip


def _wall(text: str, zone: str) -> datetime:
    return times.instant(text, zone, "starts_at").at


@pytest.mark.row("C1")
@pytest.mark.parametrize(
    ("zone", "start", "minutes", "moment", "wall"), BEFORE_START.values(), ids=BEFORE_START
)
def test_so_long_before_is_elapsed_time_whatever_the_wall_shows(
    zone: str, start: str, minutes: int, moment: str, wall: str
) -> None:
    starts_at = _wall(start, zone)
    booked = starts_at - timedelta(days=3)
    (planned,) = plan([Rule(BEFORE, minutes=minutes)], starts_at, booked, booked)
    assert planned.due_at == datetime.fromisoformat(moment.replace("Z", "+00:00"))
    shown = planned.due_at.astimezone(ZoneInfo(zone))
    assert f"{shown:%m-%d %H:%M}{'*' * shown.fold}" == wall


@pytest.mark.row("A2")
@pytest.mark.parametrize(
    ("zone", "booked", "start", "due", "leaving"), EVERY_TWO_HOURS.values(), ids=EVERY_TWO_HOURS
)
def test_every_two_hours_over_a_change_of_clocks_wakes_nobody(
    zone: str, booked: str, start: str, due: str, leaving: str
) -> None:
    booked_at, starts_at = _wall(booked, zone), _wall(start, zone)
    rule = Rule(EVERY, minutes=120)
    moments = plan([rule], starts_at, booked_at, booked_at)
    assert " ".join(f"{moment.due_at:%m-%dT%H:%M}" for moment in moments) == due
    ends = [project(_facts(moment, zone), booked_at) for moment in moments]
    left = [f"{end.at.astimezone(UTC):%m-%dT%H:%M}" for end in ends if end.decision.allowed]
    assert " ".join(left) == leaving


def _facts(moment: Moment, zone: str) -> Facts:
    return Facts(
        due_at=moment.due_at,
        expires_at=moment.expires_at,
        ended=None,
        planned_for=1,
        in_force=1,
        opted_out=False,
        has_address=True,
        kind=moment.rule.kind,
        quiet=USUAL,
        zone=zone,
        successor_at=moment.successor_at,
    )


DAYS = {
    "New York, the last minute of a long day": (NEW_YORK, "2026-11-02T04:59Z", "2026-11-01"),
    "New York, the first of the next": (NEW_YORK, "2026-11-02T05:00Z", "2026-11-02"),
    "New York, the last minute of a short day": (NEW_YORK, "2026-03-09T03:59Z", "2026-03-08"),
    "Lord Howe, the first minute of a long day": (LORD_HOWE, "2026-04-04T13:00Z", "2026-04-05"),
    "Apia, the day before the skipped one": (APIA, "2011-12-30T09:59Z", "2011-12-29"),
    "Apia, the day after it": (APIA, "2011-12-30T10:00Z", "2011-12-31"),
    "Beirut, the first minute of a day without a midnight": (
        "Asia/Beirut", "2026-03-28T22:00Z", "2026-03-29"),
    "Havana, the minute before a day's first midnight": (
        "America/Havana", "2026-11-01T03:59Z", "2026-10-31"),
}  # fmt: skip


@pytest.mark.parametrize(("zone", "at", "day"), DAYS.values(), ids=DAYS)
def test_a_day_is_the_recipients_own(zone: str, at: str, day: str) -> None:
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    assert times.local_day(moment, zone).isoformat() == day
