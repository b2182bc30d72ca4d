"""What an answer changes about what is sent: asked of the start gate itself."""

from datetime import timedelta

import pytest

from gateway.domain.provider import MessageRequest
from gateway.domain.reminders import BEFORE, EVERY, Rule
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from tests.usecases.talk import PHONE, Talk

SECOND = timedelta(seconds=1)


def ended(notification_id: str) -> tuple[str, str | None]:
    row = Notification.get_by_id(notification_id)
    return str(row.state), row.reason


def test_nothing_leaves_after_a_stop_and_again_after_a_start(talk: Talk) -> None:
    rules = [Rule(BEFORE, minutes=minutes, channel="sms") for minutes in (60, 30, 20)]
    booking = talk.book(hours=5, reminders=rules)
    talk.wrote(booking)
    _, second, third = Notification.of_subject("booking", booking.id)
    talk.says("STOP")
    assert talk.leaves(second.id, second.due_at + SECOND) is None
    assert ended(second.id) == ("suppressed", "opted_out")
    talk.says("START")
    opened = talk.leaves(third.id, third.due_at + SECOND)
    assert opened is not None
    assert opened.request.to == PHONE


@pytest.mark.row("A2")
def test_whoever_confirmed_is_not_reminded_again_and_again(talk: Talk) -> None:
    Organization.update(policy={"quiet_hours": None}).execute()
    every = Rule(EVERY, minutes=60, channel="whatsapp")
    before = Rule(BEFORE, minutes=5, channel="whatsapp")
    booking = talk.book(hours=3, reminders=[every, before])
    talk.wrote(booking, "whatsapp")
    _, second, last = Notification.of_subject("booking", booking.id)
    talk.says("1", channel="whatsapp")
    assert talk.leaves(second.id, second.due_at + SECOND) is None
    assert ended(second.id) == ("suppressed", "confirmed")
    assert talk.leaves(last.id, last.due_at + SECOND) is not None


@pytest.mark.row("A8")
@pytest.mark.parametrize(("text", "words"), [("1", "is confirmed"), ("3", "is canceled")])
def test_our_answer_says_what_was_done_in_the_words_that_all_channels_share(
    talk: Talk, text: str, words: str
) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says(text)
    reply = Notification.get(Notification.subject_type == "reply")
    opened = talk.leaves(reply.id, talk.now + SECOND)
    assert opened is not None
    assert isinstance(opened.request, MessageRequest)
    assert words in opened.request.content.text
    assert "Practice" in opened.request.content.text
    assert (opened.request.channel, opened.request.to) == ("sms", PHONE)
    assert opened.attempt.template == ("confirmation" if text == "1" else "cancellation")


def test_help_says_who_writes_and_how_to_end_it(talk: Talk) -> None:
    talk.wrote(talk.book())
    talk.says("help")
    reply = Notification.get(Notification.subject_type == "reply")
    opened = talk.leaves(reply.id, talk.now + SECOND)
    assert opened is not None
    assert isinstance(opened.request, MessageRequest)
    assert "Practice" in opened.request.content.text
    assert "STOP" in opened.request.content.text


def test_an_answer_about_what_changed_meanwhile_is_not_sent(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says("1")
    talk.says("3")
    first, second = Notification.select().where(Notification.subject_type == "reply")
    assert talk.leaves(first.id, talk.now + SECOND) is None
    assert ended(first.id) == ("canceled", "superseded")
    assert ended(second.id)[0] == "due"
