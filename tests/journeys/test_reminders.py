"""From a booking over HTTP to a call log with its transcript, for each kind of reminder."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.journeys.appointments import SLOW, told
from tests.stack import BUSY, Stack, special
from tests.waiting import until


def soon(**ahead: float) -> str:
    """A moment ahead of now, RFC 3339 in UTC."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def ended(stack: Stack, reminder: dict[str, Any]) -> dict[str, Any]:
    """The call of a reminder, once it is over and its words are there."""
    call = stack.ended_call(reminder["id"])

    def spoken() -> dict[str, Any] | None:
        shown = stack.api.show(call["id"])
        whole = shown["transcript"] and len(shown["transcript"]["segments"]) == 2
        return shown if whole else None

    return until(spoken, "the transcript") or {}


def _steps(stack: Stack, call: dict[str, Any]) -> list[str]:
    """The steps of a call, in its timeline's order, by their words of one word."""
    heard = stack.api.show(call["id"])["events"]
    return [event["status"] for event in heard if event["status"].isalpha()]


@pytest.mark.row("F2")
@pytest.mark.row("F4")
@pytest.mark.row("F5")
@pytest.mark.row("D1")
def test_a_reminder_at_a_moment_becomes_a_call_log_with_its_transcript(
    start_stack: StartStack,
) -> None:
    stack = start_stack(**SLOW)  # an answer that is late makes it unknown for a while
    due = soon(seconds=0.4)
    rule = {"kind": "at", "at": due, "channel": "voice", "say": "Bring your passport."}
    booking = stack.api.book(starts_at=soon(hours=2), reminders=[rule])
    call = ended(stack, booking["reminders"][0])
    # Applied in any order, they are shown in that in which they happened.
    until(lambda: _steps(stack, call)[:2] == ["initiated", "ringing"], "how it began", 30)
    (placed,) = stack.sandbox.placed()
    assert placed["at"].replace("Z", "+00:00") >= due
    assert (placed["to"], placed["external_id"]) == (ANSWERED, call["external_id"])
    assert call["id"] in placed["callback_url"]
    assert call["booking_id"] == booking["id"]
    assert (call["state"], call["direction"], call["attempt"]) == ("completed", "outbound", 1)
    assert call["created_at"] < call["started_at"].replace("Z", ".999999Z")
    said = [(piece["speaker"], piece["text"]) for piece in call["transcript"]["segments"]]
    assert said[0] == ("gateway", "Bring your passport.")
    assert said[1][0] == "contact"
    assert call["transcript"]["text"] == "\n".join(text for _, text in said)
    told(stack, booking["reminders"][0]["id"], "scheduled", "due", "sending", "reached")


@pytest.mark.row("F7")
def test_support_staff_find_the_call_by_all_that_they_may_know(stack: Stack) -> None:
    made = stack.api.book(
        external_id="bk-77", starts_at=soon(minutes=60, seconds=0.3),
        reminders=[{"kind": "before", "minutes": 60, "channel": "voice"}],
    )  # fmt: skip
    call = ended(stack, made["reminders"][0])
    other = stack.api.call(special("0141"))
    stack.outcome(other["id"])
    known = {
        "phone": ANSWERED, "booking_id": made["id"], "booking_external_id": "bk-77",
        "external_id": call["external_id"], "q": "reminder appointment thank",
    }  # fmt: skip
    for name, value in known.items():
        assert [row["id"] for row in stack.api.calls(**{name: value})] == [call["id"]], name
    both = {"provider": "twilio", "state": "completed", "from": made["reminders"][0]["due_at"]}
    assert {row["id"] for row in stack.api.calls(**both)} >= {call["id"]}
    assert stack.api.calls(q="passport") == []
    assert stack.api.calls(to=call["created_at"]) == []


@pytest.mark.row("E1")
def test_a_reminder_for_staff_calls_staff_and_not_the_customer(stack: Stack) -> None:
    booking = stack.api.book(
        starts_at=soon(minutes=30, seconds=0.3),
        staff={"id": "m-3", "name": "Eve", "phone": special("0142")},
        reminders=[{"kind": "before", "minutes": 30, "channel": "voice", "to": "staff"}],
    )
    call = ended(stack, booking["reminders"][0])
    assert call["to"] == special("0142")
    assert [line["to"] for line in stack.sandbox.placed()] == [special("0142")]


@pytest.mark.row("D2")
def test_a_call_asked_for_is_placed_at_once_and_one_for_later_in_its_time(stack: Stack) -> None:
    now = stack.api.call(ANSWERED)
    until(lambda: stack.sandbox.placed(ANSWERED), "the first call", 30)
    due = soon(seconds=0.5)
    later = stack.api.call(special("0141"), send_at=due)
    assert ended(stack, now)["state"] == "completed"
    assert ended(stack, later)["state"] == "completed"
    first, second = stack.sandbox.placed()
    assert (first["to"], second["to"]) == (ANSWERED, special("0141"))
    assert second["at"].replace("Z", "+00:00") >= due


@pytest.mark.row("F2")
def test_a_busy_number_ends_as_not_reached_with_its_reason(stack: Stack) -> None:
    made = stack.api.call(BUSY)
    assert stack.outcome(made["id"]) == "not_reached"
    (call,) = stack.api.attempts(made["id"])
    assert (call["state"], call["provider_status"]) == ("busy", "busy")
    assert call["failure"]["class"] == "temporary"
    assert call["failure"]["reason"] == "busy"
    assert call["transcript"] is None
    until(lambda: stack.api.moves(made["id"])[-1:] == ["not_reached"], "the end in the feed")


@pytest.mark.row("A3")
def test_a_booking_moved_before_its_reminder_is_due_calls_at_the_other_time_alone(
    stack: Stack,
) -> None:
    rule = [{"kind": "before", "minutes": 60, "channel": "voice"}]
    booking = stack.api.book(starts_at=soon(minutes=60, seconds=20), reminders=rule)
    starts = soon(minutes=60, seconds=0.4)
    body = {"starts_at": starts, "version": booking["version"]}
    moved = stack.api.take("PATCH", f"/bookings/{booking['id']}", json=body)
    assert sorted(r["state"] for r in moved["reminders"]) == ["canceled", "scheduled"]
    pending = next(r for r in moved["reminders"] if r["state"] == "scheduled")
    assert ended(stack, pending)["state"] == "completed"
    assert len(stack.sandbox.placed()) == 1
    stale = stack.api.ask("PATCH", f"/bookings/{booking['id']}", json=body)
    assert stale.status_code == 409


@pytest.mark.row("A3")
def test_a_booking_canceled_before_its_reminder_is_due_calls_nobody(stack: Stack) -> None:
    rule = [{"kind": "before", "minutes": 60, "channel": "voice"}]
    booking = stack.api.book(starts_at=soon(minutes=60, seconds=4), reminders=rule)
    canary = stack.api.call(special("0141"), send_at=soon(seconds=4.2))
    answer = stack.api.ask("DELETE", f"/bookings/{booking['id']}")
    assert answer.status_code == 200
    stack.outcome(canary["id"])
    assert [line["to"] for line in stack.sandbox.placed()] == [special("0141")]
    (reminder,) = stack.api.reminders(booking["id"])
    assert (reminder["state"], reminder["reason"]) == ("canceled", "canceled")


@pytest.mark.row("A3")
def test_a_booking_canceled_while_it_rings_is_told_so_and_the_call_is_ended(
    start_stack: Any,
) -> None:
    stack: Stack = start_stack(sandbox={"ring_seconds": 60.0})
    booking = stack.api.book(
        starts_at=soon(minutes=60, seconds=0.2),
        reminders=[{"kind": "before", "minutes": 60, "channel": "voice"}],
    )
    until(stack.sandbox.placed, "the call")
    until(lambda: stack.api.calls(state="queued") == [] and stack.api.calls(), "news of the call")
    assert stack.api.ask("DELETE", f"/bookings/{booking['id']}").status_code == 202
    (reminder,) = booking["reminders"]
    assert stack.outcome(reminder["id"], 40) == "canceled"
    (call,) = stack.api.attempts(reminder["id"])
    assert call["state"] in ("canceled", "completed")
