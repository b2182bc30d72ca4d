"""The generic voice provider: the brief's contract, and Standard Webhooks."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.callback import Forbidden, Malformed, ProviderEvent
from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.domain.provider import Result
from gateway.providers.voice_api import VoiceApiProvider
from gateway.settings import InvalidSettings
from tests.providers.contract import placed
from tests.providers.kits import (
    ATTEMPT,
    NOW,
    TO,
    VoiceApiKit,
    request,
    settings,
    voice_api_callback,
)
from tests.providers.stand_in import StandIn, answering

DATA = Path(__file__).parent / "data"
PAYLOADS = json.loads((DATA / "payloads.json").read_text())
KIT = VoiceApiKit()
SANDBOX = settings(sandbox_url="http://127.0.0.1:1")
SECRET = SANDBOX.sandbox_credentials["webhook_secret"]
PROVIDER = VoiceApiProvider(SANDBOX)


def parse(body: bytes | dict[str, Any]) -> ProviderEvent:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    callback = voice_api_callback(SECRET, raw)
    (event,) = PROVIDER.parse(callback, PROVIDER.verify(callback, NOW))
    return event


def news(**changes: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "call_id": "call_7f3a",
        "status": "completed",
        "metadata": {"reminder_id": ATTEMPT},
        "transcript": "Olá",
    }
    return {**known, **changes}


@pytest.mark.row("D2")
def test_a_call_is_placed_as_the_contract_says() -> None:
    placement, carrier = placed(KIT, answering(201, KIT.accepted))
    (seen,) = carrier.requests
    assert placement.result is Result.ACCEPTED
    assert (seen.method, seen.target) == ("POST", "/voice/calls")
    assert seen.headers["content-type"] == "application/json"
    key = SANDBOX.sandbox_credentials["voice_api_key"]
    assert seen.headers["authorization"] == f"Bearer {key}"
    assert json.loads(seen.body) == {
        "phone_number": TO,
        "message": "Olá, até amanhã às 9 <horas> & bom dia",
        "metadata": {"reminder_id": ATTEMPT},
    }


def test_a_live_call_goes_to_the_configured_address() -> None:
    with StandIn(answering(200, {"call_id": 42})) as live:
        provider = VoiceApiProvider(
            settings(**{**KIT.live, "voice_provider_api_url": f"{live.url}/api"})
        )
        placement = provider.place(request(provider, "live"))
        assert (placement.result, placement.external_id) == (Result.ACCEPTED, "42")
        assert live.requests[0].target == "/api/calls"


def test_it_can_neither_be_asked_nor_told_to_hang_up() -> None:
    assert PROVIDER.find(request(PROVIDER)) is None
    assert not PROVIDER.hang_up("voice_api:test", "call_7f3a")


@pytest.mark.row("D3")
@pytest.mark.parametrize("payload", [p for p in PAYLOADS if p["path"] == "call-status"])
def test_the_contracts_own_examples_are_read(payload: dict[str, str]) -> None:
    event = parse(payload["body"].encode())
    assert event.external_id.startswith("call_8f3")
    assert event.attempt_id is None  # rem_42 is no id of ours: parked later, not refused
    assert event.source_id == event.external_id


@pytest.mark.row("D3")
@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        ("completed", CallState.COMPLETED, None),
        ("failed", CallState.FAILED, Reason.UNREACHABLE),
        ("queued", CallState.QUEUED, None),
        ("initiated", CallState.INITIATED, None),
        ("ringing", CallState.RINGING, None),
        ("in-progress", CallState.IN_PROGRESS, None),
        ("answered", CallState.IN_PROGRESS, None),
        ("busy", CallState.BUSY, Reason.BUSY),
        ("no-answer", CallState.NO_ANSWER, Reason.NO_ANSWER),
        ("canceled", CallState.CANCELED, Reason.CANCELED),
        ("COMPLETED", None, None),
        ("levitating", None, None),
    ],
)
def test_its_words_become_ours_and_an_unknown_one_is_kept(
    status: str, state: CallState | None, reason: Reason | None
) -> None:
    event = parse(news(status=status))
    assert (event.state, event.provider_status) == (state, status)
    assert (event.failure.reason if event.failure else None) == reason


@pytest.mark.row("D3")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"call_id": NaN}',
        json.dumps(news())[:-1].encode() + b', "status": "failed"}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        json.dumps(news(extra=[[[[[[[[[]]]]]]]]])).replace("[]", "[" * 30 + "]" * 30).encode(),
        json.dumps(news(call_id=None)).encode(),
        json.dumps(news(call_id="")).encode(),
        json.dumps(news(call_id="x" * 201)).encode(),
        json.dumps(news(call_id="a\x00b")).encode(),
        json.dumps(news(call_id=True)).encode(),
        json.dumps(news(call_id=["x"])).encode(),
        json.dumps(news(status=None)).encode(),
        json.dumps(news(status="")).encode(),
        json.dumps(news(status=200)).encode(),
        json.dumps(news(metadata=None)).encode(),
        json.dumps(news(metadata=[])).encode(),
        json.dumps(news(metadata={})).encode(),
        json.dumps(news(metadata={"reminder_id": 42})).encode(),
        json.dumps(news(metadata={"reminder_id": ""})).encode(),
        json.dumps(news(transcript=5)).encode(),
        json.dumps(news(transcript={})).encode(),
        json.dumps(news(transcript=[5])).encode(),
        json.dumps(news(transcript=[{"text": 5}])).encode(),
        b'{"call_id": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_bad_payload_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse(body)


@pytest.mark.parametrize(
    ("transcript", "text"),
    [
        ("Olá \x00\ud800!", "Olá !"),
        ("", ""),
        (None, None),
        (["a", "b"], "a\nb"),
        ([{"speaker": "agent", "text": "Oi"}, {"role": "user", "text": "Olá"}, {"text": "?"}],
         "agent: Oi\nuser: Olá\n?"),
        ([], ""),
    ],
)  # fmt: skip
def test_a_transcript_becomes_text(transcript: Any, text: str | None) -> None:
    assert parse(news(transcript=transcript)).text == text


def test_a_number_is_a_call_id_too() -> None:
    assert parse(news(call_id=42)).external_id == "42"


@pytest.mark.row("D3")
def test_equal_news_have_equal_keys_whatever_the_webhook_id() -> None:
    def key(body: dict[str, Any], identity: str = "msg_1") -> str:
        callback = voice_api_callback(SECRET, json.dumps(body).encode(), identity)
        (event,) = PROVIDER.parse(callback, PROVIDER.verify(callback, NOW))
        return event.dedup_key

    assert key(news()) == key(news(), "msg_2")
    assert key(news(transcript=None)) == key(news(transcript=""))
    different = [news(), news(transcript="Ola"), news(status="failed"), news(call_id="other")]
    assert len({key(body) for body in different}) == len(different)


def test_an_unexpected_refusal_is_final_and_a_conflict_is_open() -> None:
    refused, _ = placed(KIT, answering(422, {"error": "no"}))
    assert refused.failure is not None
    assert refused.failure.failure_class is FailureClass.PERMANENT
    assert placed(KIT, answering(409, {}))[0].result is Result.UNKNOWN


def test_live_and_sandbox_secrets_must_differ() -> None:
    with pytest.raises(InvalidSettings):
        VoiceApiProvider(
            settings(
                sandbox_url="http://x",
                sandbox_webhook_secret=KIT.current_secret,
                **KIT.live,
            )
        )


def test_an_unconfigured_provider_believes_nobody() -> None:
    with pytest.raises(Forbidden):
        VoiceApiProvider(settings()).verify(voice_api_callback(SECRET, b"{}"), NOW)
