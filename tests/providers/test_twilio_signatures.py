"""Twilio's signature, against everybody's published vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from gateway.domain.callback import Callback, Forbidden
from gateway.providers.twilio import TwilioProvider
from gateway.providers.twilio.callbacks import is_authentic, signed_content
from tests.providers.kits import NOW, PUBLIC_URL, settings, twilio_callback

VECTORS = json.loads((Path(__file__).parent / "data" / "twilio_vectors.json").read_text())
SANDBOX = settings(sandbox_url="http://127.0.0.1:1")
TOKEN = SANDBOX.sandbox_credentials["auth_token"]

pytestmark = pytest.mark.row("F3")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_published_vectors_are_judged_as_published(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    judged = is_authentic(vector["key"], vector["url"], vector["headers"], body, vector["method"])
    assert judged is vector["valid"]


def test_all_published_vectors_are_here() -> None:
    assert len(VECTORS) == 57


@pytest.mark.parametrize("body", [b"A=1&B=2", b"A=1B2", b"A1=B2", b"A=1B2&=", b"A1B2", b"A1B=2"])
def test_signed_bytes_cut_up_in_another_way_are_known_again(body: bytes) -> None:
    provider = TwilioProvider(SANDBOX)
    first = twilio_callback(TOKEN, b"A=1&B=2")
    other = Callback(**{**first.__dict__, "body": body})
    assert provider.verify(other, NOW).digest == provider.verify(first, NOW).digest


def test_signed_bytes_moved_into_the_url_are_known_again() -> None:
    provider = TwilioProvider(SANDBOX)
    first = twilio_callback(TOKEN, b"A=1&B=2")
    moved = Callback(**{**first.__dict__, "body": b"B=2", "url": first.url + "A1"})
    assert provider.verify(moved, NOW).digest == provider.verify(first, NOW).digest


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
        st.text(st.characters(codec="utf-8"), max_size=12),
        max_size=6,
    )
)
@hypothesis_settings(max_examples=100, deadline=None)
def test_whatever_twilios_own_sdk_signs_is_authentic(parameters: dict[str, str]) -> None:
    from urllib.parse import quote, urlencode

    url = f"{PUBLIC_URL}/webhooks/twilio/voice?attempt=x%20y"
    signature = RequestValidator(TOKEN).compute_signature(url, parameters)
    body = urlencode(parameters, quote_via=quote).encode()
    headers = {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert is_authentic(TOKEN, url, headers, body)
    assert not is_authentic(TOKEN + "x", url, headers, body)
    assert not is_authentic(TOKEN, url + "&", headers, body)


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com", "https://[::1", "https://h:port/", "https://h:999999/"]
)
def test_an_odd_url_is_not_authentic_and_no_error(url: str) -> None:
    assert signed_content(TOKEN, url, {"X-Twilio-Signature": "x"}, b"") is None


def test_json_needs_the_hash_of_its_body_in_the_query() -> None:
    good = twilio_callback(TOKEN, b"", "twilio/voice", "")
    as_json = {**good.headers, "content-type": "application/json; charset=utf-8"}
    assert not is_authentic(TOKEN, good.url, as_json, b"")


def test_the_live_token_does_not_speak_for_the_sandbox() -> None:
    provider = TwilioProvider(
        settings(
            sandbox_url="http://127.0.0.1:1",
            twilio_account_sid="AC" + "1" * 32,
            twilio_auth_token="live",
        )
    )
    assert provider.verify(twilio_callback("live", b"A=1"), NOW).accounts == ("AC" + "1" * 32,)
    assert provider.verify(twilio_callback(TOKEN, b"A=1"), NOW).accounts == (
        provider.account("test"),
    )
    with pytest.raises(Forbidden):
        provider.verify(twilio_callback("other", b"A=1"), NOW)
