"""Quiet hours, caps and gaps at the gate, and what the plan says of them beforehand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.channel_plan import Step
from gateway.domain.reminders import AT, BEFORE, EVERY, NUDGE, Rule
from gateway.models.attempts import of_notifications
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.usecases import plan
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.hours import nights_are_quiet, winter_monday
from tests.stack import special
from tests.together import together
from tests.usecases.desk import Desk
from tests.usecases.reports import PERSON, Reports

# A Monday, 10:00 in Berlin; the quiet hours there are 20:00 to 07:00 UTC.
MONDAY = winter_monday()
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHT, MORNING = MONDAY.replace(hour=20), MONDAY.replace(hour=7) + timedelta(days=1)
Reporting = Callable[..., Reports]


@pytest.fixture
def berlin(reporting: Reporting) -> Reports:
    """A desk on that Monday."""
    reports = reporting()
    reports.desk.now = reports.at = MONDAY
    return reports


def sms(kind: str, **more: Any) -> Rule:
    return Rule(kind, channel="sms", **more)


def played(desk: Desk, booking: Booking, until: datetime) -> dict[str, datetime | None]:
    """Work at every moment at which something falls due; when each left, None where not."""
    now = desk.now
    while True:
        due = [row.next_attempt_at for row in desk.plan(booking) if row.next_attempt_at]
        if not due or min(due) > until:
            break
        now = max(now, min(due))
        claimed = desk.claim(now)
        faults = [desk.deliver(id_, claim, now) for id_, claim in claimed]
        assert faults
        assert not any(faults), faults
    rows = desk.plan(booking)
    left = {one.notification_id: one.created_at for one in of_notifications([r.id for r in rows])}
    return {row.id: left.get(row.id) for row in rows}


def told(desk: Desk, booking: Booking, now: datetime) -> dict[str, datetime | None]:
    """When the plan says that each leaves, None where it says that it does not."""
    contacts = plan.of_booking(desk.caller, booking.id, now)
    return {one.notification.id: one.at if one.decision.allowed else None for one in contacts}


def by_number(desk: Desk, booking: Booking) -> list[Notification]:
    return sorted(desk.plan(booking), key=lambda row: row.due_at)


@pytest.mark.row("C9")
@pytest.mark.row("A2")
@pytest.mark.parametrize(
    ("action", "left"),
    [("defer", MORNING), ("advance", NIGHT - MINUTE), ("suppress", None)],
)
def test_a_reminder_of_the_night_is_put_off_brought_forward_or_left_out(
    berlin: Reports, action: str, left: datetime | None
) -> None:
    desk = berlin.desk
    starts = MORNING + 3 * HOUR
    policy = {"quiet_hours": {"action": action}}
    booking = desk.book(starts, sms(BEFORE, minutes=360), policy=policy).booking
    expected = told(desk, booking, MONDAY)
    assert list(expected.values()) == [left]
    assert played(desk, booking, starts) == expected
    (row,) = desk.plan(booking)
    assert (row.state, row.reason) == (("sending", None) if left else ("suppressed", "quiet_hours"))


@pytest.mark.row("C9")
def test_what_was_timed_by_hand_and_what_staff_get_knows_no_quiet_hours(berlin: Reports) -> None:
    nights_are_quiet()
    desk, at = berlin.desk, NIGHT + 3 * HOUR
    rules = [sms(AT, at=at), sms(NUDGE, minutes=30)]
    staff = {"name": "Eve", "phone": special("0142")}
    booking = desk.book(at + HOUR, *rules, staff=staff).booking
    assert played(desk, booking, at + HOUR) == told(desk, booking, MONDAY) | {
        row.id: row.due_at for row in desk.plan(booking)
    }
    strict = desk.book(at + HOUR, *rules, staff=staff, policy={"strict": True}).booking
    left = played(desk, strict, at + HOUR)
    rows = {row.kind: left[row.id] for row in desk.plan(strict)}
    assert rows == {"at": None, "nudge": at + 30 * MINUTE}


@pytest.mark.row("C9")
@pytest.mark.parametrize("action", ["defer", "advance", "suppress"])
def test_a_night_of_a_repeating_rule_sends_one_at_the_most(berlin: Reports, action: str) -> None:
    desk, starts = berlin.desk, MORNING + 4 * HOUR
    policy = {"quiet_hours": {"action": action}, "caps": {}}
    booking = desk.book(starts, sms(EVERY, minutes=100), policy=policy).booking
    expected = told(desk, booking, MONDAY)
    left = played(desk, booking, starts)
    assert left == expected
    moments = sorted(at for at in left.values() if at)
    assert not [at for at in moments if NIGHT <= at < MORNING]
    every = [MONDAY + 100 * MINUTE * n for n in range(1, 20) if MONDAY + 100 * MINUTE * n < starts]
    of_day = [at for at in every if not NIGHT <= at < MORNING]
    more = {"defer": [MORNING], "advance": [NIGHT - MINUTE], "suppress": []}[action]
    assert moments == sorted(of_day + more)


@pytest.mark.row("C9")
def test_a_cap_counts_what_a_person_got_on_any_channel(berlin: Reports) -> None:
    desk, starts = berlin.desk, MONDAY + 10 * HOUR
    rules = [
        Rule(BEFORE, minutes=60 * n, channels=(Step(channel),))
        for n, channel in ((9, "voice"), (8, "sms"), (7, "whatsapp"), (6, "sms"))
    ]
    booking = desk.book(starts, *rules, policy={"caps": {"day": 3}}).booking
    expected = told(desk, booking, MONDAY)
    assert played(desk, booking, starts) == expected
    rows = by_number(desk, booking)
    assert [row.channel for row in rows if row.reason is None] == ["voice", "sms", "whatsapp"]
    assert (rows[-1].state, rows[-1].reason) == ("suppressed", "frequency_cap")
    other = desk.book(starts, sms(BEFORE, minutes=300), policy={"caps": {"day": 3}}).booking
    assert list(told(desk, other, MONDAY + 4 * HOUR).values()) == [None]
    played(desk, other, starts)
    assert [row.reason for row in desk.plan(other)] == ["frequency_cap"]


@pytest.mark.row("C9")
def test_a_gap_parts_two_of_one_person_over_bookings_and_channels(berlin: Reports) -> None:
    desk, starts = berlin.desk, MONDAY + 10 * HOUR
    policy = {"gap_seconds": 7200}
    rules = [sms(BEFORE, minutes=480), Rule(BEFORE, minutes=420, channel="whatsapp")]
    booking = desk.book(starts, *rules, policy=policy).booking
    expected = told(desk, booking, MONDAY)
    assert sorted(at for at in expected.values() if at) == [
        MONDAY + 2 * HOUR, MONDAY + 4 * HOUR,
    ]  # fmt: skip
    assert played(desk, booking, starts) == expected


@pytest.mark.row("C9")
@pytest.mark.row("A2")
def test_a_confirmed_booking_leaves_the_repeating_rule_and_keeps_the_others(
    berlin: Reports,
) -> None:
    desk, starts = berlin.desk, MONDAY + 8 * HOUR
    booking = desk.book(starts, sms(EVERY, minutes=60), sms(BEFORE, minutes=30)).booking
    desk.work(MONDAY + HOUR)
    berlin.at = MONDAY + HOUR + MINUTE
    berlin.writes("1")
    assert Booking.get_by_id(booking.id).state == "confirmed"
    expected = told(desk, booking, berlin.at)
    desk.now = berlin.at
    left = played(desk, booking, starts)
    rows = by_number(desk, booking)
    assert [row.reason for row in rows if row.kind == "every"] == [None] + ["confirmed"] * 6
    (before,) = (row for row in rows if row.kind == "before")
    assert left[before.id] == expected[before.id] == starts - 30 * MINUTE


@pytest.mark.row("C9")
def test_quiet_hours_are_those_of_the_zone_that_the_person_lives_in(berlin: Reports) -> None:
    desk, night = berlin.desk, {"quiet_hours": {"from": "21:00", "to": "08:00"}}
    person = {"name": "Ada", "phone": special("0100"), "time_zone": "America/New_York"}
    starts = MONDAY + 5 * HOUR  # 09:00 there
    rule = sms(BEFORE, minutes=180)
    booking = desk.book(starts, rule, contact=person, policy=night).booking
    expected = told(desk, booking, MONDAY)
    assert list(expected.values()) == [starts - HOUR]  # 08:00 there
    assert played(desk, booking, starts) == expected


@ON_POSTGRESQL
@pytest.mark.row("C9")
@pytest.mark.parametrize("policy", [{"caps": {"day": 1}}, {"gap_seconds": 7200}])
def test_cap_and_gap_hold_when_several_channels_are_due_in_one_moment(
    berlin: Reports, policy: dict[str, Any]
) -> None:
    desk, starts, moment = berlin.desk, MONDAY + 4 * HOUR, MONDAY + 3 * HOUR
    made = [
        desk.book(
            starts, Rule(BEFORE, minutes=60, channel=channel), policy=policy, contact=PERSON
        ).booking
        for channel in ("sms", "whatsapp", "voice", "email")
    ]
    claimed = desk.claim(moment)
    faults = together(4, lambda number: desk.deliver(*claimed[number], moment))
    assert not any(faults)
    rows = [row for booking in made for row in desk.plan(booking)]
    states = sorted(str(row.state) for row in rows)
    kept = "scheduled" if "gap_seconds" in policy else "suppressed"
    assert states == sorted([kept] * 3 + ["sending"])


@ON_SQLITE
@pytest.mark.row("C9")
def test_a_policy_changed_before_the_night_holds_for_what_is_planned_already(
    berlin: Reports,
) -> None:
    desk, starts = berlin.desk, MORNING + 3 * HOUR
    booking = desk.book(starts, sms(BEFORE, minutes=360)).booking
    desk.edit(booking, MONDAY, policy={"quiet_hours": {"action": "advance"}})
    expected = told(desk, booking, MONDAY)
    assert played(desk, booking, starts) == expected
    assert list(expected.values()) == [NIGHT - MINUTE]
