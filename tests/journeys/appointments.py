"""What the journeys of messages have in common: appointments whose reminder is due at once, and
what is shown of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.client import ANSWERED
from tests.stack import Stack
from tests.waiting import until

MAIL = "delivered@simulator.invalid"
FREE = {"quiet_hours": None}
SLOW = {"PROVIDER_DEADLINE_SECONDS": "10"}


def soon(**ahead: float) -> str:
    """A moment ahead of now, RFC 3339 in UTC."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def booked(stack: Stack, *channels: Any, phone: str = ANSWERED, **more: Any) -> dict[str, Any]:
    """A booking in two hours whose one reminder on these channels is due at once."""
    rule = {"kind": "before", "minutes": 120, "channels": list(channels)}
    values = {
        "contact": {"phone": phone, "name": "Ada", "email": MAIL},
        "starts_at": soon(hours=2, seconds=0.3), "reminders": [rule], "policy": FREE, **more,
    }  # fmt: skip
    return stack.api.take("POST", "/bookings", json=values)


def reminder(stack: Stack, booking: dict[str, Any]) -> dict[str, Any]:
    """Its reminder as it is now."""
    (found,) = stack.api.reminders(booking["id"])
    return found


def settled(stack: Stack, booking: dict[str, Any], seconds: float = 40) -> dict[str, Any]:
    """Its reminder, once it has its outcome."""
    stack.outcome(booking["reminders"][0]["id"], seconds)
    return reminder(stack, booking)


def message(stack: Stack, attempt: dict[str, Any]) -> dict[str, Any]:
    """One message with its timeline."""
    return stack.api.take("GET", f"/messages/{attempt['id']}")


def told(stack: Stack, object_id: str, *states: str) -> None:
    """Wait until the feed tells that an object went through just these states: it keeps an entry
    back while an older transaction is open."""
    until(lambda: stack.api.moves(object_id) == [*states], f"{', '.join(states)} in the feed", 30)


def state(stack: Stack, booking: dict[str, Any]) -> dict[str, Any]:
    """The booking as it is now."""
    return stack.api.take("GET", f"/bookings/{booking['id']}")
