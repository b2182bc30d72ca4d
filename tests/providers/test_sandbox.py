"""The carriers against the sandbox: two independent readings of the same protocols agree."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.callback import EventKind
from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Result
from gateway.providers.twilio import TwilioProvider
from gateway.providers.voice_api import VoiceApiProvider
from tests.providers.kits import ATTEMPT, request
from tests.providers.play import Play

ANSWERS, PRESSES_1, BUSY, INVALID = "+12025550100", "+12025550123", "+12025550120", "+15005550001"


@pytest.mark.row("D2")
def test_a_twilio_call_plays_from_placement_to_transcript(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    assert provider.check() is None
    asked = request(provider, to=ANSWERS, callback_base_url=play.gateway.url)
    placement = provider.place(asked)
    assert placement.result is Result.ACCEPTED
    events = play.until(
        provider,
        lambda found: (
            {"completed", "transcription-stopped"} <= {event.provider_status for event in found}
        ),
    )
    assert {event.external_id for event in events} == {placement.external_id}
    assert {event.attempt_id for event in events} == {ATTEMPT}
    steps = [event.state for event in events if event.kind is EventKind.CALL_STATUS]
    assert steps == [
        CallState.INITIATED,
        CallState.RINGING,
        CallState.IN_PROGRESS,
        CallState.COMPLETED,
    ]
    said = [segment for event in events for segment in event.segments]
    assert {segment.speaker for segment in said} == {"gateway", "contact"}
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    (listed,) = provider.listed(asked.account, asked.from_, an_hour_ago) or ()
    assert (listed.to, listed.call.state) == (asked.to, CallState.COMPLETED)
    (found,) = provider.find(asked) or ()
    assert (found.external_id, found.state) == (placement.external_id, CallState.COMPLETED)
    assert provider.hang_up(asked.account, found.external_id)


@pytest.mark.row("D2")
def test_a_pressed_key_plays_from_the_question_to_its_event(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    asked = request(provider, to=PRESSES_1, digits=True, callback_base_url=play.gateway.url)
    placement = provider.place(asked)
    events = play.until(provider, lambda found: any(event.digits for event in found))
    (pressed,) = (event for event in events if event.kind is EventKind.DIGITS)
    assert (pressed.digits, pressed.external_id) == ("1", placement.external_id)
    assert pressed.attempt_id == ATTEMPT


def test_a_busy_number_and_an_invalid_one_end_as_they_should(play: Play) -> None:
    provider = TwilioProvider(play.settings)
    refused = provider.place(request(provider, to=INVALID))
    assert refused.result is Result.REJECTED
    busy = request(provider, to=BUSY, callback_base_url=play.gateway.url)
    assert provider.place(busy).result is Result.ACCEPTED
    ended = play.until(provider, lambda found: any(event.failure for event in found))
    assert ended[-1].state is CallState.BUSY


@pytest.mark.row("D3")
def test_a_call_of_the_generic_provider_plays_to_its_webhook(play: Play) -> None:
    provider = VoiceApiProvider(play.settings)
    assert provider.check() is None
    placement = provider.place(request(provider, to=ANSWERS))
    assert placement.result is Result.ACCEPTED
    events = play.until(provider, lambda found: len(found) > 0)
    assert (events[0].external_id, events[0].state) == (
        placement.external_id,
        CallState.COMPLETED,
    )
    assert events[0].attempt_id == ATTEMPT
    assert events[0].text
