"""Messages as a user sees them: booked over HTTP, sent by clock and workers, answered by people,
told by carriers that sign what they say."""

import pytest

from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.journeys.appointments import SLOW, booked, message, settled, soon, state
from tests.stack import special
from tests.waiting import until

CARRIERS = [
    ({}, "sms", "twilio", ["sent", "delivered"]),
    ({}, "whatsapp", "twilio", ["sent", "delivered", "read"]),
    ({"WHATSAPP_PROVIDER": "meta"}, "whatsapp", "meta", ["sent", "delivered", "read"]),
    ({"EMAIL_PROVIDER": "sendgrid"}, "email", "sendgrid", ["processed", "delivered", "open"]),
    ({"EMAIL_PROVIDER": "smtp"}, "email", "smtp", []),
]


@pytest.mark.row("A2")
@pytest.mark.row("C1")
@pytest.mark.row("C9")
@pytest.mark.parametrize(("settings", "channel", "carrier", "words"), CARRIERS)
def test_a_reminder_on_each_channel_leaves_and_is_followed_to_its_end(
    start_stack: StartStack, settings: dict[str, str], channel: str, carrier: str, words: list[str]
) -> None:
    stack = start_stack(**SLOW, **settings)
    done = settled(stack, booking := booked(stack, channel))
    (attempt,) = done["attempts"]
    assert (done["state"], attempt["channel"], attempt["provider"]) == ("reached", channel, carrier)
    last = {"sent": "read", "processed": "read"}.get((words or [""])[0], "sent")
    last = "delivered" if channel == "sms" else last
    until(lambda: message(stack, attempt)["state"] == last, f"{last}", 30)

    def told() -> list[str]:
        """The last words, sorted: those of one second are in any order."""
        heard = [event["status"] for event in message(stack, attempt)["events"]]
        return sorted(heard[len(heard) - len(words) :])

    # They are applied in any order too: the last may be before the others.
    until(lambda: told() == sorted(words), "every word of the carrier", 30)
    (placed,) = stack.sandbox.placed()
    assert (placed["provider"], placed["channel"]) == (carrier, channel)
    assert "Ada" in placed["text"]
    assert state(stack, booking)["state"] == "booked"


@pytest.mark.row("A2")
@ON_POSTGRESQL
def test_each_special_number_of_messages_has_its_one_outcome(start_stack: StartStack) -> None:
    stack = start_stack(RETRY_DEFAULT_SECONDS="1,2")
    fates = {
        "0100": ("reached", "delivered", 1), "0101": ("not_reached", "undelivered", 3),
        "0102": ("not_reached", "undelivered", 1), "0103": ("reached", "delivered", 1),
        "0104": ("reached", "delivered", 1), "0105": ("reached", "delivered", 1),
        "0106": ("reached", "delivered", 1), "0107": ("reached", "delivered", 1),
        "0110": ("reached", "delivered", 1), "0111": ("unknown", "failed", 0),
        "0130": ("reached", "delivered", 1), "0131": ("reached", "delivered", 1),
    }  # fmt: skip
    made = {last: booked(stack, "sms", phone=special(last)) for last in fates}
    for last, (outcome, end, placed) in fates.items():
        done = settled(stack, made[last], 60)
        assert done["state"] == outcome, last
        assert done["attempts"][-1]["state"] == end, last
        assert len(stack.sandbox.placed(special(last))) == placed, last
    kept = stack.api.take("GET", "/messages", params={"limit": 200})["data"]
    assert len(kept) == len(fates) + 2, "a handset that is off may be on again: 0101 is tried again"


@pytest.mark.row("A8")
@pytest.mark.row("A2")
@pytest.mark.parametrize("fallback", ["voice", "email"])
def test_whoever_does_not_get_the_message_is_reached_by_the_next_channel(
    start_stack: StartStack, fallback: str
) -> None:
    stack = start_stack(EMAIL_PROVIDER="smtp", **SLOW)
    booking = booked(stack, "sms", fallback, phone=special("0101"))
    done = settled(stack, booking)
    assert done["state"] == "reached"
    assert [(one["channel"], one["state"]) for one in done["attempts"]] == [
        ("sms", "undelivered"), (fallback, "completed" if fallback == "voice" else "sent"),
    ]  # fmt: skip
    assert done["attempts"][0]["failure"]["provider_code"] == "30003"
    assert len(stack.sandbox.placed()) == 2


@pytest.mark.row("A8")
def test_a_cancellation_is_confirmed_to_the_contact_where_the_policy_wants_that(
    start_stack: StartStack,
) -> None:
    stack = start_stack(**SLOW)
    policy = {"cancellation": {"channels": ["sms"]}, "quiet_hours": None}
    rule = {"kind": "before", "minutes": 60, "channel": "voice"}
    told = booked(stack, reminders=[rule], policy=policy)
    quiet = booked(stack, reminders=[rule], phone=special("0141"))
    for booking in (told, quiet):
        assert stack.api.ask("DELETE", f"/bookings/{booking['id']}").status_code == 200
    until(lambda: len(stack.sandbox.placed()) == 1, "the confirmation", 40)
    (placed,) = stack.sandbox.placed()
    assert (placed["to"], placed["channel"]) == (ANSWERED, "sms")
    (sent,) = stack.api.take("GET", "/messages")["data"]
    assert (sent["booking_id"], sent["template"]["name"]) == (told["id"], "cancellation")
    assert stack.api.ask("DELETE", f"/bookings/{told['id']}").status_code == 200
    assert stack.outcome(sent["notification_id"], 30) == "reached"
    assert len(stack.sandbox.placed()) == 1


@pytest.mark.row("E1")
@pytest.mark.row("E2")
def test_staff_are_nudged_once_and_an_appointment_that_did_not_begin_is_overdue(
    start_stack: StartStack,
) -> None:
    stack = start_stack(**SLOW)
    staff = {"id": "m-3", "name": "Eve", "phone": special("0142")}
    rules = [{"kind": "nudge", "minutes": 30, "channel": "sms"}]
    made = [
        booked(stack, starts_at=soon(minutes=30, seconds=1), staff=staff, reminders=rules)
        for _ in range(2)
    ]
    for booking in made:
        done = settled(stack, booking)
        assert (done["state"], len(done["attempts"])) == ("reached", 1)
    assert [line["to"] for line in stack.sandbox.placed()] == [special("0142")] * 2
    begun = booked(stack, starts_at=soon(seconds=-63), staff=staff, reminders=[],
                   policy={"overdue_minutes": 1})  # fmt: skip
    until(lambda: state(stack, begun)["overdue"], "it to be overdue", 40)
    marked = until(
        lambda: [one for one in stack.api.feed() if one["type"] == "booking.overdue"], "the feed"
    )
    assert [one["object_id"] for one in marked] == [begun["id"]]
    assert state(stack, made[0])["overdue"] is False


@ON_SQLITE
@pytest.mark.row("D3")
def test_the_same_words_leave_by_another_carrier_when_only_a_setting_changes(
    start_stack: StartStack,
) -> None:
    stack = start_stack(WHATSAPP_PROVIDER="meta", RETRY_DEFAULT_SECONDS="1", **SLOW)
    done = settled(stack, booked(stack, "whatsapp", "sms", phone=special("0101")))
    assert [(one["provider"], one["channel"], one["state"]) for one in done["attempts"]] == [
        ("meta", "whatsapp", "failed"), *[("twilio", "sms", "undelivered")] * 2,
    ]  # fmt: skip
    assert done["state"] == "not_reached"
