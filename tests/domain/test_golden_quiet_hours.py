"""Quiet hours, worked out by hand from the zones' own rules."""

from datetime import datetime, time

import pytest

from gateway.domain.quiet_hours import QuietHours

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
LORD_HOWE, APIA = "Australia/Lord_Howe", "Pacific/Apia"

# Zone, window, moment; the end of the quiet stretch, and the last whole minute before it.
NIGHTS = {
    "New York loses an hour in the night of 8 March": (
        NEW_YORK, "21:00-08:00", "2026-03-08T06:30Z", "2026-03-08T12:00Z", "2026-03-08T01:59Z"),
    "New York gains one on 1 November, seen from the first half past one": (
        NEW_YORK, "21:00-08:00", "2026-11-01T05:30Z", "2026-11-01T13:00Z", "2026-11-01T00:59Z"),
    "New York gains one on 1 November, seen from the second half past one": (
        NEW_YORK, "21:00-08:00", "2026-11-01T06:30Z", "2026-11-01T13:00Z", "2026-11-01T00:59Z"),
    "Berlin loses an hour in the night of 29 March": (
        BERLIN, "21:00-08:00", "2026-03-29T00:30Z", "2026-03-29T06:00Z", "2026-03-28T19:59Z"),
    "Berlin gains one in the night of 25 October": (
        BERLIN, "21:00-08:00", "2026-10-25T00:30Z", "2026-10-25T07:00Z", "2026-10-24T18:59Z"),
    "Lord Howe gains half an hour on 5 April": (
        LORD_HOWE, "21:00-08:00", "2026-04-04T14:45Z", "2026-04-04T21:30Z", "2026-04-04T09:59Z"),
    "Lord Howe loses half an hour on 4 October": (
        LORD_HOWE, "21:00-08:00", "2026-10-03T15:00Z", "2026-10-03T21:00Z", "2026-10-03T10:29Z"),
    "Apia goes to bed on 29 December 2011 and wakes up on the 31st": (
        APIA, "21:00-08:00", "2011-12-30T09:00Z", "2011-12-30T18:00Z", "2011-12-30T06:59Z"),
    "Apia's window that begins with the day that follows the skipped one": (
        APIA, "00:00-12:00", "2011-12-30T10:00Z", "2011-12-30T22:00Z", "2011-12-30T09:59Z"),
    "an end that New York skips is at the skip": (
        NEW_YORK, "22:00-02:30", "2026-03-08T06:00Z", "2026-03-08T07:00Z", "2026-03-08T02:59Z"),
    "a beginning that New York skips is at the skip": (
        NEW_YORK, "02:30-06:00", "2026-03-08T08:00Z", "2026-03-08T10:00Z", "2026-03-08T06:59Z"),
    "an end that Berlin skips is at the skip": (
        BERLIN, "21:00-02:30", "2026-03-29T00:00Z", "2026-03-29T01:00Z", "2026-03-28T19:59Z"),
    "an end that Lord Howe skips is at the skip": (
        LORD_HOWE, "21:00-02:15", "2026-10-03T15:00Z", "2026-10-03T15:30Z", "2026-10-03T10:29Z"),
    "an end that comes twice in New York, before the clock is put back": (
        NEW_YORK, "21:00-01:30", "2026-11-01T05:00Z", "2026-11-01T05:30Z", "2026-11-01T00:59Z"),
    "an end that comes twice in New York, after it": (
        NEW_YORK, "21:00-01:30", "2026-11-01T06:10Z", "2026-11-01T06:30Z", "2026-11-01T05:59Z"),
    "an end at which New York's clock is put back into the window": (
        NEW_YORK, "21:00-02:00", "2026-11-01T05:59Z", "2026-11-01T07:00Z", "2026-11-01T00:59Z"),
    "a beginning that comes twice in New York, the first time": (
        NEW_YORK, "01:30-06:00", "2026-11-01T05:40Z", "2026-11-01T06:00Z", "2026-11-01T05:29Z"),
    "a beginning that comes twice in New York, the second time": (
        NEW_YORK, "01:30-06:00", "2026-11-01T06:40Z", "2026-11-01T11:00Z", "2026-11-01T06:29Z"),
    "a beginning just where New York's clock is put back to": (
        NEW_YORK, "01:00-05:00", "2026-11-01T08:00Z", "2026-11-01T10:00Z", "2026-11-01T04:59Z"),
    "an end that comes twice on Lord Howe, before the clock is put back": (
        LORD_HOWE, "21:00-01:45", "2026-04-04T14:30Z", "2026-04-04T14:45Z", "2026-04-04T09:59Z"),
    "an end that comes twice on Lord Howe, after it": (
        LORD_HOWE, "21:00-01:45", "2026-04-04T15:00Z", "2026-04-04T15:15Z", "2026-04-04T14:59Z"),
    "over midnight, in the evening": (
        BERLIN, "21:00-08:00", "2026-12-01T22:59Z", "2026-12-02T07:00Z", "2026-12-01T19:59Z"),
    "over midnight, in the morning": (
        BERLIN, "21:00-08:00", "2026-12-01T23:00Z", "2026-12-02T07:00Z", "2026-12-01T19:59Z"),
    "over the turn of the year": (
        NEW_YORK, "21:00-08:00", "2027-01-01T04:59Z", "2027-01-01T13:00Z", "2027-01-01T01:59Z"),
    "up to midnight": (
        BERLIN, "18:00-00:00", "2026-07-01T21:59Z", "2026-07-01T22:00Z", "2026-07-01T15:59Z"),
    "from midnight": (
        BERLIN, "00:00-06:00", "2026-07-01T22:00Z", "2026-07-02T04:00Z", "2026-07-01T21:59Z"),
    "at noon": (
        BERLIN, "12:00-14:00", "2026-07-01T10:30Z", "2026-07-01T12:00Z", "2026-07-01T09:59Z"),
    "all but one minute of the day": (
        BERLIN, "08:01-08:00", "2026-07-01T06:01Z", "2026-07-02T06:00Z", "2026-07-01T06:00Z"),
    "a leap day": (
        "Asia/Kathmandu", "21:00-08:00", "2028-02-28T20:00Z", "2028-02-29T02:15Z",
        "2028-02-28T15:14Z"),
}  # fmt: skip

WAKING = {
    "a microsecond before the window": (BERLIN, "21:00-08:00", "2026-12-01T19:59:59.999999Z"),
    "just when it ends": (BERLIN, "21:00-08:00", "2026-12-02T07:00Z"),
    "in the middle of the day": (BERLIN, "21:00-08:00", "2026-12-02T12:00Z"),
    "between two ends of one night, while the clock is put back": (
        NEW_YORK, "21:00-01:30", "2026-11-01T05:45Z"),
    "where the whole window is skipped": (NEW_YORK, "02:10-02:50", "2026-03-08T07:00Z"),
    "when both ends are equal": (BERLIN, "08:00-08:00", "2026-12-02T07:00Z"),
}  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _window(text: str) -> QuietHours:
    opens, closes = (time.fromisoformat(end) for end in text.split("-"))
    return QuietHours(opens, closes)


@pytest.mark.row("A2")
@pytest.mark.parametrize(("zone", "window", "at", "until", "before"), NIGHTS.values(), ids=NIGHTS)
def test_a_quiet_moment_has_an_end_and_a_last_minute_before(
    zone: str, window: str, at: str, until: str, before: str
) -> None:
    hours = _window(window)
    assert hours.quiet_until(_at(at), zone) == _at(until)
    assert hours.last_before(_at(at), zone) == _at(before)


@pytest.mark.parametrize(("zone", "window", "at"), WAKING.values(), ids=WAKING)
def test_a_moment_that_is_not_quiet_waits_for_nothing(zone: str, window: str, at: str) -> None:
    hours = _window(window)
    assert hours.quiet_until(_at(at), zone) is None
    assert hours.last_before(_at(at), zone) is None


@pytest.mark.parametrize("at", ["2026-12-01T20:00Z", "2026-12-02T06:59:59.999999Z"])
def test_a_window_holds_its_first_moment_and_the_last_before_its_end(at: str) -> None:
    assert _window("21:00-08:00").quiet_until(_at(at), BERLIN) == _at("2026-12-02T07:00Z")
