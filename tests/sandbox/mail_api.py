"""Talking to the simulated SendGrid, and reading what it posts, as a customer of its would."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import requests
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.sandbox.config import SendGridAccount
from tests.sandbox.receiver import Received
from tests.sandbox.running import Running
from tests.waiting import until

ACCOUNT = SendGridAccount("SG.one", "ab" * 31)


def genuine(request: Received, public_key: str) -> bool:
    """Verified by this test's own code, over the bytes as they came."""
    key = serialization.load_der_public_key(base64.b64decode(public_key))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    stamp = request.headers["x-twilio-email-event-webhook-timestamp"]
    signature = base64.b64decode(request.headers["x-twilio-email-event-webhook-signature"])
    try:
        key.verify(signature, stamp.encode() + request.body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def send(sandbox: Running, to: str = "ann@example.com", **changes: Any) -> requests.Response:
    """Ask for one message; None removes a part of the request."""
    key = changes.pop("key", ACCOUNT.key)
    body = {
        "personalizations": [{"to": [{"email": to}], "custom_args": {"attempt": "ml_1"}}],
        "from": {"email": "clinic@example.com", "name": "Clinic"},
        "subject": "Your appointment",
        "content": [
            {"type": "text/plain", "value": "See you at ten — Zoë."},
            {"type": "text/html", "value": "<p>See you at ten.</p>"},
        ],
        **changes,
    }
    body = {name: value for name, value in body.items() if value is not None}
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(f"{sandbox.url}/v3/mail/send", json=body, headers=headers, timeout=5)


def events(sandbox: Running, count: int) -> list[dict[str, Any]]:
    """All events so far in the order in which they came, once there are so many."""

    def come() -> list[dict[str, Any]]:
        return [event for post in sandbox.receiver.received for event in json.loads(post.body)]

    until(lambda: len(come()) >= count, f"{count} events")
    return come()


def words(told: Sequence[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in told]


def public_key(sandbox: Running) -> str:
    return str(sandbox.look("sendgrid")["public_keys"][0])
