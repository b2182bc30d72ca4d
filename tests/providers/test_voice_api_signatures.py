"""The generic voice provider's webhooks: Standard Webhooks, or a shared secret as bearer."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from gateway.providers.voice_api import VoiceApiProvider
from gateway.providers.voice_api.signatures import is_authentic
from tests.providers.kits import NOW, settings, voice_api_callback

DATA = Path(__file__).parent / "data"
VECTORS = json.loads((DATA / "standardwebhooks_vectors.json").read_text())
SANDBOX = settings(sandbox_url="http://127.0.0.1:1")
SECRET = SANDBOX.sandbox_credentials["webhook_secret"]
PROVIDER = VoiceApiProvider(SANDBOX)


@pytest.mark.row("F3")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_published_vectors_are_judged_as_published(vector: dict[str, Any]) -> None:
    now = datetime.fromtimestamp(vector["now"], UTC)
    judged = is_authentic(vector["key"], vector["headers"], vector["body"].encode(), now)
    assert judged is vector["valid"]


@pytest.mark.row("F3")
def test_what_the_standard_webhooks_library_signs_is_authentic_for_five_minutes() -> None:
    signature = Webhook(SECRET).sign("msg_1", NOW, "{}")
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": signature,
    }
    for seconds, judged in ((0, True), (300, True), (-300, True), (301, False), (-301, False)):
        assert is_authentic(SECRET, headers, b"{}", NOW + timedelta(seconds=seconds)) is judged


@pytest.mark.row("F3")
@pytest.mark.parametrize(
    "timestamp", ["", "1e9", "+1", " 1", "1.0", "\u0665", "-1", "0", "9" * 12, "nan", "1_0"]
)
def test_a_timestamp_that_is_not_plain_seconds_is_forbidden(timestamp: str) -> None:
    good = voice_api_callback(SECRET, b"{}")
    headers = {**good.headers, "webhook-timestamp": timestamp}
    assert not is_authentic(SECRET, headers, b"{}", NOW)


@pytest.mark.row("F3")
def test_a_plain_secret_is_a_bearer_and_a_signing_secret_never_is() -> None:
    plain = "a plain shared secret"
    good = {"Authorization": f"bearer {plain}"}
    assert is_authentic(plain, good, b"{}", NOW)
    for wrong in ("", plain, f"Basic {plain}", f"Bearer {plain}x", "Bearer é"):
        assert not is_authentic(plain, {"Authorization": wrong}, b"{}", NOW)
    assert not is_authentic(SECRET, {"Authorization": f"Bearer {SECRET}"}, b"{}", NOW)


@pytest.mark.row("F3")
def test_a_replay_has_the_digest_of_the_original() -> None:
    first, again = (voice_api_callback(SECRET, b"{}") for _ in range(2))
    other = voice_api_callback(SECRET, b"{}", identity="msg_2")
    digests = [PROVIDER.verify(callback, NOW).digest for callback in (first, again, other)]
    assert digests[0] == digests[1] != digests[2]
