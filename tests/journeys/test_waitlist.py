"""A waitlist as people live it: over HTTP, with workers and a clock, and phones that answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway import wallclock
from tests.conftest import StartStack
from tests.journeys.appointments import FREE, SLOW, soon, told
from tests.stack import Stack, special
from tests.waiting import until

CUT, EVE = {"id": "cut", "name": "Haircut"}, {"id": "m-3", "name": "Eve"}
TAKES_IT, SAYS_STOP, PRESSES_1 = special("0108"), special("0109"), special("0123")


def waits(stack: Stack, phone: str, name: str) -> dict[str, Any]:
    """Somebody waits for a haircut."""
    wish = {
        "contact": {"phone": phone, "name": name}, "service": CUT, "from": soon(hours=1),
        "to": soon(days=5),
    }  # fmt: skip
    return stack.api.take("POST", "/waitlist", json=wish)


def offer_to(stack: Stack, name: str) -> dict[str, Any] | None:
    """The offer to somebody, if there was one."""
    for offer in stack.api.take("GET", "/offers")["data"]:
        if offer["waitlist_entry"]["contact"]["name"] == name:
            return dict(offer)
    return None


def policy(stack: Stack, *channels: str, **terms: Any) -> None:
    """How people are told, at any time of the day."""
    body = {"policy": {**FREE, "waitlist": {"channels": list(channels), **terms}}}
    stack.api.take("PATCH", "/organization", json=body)


@pytest.mark.row("B1")
def test_a_canceled_booking_goes_to_whoever_answers_with_a_one(start_stack: StartStack) -> None:
    stack = start_stack(**SLOW)
    policy(stack, "sms")
    waits(stack, TAKES_IT, "Ada")
    booking = stack.api.book(
        special("0100"), starts_at=soon(days=2), service=CUT, staff=EVE, duration_minutes=45
    )
    stack.api.take("DELETE", f"/bookings/{booking['id']}")

    def taken() -> dict[str, Any] | None:
        offer = offer_to(stack, "Ada")
        return offer if offer and offer["state"] == "accepted" else None

    offer = until(taken, "the acceptance", 40)
    assert offer is not None
    mine = stack.api.take("GET", f"/bookings/{offer['booking_id']}")
    assert (mine["starts_at"], mine["staff"]["id"]) == (booking["starts_at"], "m-3")
    until(lambda: len(stack.sandbox.placed(TAKES_IT)) == 2, "the confirmation", 30)
    texts = [one["text"] for one in stack.sandbox.placed(TAKES_IT)]
    assert "free appointment for Haircut with Eve" in texts[0]
    assert "is booked" in texts[1]


@pytest.mark.row("B1")
def test_a_key_pressed_in_the_call_takes_it(start_stack: StartStack) -> None:
    stack = start_stack(**SLOW)
    policy(stack, "voice")
    waits(stack, PRESSES_1, "Ada")
    free = {"starts_at": soon(days=2), "duration_minutes": 45, "service": CUT, "staff": EVE}
    slot = stack.api.take("POST", "/slots", json=free)
    until(
        lambda: stack.api.take("GET", f"/slots/{slot['id']}")["state"] == "taken", "the key", 40
    )  # fmt: skip


@pytest.mark.row("B1")
@pytest.mark.row("B2")
def test_who_does_not_answer_loses_it_to_the_next_when_the_timer_says_so(
    start_stack: StartStack, tmp_path: Any
) -> None:
    clock = tmp_path / "clock.json"
    wallclock.set_reading(str(clock), datetime.now(UTC))
    stack = start_stack(GATEWAY_CLOCK_FILE=str(clock), **SLOW)
    try:
        policy(stack, "sms")
        waits(stack, special("0100"), "Silent")
        waits(stack, special("0114"), "Next")
        free = {"starts_at": soon(days=2), "duration_minutes": 45, "service": CUT, "staff": EVE}
        slot = stack.api.take("POST", "/slots", json=free)
        until(lambda: stack.sandbox.placed(special("0100")), "the offer", 30)
        first = offer_to(stack, "Silent")
        assert first is not None
        ends = datetime.fromisoformat(first["expires_at"])
        wallclock.set_reading(str(clock), ends - timedelta(seconds=1))
        until(lambda: offer_to(stack, "Next"), "the next in line", 30)
        lapsed = stack.api.take("GET", f"/offers/{first['id']}")
        assert lapsed["state"] == "expired"
        assert datetime.fromisoformat(lapsed["ended_at"]) >= ends
        told(stack, slot["id"], "open", "offered", "open", "offered")
    finally:
        wallclock.follow(None)


@pytest.mark.row("B1")
def test_whoever_wants_nothing_more_does_not_hold_up_the_line(start_stack: StartStack) -> None:
    stack = start_stack(**SLOW)
    policy(stack, "sms")
    silent = waits(stack, special("0100"), "Silent")
    waits(stack, special("0114"), "Next")
    said = {"channel": "sms", "purpose": "waitlist", "granted": False, "source": "desk"}
    stack.stop_worker()
    stack.api.take(
        "POST", "/slots",
        json={"starts_at": soon(days=2), "duration_minutes": 45, "service": CUT, "staff": EVE},
    )  # fmt: skip
    stack.api.take("POST", f"/contacts/{silent['contact']['id']}/consent", json=said)
    stack.start_worker()
    until(lambda: offer_to(stack, "Next"), "the next in line", 40)
    first = offer_to(stack, "Silent")
    assert first is not None
    assert (first["state"], first["reason"]) == ("revoked", "opted_out")
    assert stack.sandbox.placed(special("0100")) == []
