"""The generic voice provider: one POST, one webhook with the outcome."""

import json
from typing import Any

import pytest
import requests
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from gateway.sandbox.config import VoiceClient
from tests.sandbox.conftest import SECRET, Start
from tests.sandbox.receiver import Received
from tests.sandbox.running import Running, scenario


def opened(request: Received) -> Any:
    """The body, once its signature was found to be good."""
    return Webhook(SECRET).verify(request.body, request.headers)


def test_a_call_is_accepted_and_its_outcome_posted_signed(sandbox: Running) -> None:
    answer = sandbox.voice(scenario("0100"))
    call_id = answer.json()["call_id"]
    (webhook,) = sandbox.receiver.wait_for(1)

    assert (answer.status_code, answer.json()["status"]) == (201, "queued")
    assert webhook.url == f"{sandbox.receiver.url}/webhooks/call-status"
    assert opened(webhook) == {
        "call_id": call_id,
        "status": "completed",
        "metadata": {"reminder_id": "r-1"},
        "transcript": "Agent: See you at noon.\nPerson: Thank you, goodbye.",
    }
    (line,) = sandbox.look("ledger")
    assert (line["provider"], line["kind"], line["external_id"]) == ("voice_api", "call", call_id)
    assert (line["to"], line["text"]) == (scenario("0100"), "See you at noon.")


def test_any_other_secret_is_sent_as_a_bearer(start: Start) -> None:
    sandbox = start(voice_clients=(VoiceClient("voice-key", "a plain secret"),))
    sandbox.voice(scenario("0100"))
    (webhook,) = sandbox.receiver.wait_for(1)

    assert webhook.headers["authorization"] == "Bearer a plain secret"
    assert "webhook-signature" not in webhook.headers


@pytest.mark.parametrize("last", ["0120", "0121", "0125"])
def test_whoever_is_not_reached_failed_without_a_transcript(sandbox: Running, last: str) -> None:
    sandbox.voice(scenario(last))
    outcome = opened(sandbox.receiver.wait_for(1)[0])
    assert (outcome["status"], outcome["transcript"]) == ("failed", None)


def test_a_refused_webhook_is_repeated_under_its_id(sandbox: Running) -> None:
    answers = iter([503, 200])
    sandbox.receiver.reply = lambda request: (next(answers), "")
    sandbox.voice(scenario("0100"))
    first, second = sandbox.receiver.wait_for(2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert opened(first) == opened(second)


@pytest.mark.parametrize("last", ["0130", "0131"])
def test_a_signature_can_be_forged_or_stale(sandbox: Running, last: str) -> None:
    sandbox.voice(scenario(last))
    (webhook, *_) = sandbox.receiver.wait_for(1)
    with pytest.raises(WebhookVerificationError):
        opened(webhook)


def test_webhooks_can_be_lost_or_come_thrice_or_early(sandbox: Running) -> None:
    sandbox.voice(scenario("0103"))
    assert sandbox.receiver.stays_at(0, 0.1)
    sandbox.voice(scenario("0104"))
    assert len({call.headers["webhook-id"] for call in sandbox.receiver.wait_for(3)}) == 1
    sandbox.voice(scenario("0106"))
    assert len(sandbox.receiver.received) == 4


def test_a_second_transcript_comes_under_another_id(sandbox: Running) -> None:
    sandbox.voice(scenario("0128"))
    first, second = sandbox.receiver.wait_for(2)

    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    assert opened(first)["transcript"] != opened(second)["transcript"]


def test_a_late_transcript_follows_the_outcome_and_a_missing_one_does_not(
    sandbox: Running,
) -> None:
    sandbox.voice(scenario("0126"))
    first, second = sandbox.receiver.wait_for(2)
    assert opened(first)["transcript"] is None
    assert opened(second)["transcript"].startswith("Agent: ")
    sandbox.voice(scenario("0127"))
    assert opened(sandbox.receiver.wait_for(3)[2])["transcript"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"phone_number": "0151 2345"},
        {"phone_number": "+15005550001"},
        {"phone_number": None},
        {"message": ""},
        {"message": 7},
        {"metadata": "r-1"},
    ],
)
def test_bad_fields_are_refused(sandbox: Running, change: dict[str, Any]) -> None:
    number = change.pop("phone_number", scenario("0100"))
    answer = sandbox.voice(number, **change)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]
    assert sandbox.look("ledger") == []


def test_a_wrong_key_and_a_body_that_is_not_json_are_refused(sandbox: Running) -> None:
    assert sandbox.voice(scenario("0100"), key="wrong").status_code == 401
    bearer = {"Authorization": f"Bearer {sandbox.voice_client.key}"}
    url = f"{sandbox.url}/voice/calls"
    answer = requests.post(url, data=b"{", headers=bearer, timeout=5)
    assert answer.status_code == 400
    assert json.loads(answer.content)["error"]["code"] == 400
    assert [entry["status"] for entry in sandbox.look("requests")] == [401, 400]


def test_a_number_throttles_twice_for_each_provider(sandbox: Running) -> None:
    answers = [sandbox.voice(scenario("0112")) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 201, 429]
    assert answers[0].headers["Retry-After"] == "1"
    assert sandbox.post_call(To=scenario("0112")).status_code == 429
