"""Who said stop, who said start, and for whom it counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from gateway.models.consent import Consent
from gateway.models.provider_event import ProviderEvent
from gateway.models.sender import Sender
from gateway.usecases import consents, inbox
from tests.conftest import Account
from tests.usecases.talk import OURS, Talk

OpenAccount = Callable[[str], Account]


def out(talk: Talk, channel: str = "sms", purpose: str = "reminder") -> bool:
    return Consent.withdrawn(talk.caller.organization_id, "test", channel, purpose, talk.person)


@pytest.mark.parametrize("text", ["STOP", "cancel", "Opt-out!", "Arrêt"])
def test_a_stop_ends_all_of_its_channel_and_nothing_else(talk: Talk, text: str) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says(text)
    assert out(talk)
    assert out(talk, purpose="nurture")
    assert not out(talk, "voice")
    assert not out(talk, "whatsapp")
    assert talk.booking(booking).state == "booked"
    assert talk.answers == []
    assert talk.feed("consent") == ["consent.withdrawn"]
    said = Consent.get()
    event = ProviderEvent.get()
    assert (said.source, said.event_id, said.at) == (consents.WORD, event.id, event.received_at)


def test_start_takes_a_stop_back_and_yes_only_then(talk: Talk) -> None:
    talk.wrote(talk.book())
    talk.says("yes")
    assert Consent.select().count() == 0
    talk.says("stop")
    talk.says("YES")
    assert not out(talk)
    talk.says("stop")
    talk.says("start")
    assert not out(talk)
    assert [one.granted for one in Consent.select().order_by(Consent.at)] == [
        False, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("last", ["STOP", "START"])
def test_what_was_said_later_counts_whichever_is_read_first(talk: Talk, last: str) -> None:
    talk.wrote(talk.book())
    first = "START" if last == "STOP" else "STOP"
    for text, after in ((first, 0), (last, 1)):
        sid = talk.posts(text)
        at = talk.now + timedelta(seconds=after)
        ProviderEvent.update(received_at=at).where(ProviderEvent.external_id == sid).execute()
    for event in ProviderEvent.select().order_by(ProviderEvent.received_at.desc()):
        inbox.apply(event.id, talk.now)
    assert out(talk) == (last == "STOP")


def test_the_carriers_own_reading_comes_before_ours(talk: Talk) -> None:
    booking = talk.book()
    talk.wrote(booking)
    talk.says("1", OptOutType="STOP")
    assert out(talk)
    assert talk.booking(booking).state == "booked"
    talk.says("help", OptOutType="HELP")
    assert talk.answers == []


def test_help_is_answered(talk: Talk) -> None:
    talk.wrote(talk.book())
    talk.says("Info")
    assert talk.answers == ["help"]


@pytest.mark.parametrize("word", ["STOP", "START"])
def test_a_stop_to_a_shared_number_counts_for_everybody_who_wrote_from_it(
    talk: Talk, app: Flask, open_account: OpenAccount, word: str
) -> None:
    other, silent = Talk(app, open_account("Salon")), Talk(app, open_account("Nobody"))
    silent.book()
    talk.wrote(talk.book())
    other.wrote(other.book())
    talk.says("STOP")
    if word == "START":
        talk.says("START")
    expected = word == "STOP"
    assert (out(talk), out(other), out(silent)) == (expected, expected, False)
    assert talk.received[0].organization_id == other.caller.organization_id


def test_start_at_a_shared_number_leaves_what_a_person_told_another_organization(
    talk: Talk, app: Flask, open_account: OpenAccount
) -> None:
    other = Talk(app, open_account("Salon"))
    other.wrote(other.book())
    talk.now = other.now + timedelta(seconds=1)
    talk.wrote(talk.book())
    contact = other.book().contact
    consents.state(
        other.caller, contact.id, "sms", "all", granted=False, source="desk", now=other.now
    )
    talk.says("START")
    assert (out(talk), out(other)) == (False, True)


def test_a_message_to_an_organizations_own_number_is_its_own(talk: Talk) -> None:
    Sender.create(
        organization=talk.caller.organization_id, mode="test", channel="sms", provider="twilio",
        account=talk.carrier["account_sid"], address=OURS, created_at=talk.now,
    )  # fmt: skip
    talk.says("stop")
    assert out(talk)
    assert talk.received[0].organization_id == talk.caller.organization_id


def test_whoever_was_only_called_from_a_number_stops_the_calls_by_writing_to_it(talk: Talk) -> None:
    talk.called(talk.book())
    talk.says("STOP")
    assert (out(talk), out(talk, "voice")) == (True, True)


def test_nine_in_a_call_ends_calls_and_only_calls(talk: Talk) -> None:
    call = talk.called(talk.book())
    talk.presses(call, "9")
    assert (out(talk, "voice"), out(talk, "sms")) == (True, False)
    assert Consent.get().source == consents.KEY_PRESS


def test_a_block_at_the_carrier_is_a_stop_from_when_the_message_was_sent(talk: Talk) -> None:
    message = talk.wrote(talk.book())
    for _ in range(2):
        consents.refused_by_carrier(message, None, talk.now)
    assert out(talk)
    said = Consent.get()
    assert (Consent.select().count(), said.source, said.at) == (
        1, consents.CARRIER, message.created_at,
    )  # fmt: skip
