"""Bookings made inside a reminder's window, and what becomes of each reminder, worked out by hand:
New York in November 2026, five hours behind UTC, quiet from 21:00 to 8:00 unless said."""

from datetime import datetime, time

import pytest

from gateway.domain.decision import Facts
from gateway.domain.projection import project
from gateway.domain.quiet_hours import Action, QuietHours
from gateway.domain.reminders import AT, BEFORE, EVERY, NUDGE, USUAL, Rule, plan

NEW_YORK = "America/New_York"
BOUND = (BEFORE, EVERY)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text.replace('Z', '+00:00')}")


EVERY_2H = (Rule(EVERY, minutes=120),)
AT_NIGHT = (Rule(AT, at=_at("24T04:30Z")),)
NUDGE_30 = (Rule(NUDGE),)
DEFER, ADVANCE, SUPPRESS = Action

# Rules, booked, start, what is done in quiet hours; each moment, and what becomes of it when.
BOOKINGS = {
    "two days ahead: both at their moments": (
        USUAL, "22T15:00Z", "24T20:00Z", DEFER,
        ["23T20:00Z sending 23T20:00Z", "24T17:00Z sending 24T17:00Z"]),
    "just 24 hours ahead: the first at once": (
        USUAL, "23T20:00Z", "24T20:00Z", DEFER,
        ["23T20:00Z sending 23T20:00Z", "24T17:00Z sending 24T17:00Z"]),
    "a minute inside 24 hours: still at once": (
        USUAL, "23T20:01Z", "24T20:00Z", DEFER,
        ["23T20:00Z sending 23T20:01Z", "24T17:00Z sending 24T17:00Z"]),
    "more than a minute inside 24 hours: not any more": (
        USUAL, "23T20:01:01Z", "24T20:00Z", DEFER,
        ["23T20:00Z past", "24T17:00Z sending 24T17:00Z"]),
    "a second before 3 hours ahead": (
        USUAL, "24T16:59:59Z", "24T20:00Z", DEFER,
        ["23T20:00Z past", "24T17:00Z sending 24T17:00Z"]),
    "just 3 hours ahead": (
        USUAL, "24T17:00Z", "24T20:00Z", DEFER,
        ["23T20:00Z past", "24T17:00Z sending 24T17:00Z"]),
    "two hours ahead: neither": (
        USUAL, "24T18:00Z", "24T20:00Z", DEFER, ["23T20:00Z past", "24T17:00Z past"]),
    "in the night before nine: the second waits for eight": (
        USUAL, "24T04:00Z", "24T14:00Z", DEFER,
        ["23T14:00Z past", "24T11:00Z sending 24T13:00Z"]),
    "the day before nine: the second waits for eight": (
        USUAL, "22T15:00Z", "24T14:00Z", DEFER,
        ["23T14:00Z sending 23T14:00Z", "24T11:00Z sending 24T13:00Z"]),
    "the day before nine, forestalled: the second leaves the evening before": (
        USUAL, "22T15:00Z", "24T14:00Z", ADVANCE,
        ["23T14:00Z sending 23T14:00Z", "24T11:00Z sending 24T01:59Z"]),
    "in the night before nine, too late to be forestalled": (
        USUAL, "24T04:00Z", "24T14:00Z", ADVANCE,
        ["23T14:00Z past", "24T11:00Z sending 24T13:00Z"]),
    "in the last minute before the night, forestalled at once": (
        USUAL, "24T01:59:30Z", "24T14:00Z", ADVANCE,
        ["23T14:00Z past", "24T11:00Z sending 24T01:59:30Z"]),
    "the day before nine, suppressed: the second never leaves": (
        USUAL, "22T15:00Z", "24T14:00Z", SUPPRESS,
        ["23T14:00Z sending 23T14:00Z", "24T11:00Z suppressed 24T11:00Z quiet_hours"]),
    "before eight: by the morning it would be over": (
        USUAL, "22T15:00Z", "24T13:00Z", DEFER,
        ["23T13:00Z sending 23T13:00Z", "24T10:00Z suppressed 24T10:00Z quiet_hours"]),
    "before eight, forestalled: the evening before": (
        USUAL, "22T15:00Z", "24T13:00Z", ADVANCE,
        ["23T13:00Z sending 23T13:00Z", "24T10:00Z sending 24T01:59Z"]),
    "every two hours from six in the evening: none at night, one at eight": (
        EVERY_2H, "23T23:00Z", "24T15:00Z", DEFER,
        ["24T01:00Z sending 24T01:00Z", "24T03:00Z suppressed 24T03:00Z quiet_hours",
         "24T05:00Z suppressed 24T05:00Z quiet_hours",
         "24T07:00Z suppressed 24T07:00Z quiet_hours",
         "24T09:00Z suppressed 24T09:00Z quiet_hours",
         "24T11:00Z suppressed 24T11:00Z quiet_hours", "24T13:00Z sending 24T13:00Z"]),
    "every two hours from seven in the evening: the night's last one waits for eight": (
        EVERY_2H, "24T00:00Z", "24T15:00Z", DEFER,
        ["24T02:00Z suppressed 24T02:00Z quiet_hours",
         "24T04:00Z suppressed 24T04:00Z quiet_hours",
         "24T06:00Z suppressed 24T06:00Z quiet_hours",
         "24T08:00Z suppressed 24T08:00Z quiet_hours",
         "24T10:00Z suppressed 24T10:00Z quiet_hours", "24T12:00Z sending 24T13:00Z",
         "24T14:00Z sending 24T14:00Z"]),
    "every two hours from seven, forestalled: one for the night leaves in the evening": (
        EVERY_2H, "24T00:00Z", "24T15:00Z", ADVANCE,
        ["24T02:00Z suppressed 24T02:00Z quiet_hours",
         "24T04:00Z suppressed 24T04:00Z quiet_hours",
         "24T06:00Z suppressed 24T06:00Z quiet_hours",
         "24T08:00Z suppressed 24T08:00Z quiet_hours",
         "24T10:00Z suppressed 24T10:00Z quiet_hours", "24T12:00Z sending 24T01:59Z",
         "24T14:00Z sending 24T14:00Z"]),
    "every two hours and less than two to go: none": (
        EVERY_2H, "24T13:00Z", "24T15:00Z", DEFER, []),
    "at a moment that its caller chose: at night as well": (
        AT_NIGHT, "23T15:00Z", "24T15:00Z", DEFER, ["24T04:30Z sending 24T04:30Z"]),
    "at a moment that was before the booking": (
        AT_NIGHT, "24T04:31:01Z", "24T15:00Z", DEFER, ["24T04:30Z past"]),
    "a nudge to the staff at night: half an hour before": (
        NUDGE_30, "22T15:00Z", "24T10:00Z", SUPPRESS, ["24T09:30Z sending 24T09:30Z"]),
    "a nudge for somebody who is assigned ten minutes before: at once": (
        NUDGE_30, "24T14:50Z", "24T15:00Z", DEFER, ["24T14:30Z sending 24T14:50Z"]),
    "a nudge for what has begun: not any more": (
        NUDGE_30, "24T15:03Z", "24T15:00Z", DEFER, ["24T14:30Z past"]),
}  # fmt: skip


def _told(
    rules: tuple[Rule, ...], booked: datetime, starts_at: datetime, action: Action
) -> list[str]:
    told = []
    for moment in plan(rules, starts_at, booked, booked):
        if moment.past:
            told.append(f"{_shown(moment.due_at)} past")
            continue
        bound = moment.rule.kind in BOUND
        facts = Facts(
            due_at=moment.due_at,
            expires_at=moment.expires_at,
            ended=None,
            planned_for=1,
            in_force=1,
            opted_out=False,
            has_address=True,
            kind=moment.rule.kind,
            role=moment.rule.to,
            quiet=QuietHours(time(21), time(8), action) if bound else None,
            zone=NEW_YORK,
            made_at=booked,
            successor_at=moment.successor_at,
        )
        done = project(facts, booked)
        outcome = f"{_shown(moment.due_at)} {done.decision.state} {_shown(done.at)}"
        told.append(f"{outcome} {done.decision.reason or ''}".strip())
    return told


def _shown(at: datetime) -> str:
    return at.isoformat().removeprefix("2026-11-").removesuffix("+00:00").removesuffix(":00") + "Z"


@pytest.mark.row("A2")
@pytest.mark.row("C1")
@pytest.mark.row("E1")
@pytest.mark.parametrize(
    ("rules", "booked", "starts_at", "action", "told"), BOOKINGS.values(), ids=BOOKINGS
)
def test_a_booking_made_inside_a_window_is_reminded_of_in_time_or_not_at_all(
    rules: tuple[Rule, ...], booked: str, starts_at: str, action: Action, told: list[str]
) -> None:
    assert _told(rules, _at(booked), _at(starts_at), action) == told
