"""A reminder every two hours until the appointment, while the shown clock jumps from one to the
next: each is called once, in its time, and what was sent stays sent."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import wallclock
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL
from tests.stack import Stack
from tests.waiting import until

pytestmark = ON_POSTGRESQL

HOUR = timedelta(hours=1)
RULE = {"kind": "every", "minutes": 120, "channel": "voice"}


class Day:
    """A stack whose clock is moved by hand; it passes at its usual pace in between."""

    def __init__(self, stack: Stack, file: Path) -> None:
        self.stack, self._file = stack, str(file)
        self.began = wallclock.now()

    def jump(self, to: datetime) -> None:
        """Let it be this moment."""
        wallclock.set_reading(self._file, to)

    def reminders(self, booking: dict[str, Any]) -> list[tuple[int, str]]:
        """Number and state of each reminder."""
        return [(r["number"], r["state"]) for r in self.stack.api.reminders(booking["id"])]

    def called(self, calls: int) -> None:
        """Wait until so many calls were placed, and until all of them are over."""
        until(lambda: len(self.stack.sandbox.placed()) >= calls, f"call {calls}", 40)
        until(lambda: len(self.stack.api.calls(state="completed")) == calls, "the end", 40)
        assert len(self.stack.sandbox.placed()) == calls


@pytest.fixture
def day(start_stack: StartStack, tmp_path: Path) -> Iterator[Day]:
    file = tmp_path / "clock.json"
    file.write_text(json.dumps({"origin": 0.0, "shown": 0.0, "rate": 1.0}))
    yield Day(start_stack(GATEWAY_CLOCK_FILE=str(file)), file)
    wallclock.follow(None)


@pytest.mark.row("A2")
@pytest.mark.row("A3")
def test_a_reminder_every_two_hours_is_called_once_each_and_moves_with_the_booking(
    day: Day,
) -> None:
    starts = day.began + 7 * HOUR
    booking = day.stack.api.book(starts_at=starts.isoformat(), reminders=[RULE])
    booked = datetime.fromisoformat(booking["reminders"][0]["due_at"]) - 2 * HOUR
    for number in (1, 2):
        day.jump(booked + 2 * number * HOUR)
        day.called(number)
    body = {"starts_at": (starts + 2 * HOUR).isoformat()}
    day.stack.api.take("PATCH", f"/bookings/{booking['id']}", json=body)
    assert day.reminders(booking) == [
        (1, "reached"), (2, "reached"), (3, "scheduled"), (4, "scheduled"),
    ]  # fmt: skip
    for number in (3, 4):
        day.jump(booked + 2 * number * HOUR)
        day.called(number)
    day.jump(starts + 3 * HOUR)
    assert day.reminders(booking) == [(n, "reached") for n in (1, 2, 3, 4)]
    due = [reminder["due_at"] for reminder in day.stack.api.reminders(booking["id"])]
    assert [datetime.fromisoformat(at) - booked for at in due] == [
        2 * n * HOUR for n in (1, 2, 3, 4)
    ]


@pytest.mark.row("A2")
def test_a_reminder_that_nobody_rang_for_until_the_start_expires_and_calls_nobody(
    day: Day,
) -> None:
    day.stack.stop_clock()
    starts = day.began + 3 * HOUR
    booking = day.stack.api.book(starts_at=starts.isoformat(), reminders=[RULE])
    day.jump(starts)
    day.stack.start_clock()
    assert day.stack.outcome(booking["reminders"][0]["id"]) == "expired"
    assert day.stack.sandbox.look("requests") == []


@pytest.mark.row("C1")
def test_a_booking_made_inside_a_window_is_reminded_by_what_is_left_of_its_plan(day: Day) -> None:
    rules = [{"kind": "before", "minutes": m, "channel": "voice"} for m in (1440, 180)]
    starts = day.began + 5 * HOUR
    booking = day.stack.api.book(starts_at=starts.isoformat(), reminders=rules)
    assert sorted(r["state"] for r in booking["reminders"]) == ["scheduled", "suppressed"]
    day.jump(starts - 3 * HOUR)
    day.called(1)
    reasons = {r["state"]: r["reason"] for r in day.stack.api.reminders(booking["id"])}
    assert reasons == {"suppressed": "past", "reached": None}
