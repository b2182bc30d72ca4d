"""Talking to the simulated Cloud API, and reading what it posts, as a customer of Meta's would."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import requests

from gateway.sandbox.config import MetaApp
from tests.sandbox.receiver import Received
from tests.sandbox.running import Running, scenario
from tests.waiting import until

APP = MetaApp(
    phone_number_id="106540352242922",
    number="+15005550006",
    access_token="EAAtoken",
    app_secret="an app secret",
    verify_token="a verify token",
    stale_app_secret="the one before",
)


def genuine(request: Received, secret: str = APP.app_secret) -> bool:
    """Verified by this test's own code, over the bytes as they came."""
    given = request.headers.get("x-hub-signature-256", "")
    proof = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return given == f"sha256={proof}"


def send(sandbox: Running, to: str | None = None, **changes: Any) -> requests.Response:
    """Send free words; None removes a part of the request."""
    token = changes.pop("token", APP.access_token)
    sender = changes.pop("sender", APP.phone_number_id)
    body = {
        "messaging_product": "whatsapp",
        "to": to or scenario("0100"),
        "type": "text",
        "text": {"body": "See you at ten — Zoë."},
        "biz_opaque_callback_data": "ml_1",
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not None}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{sandbox.url}/v23.0/{sender}/messages"
    return requests.post(url, json=body, headers=headers, timeout=5)


def template(*words: str) -> dict[str, Any]:
    parameters = [{"type": "text", "text": word} for word in words]
    return {
        "name": "reminder",
        "language": {"code": "de"},
        "components": [{"type": "body", "parameters": parameters}],
    }


def write(sandbox: Running, person: str, text: str, **more: Any) -> requests.Response:
    body = {"provider": "meta", "channel": "whatsapp", "from": person, "text": text, **more}
    return requests.post(f"{sandbox.url}/sandbox/inbound", json=body, timeout=5)


def values(sandbox: Running) -> Iterator[dict[str, Any]]:
    """The value of every change that was posted so far."""
    for post in sandbox.receiver.received:
        for entry in json.loads(post.body)["entry"]:
            for change in entry["changes"]:
                yield change["value"]


def gathered(sandbox: Running, kind: str, count: int) -> list[dict[str, Any]]:
    """All statuses or messages so far, once there are so many."""

    def come() -> list[dict[str, Any]]:
        return [item for value in values(sandbox) for item in value.get(kind, ())]

    until(lambda: len(come()) >= count, f"{count} {kind}")
    return come()


def words(statuses: list[dict[str, Any]]) -> list[str]:
    return [status["status"] for status in statuses]
