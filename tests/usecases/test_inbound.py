"""What people write to us: kept, and acted upon."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.models.consent import Consent
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.sender import Sender
from gateway.usecases import bookings, inbox
from tests.conftest import Account
from tests.usecases.talk import OURS, PHONE, Talk

OpenAccount = Callable[[str], Account]


def out(talk: Talk, channel: str = "sms", purpose: str = "reminder") -> bool:
    return Consent.withdrawn(talk.caller.organization_id, "test", channel, purpose, talk.person)


def test_a_message_is_kept_with_whom_it_came_from_and_what_it_is_about(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says("I am running late", NumMedia="2")
    (kept,) = talk.received
    assert (kept.direction, kept.state, kept.text) == ("inbound", "received", "I am running late")
    assert (kept.from_address, kept.to_address, kept.to_hash) == (PHONE, OURS, talk.person)
    assert (kept.booking_id, kept.notification_id, kept.media) == (booking.id, None, 2)
    assert talk.feed("message")[-1] == "message.received"
    assert talk.answers == []


def test_a_message_to_a_number_that_wrote_to_nobody_waits(talk: Talk) -> None:
    talk.says("hello")
    assert talk.received == []
    assert [event.state for event in ProviderEvent.select()] == ["parked"]


@pytest.mark.parametrize(
    ("text", "state", "answer"),
    [("1", "confirmed", "confirmation"), ("3", "canceled", "cancellation")],
)
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_digit_confirms_or_cancels_and_is_answered(
    talk: Talk, text: str, state: str, answer: str, channel: str
) -> None:
    booking = talk.book()
    talk.wrote(booking, channel)
    talk.says(text, channel=channel)
    assert talk.booking(booking).state == state
    assert talk.feed("booking")[-1] == f"booking.{state}"
    assert talk.answers == [answer]
    reply = Notification.get(Notification.subject_type == "reply")
    assert (reply.kind, reply.purpose, reply.channel) == ("reply", "request", channel)
    assert (reply.state, reply.schedule_version) == (
        "scheduled",
        talk.booking(booking).schedule_version,
    )


@pytest.mark.row("A2")
@pytest.mark.parametrize(
    ("payload", "title", "state", "answer"),
    [
        ("1", "I will be there", "confirmed", "confirmation"),
        ("confirm", "3", "confirmed", "confirmation"),
        (" Cancel ", "Cancel", "canceled", "cancellation"),
        ("move", "Another time", "booked", "move_requested"),
        ("rebook-17", "1", "confirmed", "confirmation"),
    ],
)
def test_a_button_counts_by_what_it_stands_for_before_what_is_written_on_it(
    talk: Talk, payload: str, title: str, state: str, answer: str
) -> None:
    booking = talk.book()
    talk.wrote(booking, "whatsapp")
    talk.says(title, channel="whatsapp", ButtonPayload=payload, ButtonText=title)
    after = talk.booking(booking)
    assert (after.state, after.move_requested_at is not None) == (state, payload == "move")
    assert talk.answers == [answer]
    assert talk.received[-1].text == title
    assert Consent.select().count() == 0


def test_a_stop_that_the_carrier_acted_on_is_one_whatever_the_button_stands_for(
    talk: Talk,
) -> None:
    booking = talk.book()
    talk.wrote(booking, "whatsapp")
    talk.says("Stop", channel="whatsapp", ButtonPayload="1", OptOutType="STOP")
    assert talk.booking(booking).state == "booked"
    assert [one.granted for one in Consent.select()] == [False]


def test_two_asks_to_move_and_leaves_the_rest_to_people(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says("2")
    moved = talk.booking(booking)
    assert (moved.state, moved.move_requested_at) == ("booked", talk.now)
    assert talk.feed("booking")[-1] == "booking.move_requested"
    talk.says("1")
    confirmed = talk.booking(booking)
    assert (confirmed.state, confirmed.move_requested_at) == ("confirmed", None)


def test_an_answer_told_twice_or_applied_twice_counts_once(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says("1")
    version = talk.booking(booking).version
    event = ProviderEvent.get(ProviderEvent.kind == "inbound")
    ProviderEvent.update(state="received").where(ProviderEvent.id == event.id).execute()
    inbox.apply(event.id, talk.now)
    talk.says("1")
    assert talk.booking(booking).version == version
    assert talk.answers == ["confirmation"]
    assert len(talk.received) == 2


def test_an_answer_to_a_reminder_of_another_time_changes_nothing(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    later = {"starts_at": booking.starts_at + timedelta(days=1), "starts_at_text": "later"}
    bookings.edit(talk.caller, booking.id, later, None, talk.now)
    talk.says("3")
    assert talk.booking(booking).state == "booked"
    assert talk.answers == ["moved"]


def test_an_answer_from_staff_or_to_an_older_person_decides_nothing(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    someone = {"contact": {"name": "Bob", "phone": "+12025550105"}}
    bookings.edit(talk.caller, booking.id, someone, None, talk.now)
    talk.says("3")
    assert talk.booking(booking).state == "booked"
    assert talk.answers == []


def test_a_digit_about_no_appointment_is_only_kept(talk: Talk) -> None:
    booking = talk.book()
    message = talk.wrote(booking)
    type(message).update(booking=None).where(type(message).id == message.id).execute()
    talk.says("3")
    assert talk.booking(booking).state == "booked"
    assert len(talk.received) == 1


def test_the_message_that_the_carrier_names_is_the_one_that_is_answered(talk: Talk) -> None:
    first, second = talk.book(), talk.book(hours=48)
    named = talk.wrote(first, "whatsapp")
    talk.wrote(second, "whatsapp")
    talk.says("3", channel="whatsapp", OriginalRepliedMessageSid=str(named.external_id))
    assert (talk.booking(first).state, talk.booking(second).state) == ("canceled", "booked")


def test_a_flood_is_kept_and_does_nothing_more_but_a_stop_always_counts(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    for _ in range(12):
        talk.says("help")
    assert len(talk.answers) == 10
    talk.says("3")
    assert talk.booking(booking).state == "booked"
    talk.says("STOP")
    assert out(talk)
    assert len(talk.received) == 14


def test_a_number_of_ours_that_writes_to_us_gets_no_answer(talk: Talk) -> None:
    booking = talk.book(phone="+12025550105")
    talk.wrote(booking)
    Sender.create(
        organization=None, mode="test", channel="sms", provider="twilio",
        account=talk.carrier["account_sid"], address="+12025550105", created_at=talk.now,
    )  # fmt: skip
    talk.says("help", from_="+12025550105")
    assert len(talk.received) == 1
    assert talk.answers == []


@pytest.mark.parametrize(("key", "state"), [("1", "confirmed"), ("2", "booked"), ("3", "canceled")])
def test_a_key_in_a_call_says_the_same_as_a_digit_in_a_message(
    talk: Talk, key: str, state: str
) -> None:
    booking = talk.book()
    call = talk.called(booking)
    talk.presses(call, key)
    after = talk.booking(booking)
    assert (after.state, after.move_requested_at is not None) == (state, key == "2")
    kept = type(call).get_by_id(call.id)
    assert (kept.digits, kept.end_at) == (key, None)
    assert talk.answers == []


@pytest.mark.parametrize("keys", ["33", "13", "0", "*", "7#"])
def test_other_keys_mean_nothing(talk: Talk, keys: str) -> None:
    booking = talk.book()
    talk.presses(talk.called(booking), keys)
    assert talk.booking(booking).state == "booked"
    assert Consent.select().count() == 0
