"""The carriers against the sandbox: two independent readings of the same protocols agree."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from werkzeug.serving import make_server

from gateway import wallclock
from gateway.domain.lifecycle import CallState
from gateway.domain.provider import Callback, EventKind, Provider, ProviderEvent, Result
from gateway.providers.twilio import TwilioProvider
from gateway.providers.voice_api import VoiceApiProvider
from gateway.sandbox.app import create_app
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.stage import EXTENSION
from gateway.settings import Settings
from tests.providers.kits import ATTEMPT, request, settings
from tests.providers.stand_in import StandIn, answering

ANSWERS, BUSY, INVALID = "+12025550100", "+12025550120", "+15005550001"


@dataclass
class Play:
    """A sandbox, and the place that it calls back to."""

    settings: Settings
    gateway: StandIn

    def events(self, provider: Provider) -> list[ProviderEvent]:
        """Everything called back so far, verified and translated."""
        return [self._event(provider, number) for number in range(len(self.gateway.posts))]

    def until(
        self, provider: Provider, done: Callable[[list[ProviderEvent]], bool]
    ) -> list[ProviderEvent]:
        end = time.monotonic() + 10
        while not done(found := self.events(provider)):
            assert time.monotonic() < end, [event.provider_status for event in found]
            self.gateway.over.wait(0.02)
        return found

    def _event(self, provider: Provider, number: int) -> ProviderEvent:
        seen = self.gateway.posts[number]
        parts = urlsplit(seen.target)
        url = self.gateway.url + seen.target
        path = parts.path.removeprefix("/webhooks/")
        callback = Callback("POST", path, url, parts.query, seen.headers, seen.body)
        return provider.parse(callback, provider.verify(callback, wallclock.now()))


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    shared = settings().sandbox_credentials
    with StandIn(answering(204)) as gateway:
        app = create_app(
            SandboxConfig.single(
                gateway_url=gateway.url,
                ledger_path=tmp_path / "ledger.jsonl",
                ring_seconds=0.02,
                talk_seconds=0.02,
                account_sid=shared["account_sid"],
                auth_token=shared["auth_token"],
                voice_api_key=shared["voice_api_key"],
                webhook_secret=shared["webhook_secret"],
            )
        )
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield Play(settings(sandbox_url=url, provider_deadline_seconds=5.0), gateway)
        server.shutdown()
        thread.join(5)
        server.server_close()
        app.extensions[EXTENSION].close()


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
