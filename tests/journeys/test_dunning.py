"""From an unpaid invoice over HTTP to a reminder that a carrier was given, and to the payment that
ends it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.journeys.appointments import SLOW
from tests.stack import Stack
from tests.waiting import until

LINK = "https://pay.example.com/117"


def overdue(stack: Stack, days: int, **more: Any) -> str:
    """An invoice that is so many days overdue, in a practice that knows no night; its path."""
    anytime = {"policy": {"quiet_hours": None, "dunning": {"at": "00:00"}}}
    assert stack.api.ask("PATCH", "/organization", json=anytime).ok
    due_on = (datetime.now(UTC) - timedelta(days=days)).date().isoformat()
    body = {
        "external_id": "inv-1", "contact": {"phone": ANSWERED, "name": "Ada", "time_zone": "UTC"},
        "amount": "1234.50", "currency": "EUR", "due_on": due_on, "payment_link": LINK, **more,
    }  # fmt: skip
    return f"/invoices/{stack.api.take('POST', '/invoices', json=body)['id']}"


def reminded(stack: Stack, invoice: str) -> dict[str, Any]:
    """The invoice once all of its reminders have their outcome."""

    def settled() -> bool:
        states = {one["state"] for one in stack.api.take("GET", invoice)["reminders"]}
        return states == {"reached"}

    until(settled, "the reminder", 40)
    return stack.api.take("GET", invoice)  # its parts are read one after the other


@pytest.mark.row("C3")
def test_an_unpaid_invoice_is_reminded_of_by_its_days_until_it_is_paid(
    start_stack: StartStack, capfd: pytest.CaptureFixture[str]
) -> None:
    stack = start_stack(LOG_LEVEL="DEBUG", **SLOW)  # an answer that is late is logged otherwise
    invoice = overdue(stack, 9)
    shown = reminded(stack, invoice)
    (reminder,) = shown["reminders"]
    assert (reminder["stage"], shown["state"]) == (8, "active")
    assert shown["next_reminder"]["days_overdue"] == 15
    (placed,) = stack.sandbox.placed()
    assert placed["to"] == ANSWERED
    for part in ("1,234.50", LINK, "9", "Ada"):
        assert part in placed["text"]

    refused = stack.api.ask("POST", f"{invoice}/remind")
    assert (refused.status_code, refused.json()["reason"]) == (409, "minimum_days_between")
    paid = stack.api.take("POST", f"{invoice}/payments", json={"amount": "1234.50"})
    assert (paid["after_reminder"], paid["invoice"]["state"]) == (True, "recovered")
    assert paid["invoice"]["settled"] is True
    assert stack.api.take("GET", invoice)["next_reminder"]["because"] == "paid"

    def told() -> list[str]:
        return [one["type"] for one in stack.api.feed() if one["object"] in ("invoice", "payment")]

    until(lambda: "invoice.recovered" in told(), "the feed")
    assert told() == [
        "invoice.scheduled", "invoice.active", "payment.recorded", "invoice.recovered",
    ]  # fmt: skip
    logged = ""

    def sent() -> bool:
        nonlocal logged
        logged += "".join(capfd.readouterr())
        return "message sent" in logged

    until(sent, "the line in the log")  # it may be written after the carrier's callback came
    assert [part for part in ("pay.example", "1,234.50", "Ada", ANSWERED) if part in logged] == []


@pytest.mark.row("C3")
def test_one_asked_for_leaves_at_once_in_the_words_of_its_stage(stack: Stack) -> None:
    stages = [{"days_overdue": 30, "channels": ["voice"], "template": "dunning_final"}]
    invoice = overdue(stack, 2, dunning={"stages": stages})
    asked = stack.api.take("POST", f"{invoice}/remind")
    assert stack.outcome(asked["id"]) == "reached"
    (placed,) = stack.sandbox.placed()
    assert placed["kind"] == "call"
    assert "1,234.50" in placed["text"]
    assert LINK not in placed["text"]
