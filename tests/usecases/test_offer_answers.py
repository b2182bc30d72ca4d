"""What people answer to an offer: by a digit in a message, or a key in a call."""

import itertools
from datetime import timedelta

import pytest

from gateway.domain.lifecycle import CallState, MessageState
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.offer import Offer
from gateway.usecases import bookings, offers
from tests.usecases.line import Line
from tests.usecases.talk import PHONE, Talk

_numbers = itertools.count(1)


@pytest.fixture
def line(talk: Talk) -> Line:
    """A list on which the person who answers waits."""
    made = Line(talk.caller, talk.now)
    made.joins("Ada", contact={"phone": PHONE})
    made.joins("Bob")
    return made


def _attempt(talk: Talk, offer: Offer) -> dict[str, object]:
    (row,) = [row for row in Notification.of_subject("offer", offer.id) if row.rule == "offer"]
    Notification.update(state="sending", tries=1, next_attempt_at=None).where(
        Notification.id == row.id
    ).execute()
    return {
        "organization": offer.organization_id, "mode": offer.mode, "notification": row.id,
        "provider": "twilio", "account": talk.carrier["account_sid"], "from_address": talk.ours,
        "to_address": row.contact.phone, "to_hash": row.contact.phone_hash,
        "created_at": offer.offered_at,
    }  # fmt: skip


def wrote(talk: Talk, offer: Offer, channel: str = "sms") -> MessageLog:
    """The offer, in a message that the person got."""
    made = MessageLog.write(
        **_attempt(talk, offer), channel=channel, state=MessageState.SENT,
        external_id=f"SM{next(_numbers):031x}f",
    )  # fmt: skip
    assert made is not None
    return made


def called(talk: Talk, offer: Offer) -> CallLog:
    """The same by telephone: the call is under way."""
    made = CallLog.write(
        **_attempt(talk, offer), state=CallState.IN_PROGRESS,
        external_id=f"CA{next(_numbers):031x}f",
    )  # fmt: skip
    assert made is not None
    return made


def answers(offer: Offer) -> list[tuple[str, str]]:
    """What was written back, and on which channel."""
    rows = [row for row in Notification.of_subject("offer", offer.id) if row.rule != "offer"]
    return [(row.wording["template"], row.channel) for row in rows]


@pytest.mark.row("B1")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_one_takes_what_is_offered(talk: Talk, line: Line, channel: str) -> None:
    slot = line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer, channel)
    talk.says("1", channel=channel)
    assert (line.state(offer), line.state(slot)) == ("accepted", "taken")
    assert Booking.select().count() == 1
    assert answers(offer) == [("waitlist_accepted", channel)]


@pytest.mark.row("B1")
def test_a_three_lets_it_go_to_the_next(talk: Talk, line: Line) -> None:
    slot = line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    talk.says("3")
    assert (line.state(offer), line.holder(slot)) == ("declined", "Bob")
    assert answers(offer) == []


@pytest.mark.parametrize("end", ["declined", "expired"])
def test_a_one_that_comes_too_late_is_told_so_once(talk: Talk, line: Line, end: str) -> None:
    line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    if end == "declined":
        offers.decline(line.caller, offer.id, line.now)
    else:
        talk.now = offer.expires_at
    for _ in range(2):
        talk.says("1")
    assert answers(offer) == [("waitlist_over", "sms")]
    assert Booking.select().count() == 0


def test_a_two_means_nothing_to_an_offer(talk: Talk, line: Line) -> None:
    line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    talk.says("2")
    talk.says("maybe")
    assert (line.state(offer), answers(offer)) == ("offered", [])


@pytest.mark.row("B1")
@pytest.mark.parametrize(("key", "end"), [("1", "accepted"), ("3", "declined"), ("2", "offered")])
def test_a_key_in_the_call_does_the_same_and_the_call_goes_on(
    talk: Talk, line: Line, key: str, end: str
) -> None:
    line.frees()
    offer = line.offer("Ada")
    call = called(talk, offer)
    talk.presses(call, key)
    assert line.state(offer) == end
    assert CallLog.get_by_id(call.id).end_at is None
    assert answers(offer) == ([("waitlist_accepted", "whatsapp")] if key == "1" else [])


def test_once_it_is_taken_a_three_cancels_the_appointment(talk: Talk, line: Line) -> None:
    slot = line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    talk.says("1")
    talk.says("3")
    booking = Booking.get()
    assert (booking.state, line.state(offer)) == ("canceled", "accepted")
    # And its time is free again, for whoever is next.
    other = type(slot).select().where(type(slot).freed_by == booking.id).get()
    assert line.holder(other) == "Bob"


def test_nobody_else_answers_for_them(talk: Talk, line: Line) -> None:
    line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    talk.says("1", from_="+12025550177")
    assert line.state(offer) == "offered"


def test_a_digit_answers_the_newest_that_was_asked(talk: Talk, line: Line) -> None:
    booking = talk.book(hours=30)
    talk.wrote(booking)
    line.frees()
    offer = line.offer("Ada")
    wrote(talk, offer)
    talk.says("1")
    assert (line.state(offer), talk.booking(booking).state) == ("accepted", "booked")
    talk.now += timedelta(minutes=1)
    later = talk.book(hours=40)
    talk.wrote(later)
    talk.says("1")
    assert talk.booking(later).state == "confirmed"


def test_a_three_about_an_appointment_frees_its_time(talk: Talk, line: Line) -> None:
    booking = talk.book(hours=30, service={"id": "cut", "name": "Haircut"})
    talk.wrote(booking)
    talk.says("3")
    assert bookings.show(talk.caller, booking.id).state == "canceled"
    assert line.offer("Ada").slot.freed_by_id == booking.id
