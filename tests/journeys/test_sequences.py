"""A nurture campaign as people live it: over HTTP, with workers and a clock that jumps ahead."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import wallclock
from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.journeys.appointments import FREE, SLOW, soon, told
from tests.stack import Stack, special
from tests.usecases.reports import MAIL
from tests.waiting import until

pytestmark = pytest.mark.row("C2")
SAYS_STOP = special("0109")
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Spring:
    """A stack whose clock is moved by hand, and a campaign of a mail and two text messages."""

    def __init__(self, stack: Stack, file: Path) -> None:
        self.stack, self.file = stack, str(file)
        stack.api.take("PATCH", "/organization", json={"policy": FREE})
        template = {"name": "welcome", "locale": "en", "subject": "Hello {name}",
                    "body": "{greeting} Your code is {x_code}."}  # fmt: skip
        stack.api.take("POST", "/templates", json=template)
        steps = [
            {"after_minutes": 0, "channels": ["email"], "template": "welcome"},
            {"after_minutes": 1440, "channels": ["sms"], "template": "welcome"},
            {"after_minutes": 1440, "channels": ["sms"], "text": "A last word."},
        ]
        made = stack.api.take("POST", "/sequences", json={"name": "Spring", "steps": steps})
        self.path = f"/sequences/{made['id']}"

    def enrol(self, phone: str = ANSWERED) -> str:
        body = {
            "contact": {"name": "Ada", "phone": phone, "email": MAIL},
            "variables": {"x_code": "SPRING-10"},
        }
        return str(self.stack.api.take("POST", f"{self.path}/enrolments", json=body)["id"])

    def show(self, enrolment: str) -> dict[str, Any]:
        return self.stack.api.take("GET", f"/enrolments/{enrolment}")

    def jump(self, span: timedelta) -> None:
        wallclock.set_reading(self.file, wallclock.now() + span)

    def told(self, enrolment: str, count: int) -> dict[str, Any]:
        """Wait until so many steps reached the person."""

        def reached() -> dict[str, Any] | None:
            shown = self.show(enrolment)
            made = [step["notification"] for step in shown["steps"] if step["notification"]]
            states = [one["state"] for one in made]
            return shown if states == ["reached"] * count else None

        found = until(reached, f"step {count}", 40)
        assert found is not None
        return found


@pytest.fixture
def spring(start_stack: StartStack, tmp_path: Path) -> Iterator[Spring]:
    file = tmp_path / "clock.json"
    wallclock.set_reading(str(file), datetime.now(UTC))
    yield Spring(start_stack(GATEWAY_CLOCK_FILE=str(file), **SLOW), file)
    wallclock.follow(None)


def test_a_series_of_mail_and_text_messages_is_told_in_its_time_to_its_end(spring: Spring) -> None:
    one = spring.enrol()
    first = spring.told(one, 1)
    assert [step["progress"] for step in first["steps"]] == ["done", "next", "ahead"]
    spring.jump(DAY - MINUTE)
    paused = spring.stack.api.take("POST", f"/sequences/enrolments/{one}/pause")
    assert (paused["state"], paused["next"]["at"]) == ("paused", None)
    spring.jump(2 * MINUTE)
    spring.stack.api.take("POST", f"/sequences/enrolments/{one}/resume")
    spring.told(one, 2)
    spring.jump(DAY + MINUTE)
    spring.told(one, 3)
    until(lambda: spring.show(one)["state"] == "finished", "the end", 40)
    texts = [placed["text"] for placed in spring.stack.sandbox.placed()]
    assert len(texts) == 3
    assert all("Your code is SPRING-10." in text for text in texts[:2])
    assert texts[2] == "A last word."
    told(spring.stack, one, "scheduled", "active", "paused", "active", "finished")


def test_a_booking_ends_the_series_for_whoever_books_and_nobody_else(spring: Spring) -> None:
    one, other = spring.enrol(), spring.enrol(special("0103"))
    for enrolment in (one, other):
        spring.told(enrolment, 1)
    spring.stack.api.book(ANSWERED, starts_at=soon(days=9), reminders=[])
    shown = spring.show(one)
    assert (shown["state"], shown["reason"], shown["next"]) == ("excluded", "booked", None)
    spring.jump(DAY + MINUTE)
    until(lambda: spring.stack.sandbox.placed(special("0103")), "the other one's next step", 40)
    assert spring.stack.sandbox.placed(ANSWERED) == []


def test_a_stop_ends_the_series_for_whoever_writes_it(spring: Spring) -> None:
    one = spring.enrol(SAYS_STOP)
    spring.told(one, 1)
    spring.jump(DAY + MINUTE)
    until(lambda: spring.show(one)["reason"] == "opted_out", "the opt-out", 40)
    spring.jump(3 * DAY)
    assert len(spring.stack.sandbox.placed(SAYS_STOP)) == 1
