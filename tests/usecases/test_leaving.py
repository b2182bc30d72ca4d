"""Leaving a sequence: whoever books, replies or opts out is told no more of it."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import Conflict
from gateway.models.consent import Consent
from gateway.models.conversations import Party
from gateway.usecases import accounts, bookings, consents, enrolments, people
from tests.databases import ON_SQLITE
from tests.stack import special
from tests.usecases.campaigns import PHONE, Campaign, step
from tests.usecases.reports import MAIL

pytestmark = pytest.mark.row("C2")
HOUR = timedelta(hours=1)


def told_once(campaign: Campaign, **more: Any) -> str:
    """Somebody whose first step left, and whose second is due in an hour."""
    one = campaign.enrol(campaign.sequence(step(0), step(60), **more))
    campaign.work()
    assert len(campaign.sent(one)) == 1
    return one


def book(campaign: Campaign, phone: str = PHONE) -> None:
    wanted = campaign.desk.wanted(
        campaign.at + 24 * HOUR, contact={"name": "Somebody", "phone": phone}, reminders=[]
    )
    bookings.book(campaign.caller, wanted, campaign.at)


def test_whoever_books_leaves(campaign: Campaign) -> None:
    one, other = told_once(campaign), campaign.enrol(campaign.sequence(), special("0103"))
    book(campaign)
    assert campaign.stands(one) == ("excluded", "booked")
    assert campaign.stands(other) == ("active", None)
    campaign.wait(hours=2)
    assert len(campaign.sent(one)) == 1


def test_whoever_replies_leaves_whatever_they_write(campaign: Campaign) -> None:
    one = told_once(campaign)
    campaign.reports.writes("who is this?")
    assert campaign.stands(one) == ("excluded", "replied")
    campaign.wait(hours=2)
    assert len(campaign.sent(one)) == 1


def test_whoever_opts_out_leaves_and_nothing_that_waits_leaves_either(campaign: Campaign) -> None:
    campaign.desk.stack.sandbox.fault("throttle_429", next=1)
    one = campaign.enrol(campaign.sequence(step(0), step(60)))
    campaign.work()
    assert campaign.states(one) == ["scheduled"]  # for another try
    contact = campaign.contact(one)
    consents.state(
        campaign.caller, contact.id, "sms", "nurture", granted=False, source="desk",
        now=campaign.at,
    )  # fmt: skip
    assert (campaign.stands(one), campaign.states(one)) == (("excluded", "opted_out"), ["canceled"])
    assert campaign.told(one)[0].reason == "opted_out"


def test_stop_written_to_our_number_is_an_opt_out(campaign: Campaign) -> None:
    one = told_once(campaign)
    campaign.reports.writes("STOP")
    assert campaign.stands(one) == ("excluded", "opted_out")


def test_a_block_at_the_carrier_is_an_opt_out(campaign: Campaign) -> None:
    one = told_once(campaign)
    campaign.arrive(one, "undelivered", "21610")
    assert campaign.stands(one) == ("excluded", "opted_out")
    assert campaign.states(one) == ["not_reached"]


def test_a_click_on_unsubscribe_is_an_opt_out(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence(step(0, "email"), step(60, "email")))
    campaign.work()
    (message,) = campaign.sent(one)
    link = consents.unsubscribe_url(message.id, "https://us.example")
    consents.unsubscribe(link.rpartition("/")[2], campaign.at)
    assert campaign.stands(one) == ("excluded", "opted_out")


@ON_SQLITE
def test_what_is_said_about_a_channel_that_it_does_not_use_ends_nothing(
    campaign: Campaign,
) -> None:
    one = told_once(campaign)
    contact = campaign.contact(one)
    for channel, purpose in (("email", "all"), ("voice", "all"), ("sms", "dunning")):
        consents.state(
            campaign.caller, contact.id, channel, purpose, granted=False, source="desk",
            now=campaign.at,
        )  # fmt: skip
    assert campaign.stands(one) == ("active", None)


@ON_SQLITE
def test_a_stop_that_was_taken_back_before_it_was_read_ends_nothing(campaign: Campaign) -> None:
    one = told_once(campaign, leave_on=["opted_out"])
    party = Party(campaign.caller.organization_id, "test", "sms")
    hashed = str(campaign.contact(one).phone_hash)
    at = campaign.at
    for granted, moment in ((True, at), (False, at - HOUR)):
        consents.record(party, hashed, granted=granted, source="message", at=moment, now=at)
    assert Consent.select().count() == 2
    assert campaign.stands(one) == ("active", None)


def test_a_sequence_says_what_ends_it(campaign: Campaign) -> None:
    one = told_once(campaign, leave_on=["booked"])
    campaign.reports.writes("tell me more")
    assert campaign.stands(one) == ("active", None)
    campaign.reports.writes("STOP")
    assert campaign.stands(one) == ("active", None)
    campaign.wait(hours=1)
    assert campaign.states(one) == ["sending", "suppressed"], "consent holds all the same"
    book(campaign)
    assert campaign.stands(one) == ("excluded", "booked")


@ON_SQLITE
def test_nobody_leaves_for_what_they_did_with_another_organization_or_in_another_mode(
    campaign: Campaign,
) -> None:
    one = told_once(campaign)
    stack = campaign.desk.stack
    live = accounts.authenticate(stack.account.live_key, campaign.at)
    contact = people.keep(live, "contact", {"phone": PHONE, "email": MAIL}, campaign.at)
    consents.state(live, contact.id, "sms", "all", granted=False, source="desk", now=campaign.at)
    assert campaign.stands(one) == ("active", None)


def test_a_paused_course_is_left_as_well_and_can_not_be_resumed(campaign: Campaign) -> None:
    one = campaign.enrol(campaign.sequence())
    enrolments.pause(campaign.caller, one, campaign.at)
    book(campaign)
    assert (campaign.stands(one), campaign.states(one)) == (("excluded", "booked"), ["canceled"])


def test_whoever_opted_out_is_not_enrolled(campaign: Campaign) -> None:
    sequence = campaign.sequence()
    told_once(campaign)
    campaign.reports.writes("STOP")
    with pytest.raises(Conflict):
        campaign.enrol(sequence)
    campaign.reports.at += HOUR
    campaign.reports.writes("START")
    assert campaign.enrol(sequence)
