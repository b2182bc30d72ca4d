"""Twilio's messages against the sandbox: two independent readings of the same protocol agree."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
import requests

from gateway.domain.callback import EventKind
from gateway.domain.lifecycle import MessageState
from gateway.domain.outcomes import Reason
from gateway.domain.provider import Result
from gateway.providers.twilio import TwilioProvider
from tests.providers.kits import FROM
from tests.providers.messages import MESSAGE, message
from tests.providers.play import Play

READS, UNREACHABLE, ANSWERS_1 = "+12025550100", "+12025550101", "+12025550108"
OUTSIDE_THE_WINDOW, OPTED_OUT = "+12025550113", "+15005550004"


@pytest.mark.row("A2")
@pytest.mark.row("C9")
@pytest.mark.row("F2")
@pytest.mark.parametrize(("channel", "end"), [("sms", "delivered"), ("whatsapp", "read")])
def test_a_message_plays_from_sending_to_its_last_state(play: Play, channel: str, end: str) -> None:
    provider = TwilioProvider(play.settings)
    asked = message(provider, channel, to=READS, callback_base_url=play.gateway.url)
    placement = provider.place(asked)
    assert (placement.result, placement.provider_status) == (Result.ACCEPTED, "queued")
    events = play.until(provider, lambda found: end in [event.state for event in found])
    assert {event.external_id for event in events} == {placement.external_id}
    assert {event.attempt_id for event in events} == {MESSAGE}
    assert {event.kind for event in events} == {EventKind.MESSAGE_STATUS}
    steps = ["sent", "delivered", "read"]
    assert [event.state for event in events] == [
        *takewhile(lambda step: step != end, steps),
        end,
    ]
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    (listed,) = provider.listed(asked.account, asked.from_, an_hour_ago, channel) or ()
    assert (listed.to, listed.call.external_id) == (READS, placement.external_id)
    (found,) = provider.find(asked) or ()
    fetched = provider.fetch(asked.account, str(placement.external_id))
    assert fetched == found
    assert (found.state, found.failure) == (MessageState(end), None)


def test_what_was_not_delivered_tells_why_in_its_callback_and_its_record(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    asked = message(provider, "sms", to=UNREACHABLE, callback_base_url=play.gateway.url)
    placement = provider.place(asked)
    ended = play.until(provider, lambda found: any(event.failure for event in found))[-1]
    found = provider.fetch(asked.account, str(placement.external_id))
    assert found is not None
    assert ended.state is found.state is MessageState.UNDELIVERED
    assert ended.failure == found.failure
    assert ended.failure is not None
    assert (ended.failure.reason, ended.failure.provider_code) == (Reason.UNREACHABLE, "30003")


def test_words_of_our_own_outside_the_window_fail_and_say_so(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    provider.place(
        message(provider, "whatsapp", to=OUTSIDE_THE_WINDOW, callback_base_url=play.gateway.url)
    )
    ended = play.until(provider, lambda found: any(event.failure for event in found))[-1]
    assert ended.failure is not None
    assert (ended.state, ended.failure.reason) == (MessageState.FAILED, Reason.WINDOW_CLOSED)


def test_somebody_who_wants_no_more_is_refused(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    placement = provider.place(message(provider, "sms", to=OPTED_OUT))
    assert placement.result is Result.REJECTED
    assert placement.failure is not None
    assert placement.failure.reason is Reason.OPTED_OUT


@pytest.mark.row("F2")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_an_answer_comes_back_on_the_channel_that_was_used(play: Play, channel: str) -> None:
    provider = TwilioProvider(play.settings)
    provider.place(message(provider, channel, to=ANSWERS_1, callback_base_url=play.gateway.url))
    events = play.until(provider, lambda found: any(event.inbound for event in found))
    (answer,) = (event.inbound for event in events if event.inbound)
    assert (answer.channel, answer.from_, answer.to) == (channel, ANSWERS_1, FROM)
    assert (answer.text, answer.media) == ("1", 0)


def test_a_word_that_twilio_itself_understands_is_told_with_its_meaning(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    described = {
        "from": READS,
        "to": FROM,
        "text": "Bitte nicht mehr",
        "channel": "sms",
        "media": 2,
        "opt_out_type": "STOP",
    }
    answer = requests.post(
        f"{play.settings.sandbox_url}/sandbox/inbound", json=described, timeout=5
    )
    assert (answer.status_code, answer.json()["status"]) == (201, 204)
    (event,) = play.events(provider)
    assert event.inbound is not None
    assert (event.inbound.opt_out, event.inbound.media) == ("stop", 2)
