"""What an erased person said or pressed: it counts, and the words are not kept."""

from datetime import UTC, datetime

import pytest

from gateway.models.consent import Consent
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import erasure
from tests import traces
from tests.usecases.talk import PHONE, Talk

WORDS = "wubbalubba"


def opted_out(talk: Talk, channel: str) -> bool:
    return Consent.withdrawn(
        talk.caller.organization_id, "test", channel, "reminder", talk.person
    )  # fmt: skip


@pytest.mark.row("B5")
@pytest.mark.parametrize("text", ["STOP", WORDS])
def test_a_message_that_lay_unread_counts_and_is_not_kept(talk: Talk, text: str) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.posts(text)
    erasure.erase(talk.caller, booking.contact_id, datetime.now(UTC))
    talk.apply()
    (kept,) = talk.received
    assert (kept.from_address, kept.text, kept.state) == ("", None, "received")
    assert opted_out(talk, "sms") == (text == "STOP")
    assert {event.body for event in ProviderEvent.select()} == {None}
    assert traces.found(traces.kept_in_database(), {*traces.of_number(PHONE), WORDS}) == {}


@pytest.mark.row("B5")
def test_a_message_that_comes_later_is_a_new_one_and_its_stop_counts(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    erasure.erase(talk.caller, booking.contact_id, talk.now)
    talk.says("STOP")
    (kept,) = talk.received
    assert (kept.from_address, kept.text) == (PHONE, "STOP")
    assert opted_out(talk, "sms")
    assert talk.answers == []


@pytest.mark.row("B5")
def test_a_key_that_was_pressed_before_the_end_counts_and_is_not_kept(talk: Talk) -> None:
    booking = talk.book()
    call = talk.called(booking)
    erasure.erase(talk.caller, booking.contact_id, talk.now)
    talk.presses(call, "9")
    kept = type(call).get_by_id(call.id)
    assert (kept.digits, kept.to_address) == (None, "")
    assert opted_out(talk, "voice")
