"""What people answer, by message and by key, and what comes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.client import ANSWERED
from tests.conftest import Account, StartStack
from tests.journeys.appointments import SLOW, booked, settled, state
from tests.stack import Stack, special
from tests.waiting import until


def withdrawn(stack: Stack, booking: dict[str, Any]) -> list[str]:
    """The channels on which whoever booked wants nothing more, if that is all that they said."""
    said = stack.api.take("GET", f"/contacts/{booking['contact']['id']}/consent")["data"]
    return [] if any(one["granted"] for one in said) else [one["channel"] for one in said]


@pytest.mark.row("A2")
@pytest.mark.row("C9")
@pytest.mark.parametrize("channel", ["sms", "voice"])
def test_a_one_confirms_and_the_repeating_rule_ends(start_stack: StartStack, channel: str) -> None:
    stack = start_stack(**SLOW)
    phone = special("0108" if channel == "sms" else "0123")
    rules = [
        {"kind": "before", "minutes": 120, "channel": channel},
        {"kind": "every", "minutes": 30, "channel": channel},
    ]
    booking = booked(stack, phone=phone, reminders=rules)
    until(lambda: state(stack, booking)["state"] == "confirmed", "the confirmation", 40)
    plan = stack.api.take("GET", f"/bookings/{booking['id']}/plan")["data"]
    repeating = [one for one in plan if one["kind"] == "every"]
    assert {(one["state"], one["reason"]) for one in repeating} == {("suppressed", "confirmed")}
    until(lambda: "booking.confirmed" in {one["type"] for one in stack.api.feed()}, "the feed")
    if channel == "sms":
        until(lambda: len(stack.sandbox.placed()) == 2, "the answer", 30)
        assert stack.sandbox.placed()[1]["to"] == phone


@pytest.mark.row("A3")
def test_a_two_asks_to_move_and_a_three_cancels_and_is_confirmed(start_stack: StartStack) -> None:
    stack = start_stack(**SLOW)
    stack.sandbox.fault("replies", text="2", next=1)
    booking = booked(stack, "sms")
    until(lambda: state(stack, booking)["move_requested_at"], "the wish to move", 40)
    settled(stack, booking)
    until(lambda: len(stack.sandbox.placed(ANSWERED)) == 2, "an answer to that", 30)
    stack.sandbox.fault("replies", text="3", next=1)
    other = booked(stack, "sms", phone=special("0141"))
    until(lambda: state(stack, other)["state"] == "canceled", "the cancellation", 40)
    until(lambda: len(stack.sandbox.placed(special("0141"))) == 2, "its confirmation", 30)
    assert state(stack, booking)["state"] == "booked"


@pytest.mark.row("C9")
def test_a_stop_by_message_ends_messages_alone_and_for_everybody_at_that_number(
    start_stack: StartStack, open_account: Callable[[str], Account]
) -> None:
    stack, other = start_stack(**SLOW), open_account("Salon")
    phone = special("0109")
    first = booked(stack, "sms", phone=phone)
    settled(stack, first)
    until(lambda: withdrawn(stack, first) == ["sms"], "the stop", 40)
    again = booked(stack, "sms", "voice", phone=phone)
    done = settled(stack, again)
    assert [(one["channel"], one["state"]) for one in done["attempts"]] == [("voice", "completed")]
    theirs = type(stack.api)(stack.web.url, other.test_key)
    body = {"to": phone, "channel": "sms", "text": "Come and see us."}
    asked = theirs.take("POST", "/messages", json=body)
    assert stack.outcome(asked["id"], 30) in ("not_reached", "suppressed")
    assert len([one for one in stack.sandbox.placed(phone) if one["kind"] == "message"]) == 1


@pytest.mark.row("C9")
def test_a_nine_in_a_call_ends_calls_alone(start_stack: StartStack) -> None:
    stack = start_stack(**SLOW)
    phone = special("0124")
    first = booked(stack, "voice", phone=phone)
    settled(stack, first)
    # The end of the call may be told before the key is.
    until(lambda: withdrawn(stack, first) == ["voice"], "the nine", 40)
    again = booked(stack, "voice", "sms", phone=phone)
    done = settled(stack, again)
    assert [one["channel"] for one in done["attempts"]] == ["sms"]
