"""From a request over HTTP to a message log that tells what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import ANSWERED
from tests.stack import Stack
from tests.waiting import until

TEXT = "Your table is ready."


def arrived(stack: Stack, notification_id: str) -> dict[str, Any]:
    """The one message of a notification that has its outcome, with its timeline."""
    assert stack.outcome(notification_id) == "reached"
    rows = stack.api.take("GET", "/messages", params={"phone": ANSWERED})["data"]
    (found,) = [row for row in rows if row["notification_id"] == notification_id]

    def told() -> dict[str, Any] | None:
        """With the delivery in it: "read" may be applied before that is."""
        shown = stack.api.take("GET", f"/messages/{found['id']}")
        heard = [event["status"] for event in shown["events"]]
        return shown if "delivered" in heard else None

    return until(told, "the delivery", 30) or {}


@pytest.mark.row("A8")
@pytest.mark.row("F7")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_message_asked_for_becomes_a_message_log_with_its_steps(
    stack: Stack, channel: str
) -> None:
    body = {"to": ANSWERED, "channel": channel, "text": TEXT}
    asked = stack.api.take("POST", "/messages", json=body)

    message = arrived(stack, asked["id"])

    (placed,) = stack.sandbox.placed()
    assert (placed["to"].removeprefix("whatsapp:"), placed["text"]) == (ANSWERED, TEXT)
    assert (message["external_id"], message["text"]) == (placed["external_id"], TEXT)
    assert (message["direction"], message["channel"], message["to"]) == (
        "outbound", channel, ANSWERED,
    )  # fmt: skip
    assert message["from"].startswith("+")
    assert message["state"] in ("delivered", "read")
    assert message["created_at"] <= message["delivered_at"] + "~"


@pytest.mark.row("C1")
def test_a_reminder_by_message_shows_its_attempt_on_the_booking(stack: Stack) -> None:
    due = (datetime.now(UTC) + timedelta(seconds=0.4)).isoformat()
    starts = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    rule = {"kind": "at", "at": due, "channels": ["sms", "voice"], "text": TEXT}
    booking = stack.api.book(starts_at=starts, reminders=[rule])
    message = arrived(stack, booking["reminders"][0]["id"])

    def settled() -> dict[str, Any] | None:
        (reminder,) = stack.api.reminders(booking["id"])
        return reminder if reminder["state"] == "reached" else None

    reminder = until(settled, "the reminder") or {}

    assert [one["id"] for one in reminder["attempts"]] == [message["id"]]
    assert [step["state"] for step in reminder["channels"]] == ["present", "unused"]
    assert message["booking_id"] == booking["id"]
