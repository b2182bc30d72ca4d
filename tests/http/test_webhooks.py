"""Callbacks of providers: who is believed, what is kept, what is answered (reliability.md 3.4)."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from gateway.http import create_app
from gateway.models import base
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import inbox
from tests.conftest import Configure
from tests.http import seed
from tests.http.callbacks import (
    BEARER,
    CALL_SID,
    FORM,
    VOICE,
    Sent,
    call_status,
    sandbox_signed,
    stored,
    twilio,
)
from tests.http.conftest import SETTINGS
from tests.http.stage import CALLS, Api
from tests.servers import RedisServer

GOOD: dict[str, tuple[Callable[[], Sent], int]] = {
    "twilio": (twilio, 204),
    "twilio, charset told": (lambda: twilio().but(content_type=FORM + "; charset=UTF-8"), 204),
    "twilio, no query": (lambda: twilio("/webhooks/twilio/voice"), 204),
    "twilio, encoded query": (lambda: twilio(VOICE + "&name=Zo%C3%AB%20+x&e="), 204),
    "twilio, a parameter added": (lambda: twilio(NewParameter="1"), 204),
    "call-status, bearer": (call_status, 200),
    "call-status, Standard Webhooks": (sandbox_signed, 200),
}


@pytest.mark.row("F2")
@pytest.mark.row("F3")
def test_an_authentic_callback_is_stored_and_a_second_one_is_known(
    api: Api, subtests: pytest.Subtests, redis_server: RedisServer
) -> None:
    for name, (make, status) in GOOD.items():
        with subtests.test(name):
            with base.connection():
                ProviderEvent.delete().execute()
            sent = make()
            first = sent.to(api)
            with redis_server.client() as client:
                assert client.llen("ringback:events") == 1
            again = sent.to(api)

            assert (first.status_code, again.status_code) == (status, status)
            assert first.data == again.data
            assert status == 204 or first.json == {"success": True}
            assert stored() == 1
            with redis_server.client() as client:
                assert client.llen("ringback:events") == 1
                client.delete("ringback:events", "ringback:events.msgs")


UNREADABLE = {
    "B084 lower case": {"CallSid": CALL_SID.lower()},
    "B084 33 characters": {"CallSid": CALL_SID[:-1]},
    "B084 SQL": {"CallSid": "' OR 1=1"}, "B084 a path": {"CallSid": "../../Calls"},
    "B085 foreign account": {"AccountSid": "AC" + "2" * 32}, "no status": {"CallStatus": ""},
}  # fmt: skip


@pytest.mark.row("F3")
def test_a_signed_callback_that_can_not_be_read_is_kept_without_effect(
    api: Api, subtests: pytest.Subtests, redis_server: RedisServer
) -> None:
    for name, changes in UNREADABLE.items():
        with subtests.test(name):
            assert twilio(**changes).to(api).status_code == 204
    with base.connection():
        states = {(row.state, row.kind) for row in ProviderEvent.select()}
    assert states == {("parked", "unreadable")}
    assert stored() == len(UNREADABLE)
    with redis_server.client() as client:
        assert client.llen("ringback:events") == 0


@pytest.mark.row("F3")
def test_a_callback_is_known_again_after_a_restart(api: Api, configure: Configure) -> None:
    assert twilio().to(api).status_code == 204

    restarted = create_app(configure(**SETTINGS))
    anew = Api(restarted, api.account, api.description, None)

    assert twilio().to(anew).status_code == 204
    assert stored() == 1


@pytest.mark.row("F3")
def test_twenty_deliveries_at_once_are_stored_once(api: Api) -> None:
    statuses: list[int] = []
    start = threading.Barrier(20)

    def deliver() -> None:
        start.wait()
        statuses.append(twilio().to(api).status_code)

    threads = [threading.Thread(target=deliver) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [204] * 20
    assert stored() == 1


@pytest.mark.row("D3")
@pytest.mark.row("F2")
def test_call_status_brings_status_transcript_and_time_of_receipt(api: Api) -> None:
    asking = api.with_key(api.account.live_key)
    call_id = seed.call(
        api, mode="live", provider="voice_api", account="voice_api:live", external_id="call-1",
        state="in-progress", provider_status="in-progress", ended_at=None,
    )  # fmt: skip
    sent = call_status(metadata={"reminder_id": call_id})
    assert sent.to(api).json == {"success": True}
    with base.connection():
        [event] = ProviderEvent.select()
        inbox.apply(event.id, datetime.now(UTC))  # what a worker does

    shown = asking.read(f"{CALLS}/{call_id}")
    assert (shown["state"], shown["provider_status"]) == ("completed", "completed")
    assert shown["transcript"]["text"] == "Yes, I will come."
    assert shown["transcript"]["received_at"] is not None
    assert [one["status"] for one in shown["events"]] == ["completed"]
    assert sent.to(api).json == {"success": True}
    assert asking.read(f"{CALLS}/{call_id}") == shown


@pytest.mark.row("D6")
def test_the_log_tells_of_callbacks_received_repeated_and_refused(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    for sent in (twilio(), twilio(), twilio(token="x"), call_status().but(body=b"{")):
        sent.to(api)

    said = caplog.text
    for words in ("webhook received", "webhook duplicate ignored"):
        assert said.count(words) == 1
    assert said.count("webhook invalid") == 2
    for private in (CALL_SID, "cl_000", "Yes, I will", BEARER):
        assert private not in said
