"""Callbacks that differ in one thing from what was signed, and one of each that nobody signed."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.domain.callback import Callback
from gateway.domain.signature_changes import Cause
from tests.providers.kits import (
    LIVE_SID,
    NOW,
    PUBLIC_URL,
    settings,
    twilio_callback,
    voice_api_callback,
)

TOKEN, OTHER = "the live token", "whsec_" + base64.b64encode(b"o" * 24).decode()
APP_SECRET = "an app secret of meta"
KEY = ec.derive_private_key(4711, ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
CONFIGURED = settings(
    public_base_url=PUBLIC_URL,
    twilio_account_sid=LIVE_SID,
    twilio_auth_token=TOKEN,
    voice_provider_api_url="https://voice.example",
    voice_provider_api_key="key",
    voice_provider_webhook_secret=OTHER,
    sendgrid_api_key="SG.key",
    email_from="hello@example.com",
    sendgrid_webhook_public_key=base64.b64encode(PUBLIC).decode(),
    meta_phone_number_id="12345678",
    meta_from_number="+12025550111",
    meta_access_token="access token",
    meta_app_secret=APP_SECRET,
)
SECRETS = (TOKEN, OTHER, APP_SECRET, "access token", "s" * 32)
GOOD = twilio_callback(TOKEN, b"To=%2B12025550100&Note=a+b&Name=J%C3%B6rg")
FORM = b"To=+12025550100&Note=a+b&Name=J%C3%B6rg"


def signed_for(url: str, *, token: str = TOKEN) -> Callback:
    """A callback without a body that was signed for another address than the one it came to."""
    made = base64.b64encode(hmac.digest(token.encode(), url.encode(), "sha1")).decode()
    return replace(GOOD, body=b"", headers={**GOOD.headers, "x-twilio-signature": made})


def hashed(body: bytes, sent: bytes) -> Callback:
    """A JSON callback whose address names the hash of what was sent."""
    query = f"attempt=x&bodySHA256={hashlib.sha256(sent).hexdigest()}"
    url = f"{PUBLIC_URL}/webhooks/twilio/voice?{query}"
    made = replace(signed_for(url), url=url, query=query, body=body)
    return replace(made, headers={**made.headers, "content-type": "application/json"})


def mail(body: bytes, sent: bytes, seconds: int = 0) -> Callback:
    moment = str(int(NOW.timestamp()) + seconds)
    made = KEY.sign(moment.encode() + sent, ec.ECDSA(hashes.SHA256()))
    headers = {
        "content-type": "application/json",
        "x-twilio-email-event-webhook-signature": base64.b64encode(made).decode(),
        "x-twilio-email-event-webhook-timestamp": moment,
    }
    url = f"{PUBLIC_URL}/webhooks/sendgrid/events"
    return Callback("POST", "sendgrid/events", url, "", headers, body)


def whatsapp(body: bytes, sent: bytes, secret: str = APP_SECRET) -> Callback:
    made = hmac.new(secret.encode(), sent, hashlib.sha256).hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={made}"}
    return Callback("POST", "meta/events", f"{PUBLIC_URL}/webhooks/meta/events", "", headers, body)


def without(callback: Callback, header: str) -> Callback:
    kept = {name: value for name, value in callback.headers.items() if name != header}
    return replace(callback, headers=kept)


def with_header(callback: Callback, name: str, change: Callable[[str], str]) -> Callback:
    return replace(callback, headers={**callback.headers, name: change(callback.headers[name])})


REST = GOOD.url.removeprefix(PUBLIC_URL)
SIGNATURE = "x-twilio-signature"
JSON = '{"a": 1, "b": "ö/"}'.encode()
REFUSED: dict[str, tuple[Cause, Callable[[], Callback]]] = {
    "http": (Cause.SCHEME, lambda: signed_for(f"http://hooks.example.com{REST}")),
    "port": (Cause.PORT, lambda: signed_for(f"{PUBLIC_URL}:8443{REST}")),
    "host": (Cause.HOST, lambda: signed_for(f"https://www.hooks.example.com{REST}")),
    "prefix": (Cause.PREFIX, lambda: signed_for(f"{PUBLIC_URL}/api{REST}")),
    "slash": (Cause.PATH, lambda: signed_for(f"{PUBLIC_URL}{REST}".replace("?", "/?"))),
    "query gone": (Cause.QUERY_ADDED, lambda: signed_for(f"{PUBLIC_URL}{REST}".partition("?")[0])),
    "form plus": (Cause.BODY_SPELLING, lambda: replace(GOOD, body=FORM)),
    "form charset": (
        Cause.BODY_SPELLING,
        lambda: replace(GOOD, body=GOOD.body.replace(b"%C3%B6", b"%C3%83%C2%B6")),
    ),
    "type": (Cause.CONTENT_TYPE,
             lambda: with_header(GOOD, "content-type", lambda _: "application/json")),
    "quotes": (Cause.SIGNATURE, lambda: with_header(GOOD, SIGNATURE, lambda it: f'"{it}"')),
    "no signature": (Cause.NO_SIGNATURE, lambda: without(GOOD, SIGNATURE)),
    "hash, anew": (Cause.BODY_SPELLING, lambda: hashed(b'{"a":1}', b'{"a": 1}')),
    "hash": (Cause.BODY, lambda: hashed(b'{"a":2}', b'{"a":1}')),
    "token of another carrier": (Cause.SECRET, lambda: twilio_callback(APP_SECRET, b"A=1")),
    "forged": (Cause.NONE, lambda: twilio_callback("made up", b"A=1")),
    "old": (Cause.TIME, lambda: mail(JSON, JSON, -26 * 3600)),
    "ahead": (Cause.TIME, lambda: mail(JSON, JSON, 600)),
    "mail, anew": (Cause.BODY_SPELLING, lambda: mail(b'[{"a":1}]', b'[{"a":1}]\r\n')),
    "mail, forged": (Cause.NONE, lambda: mail(JSON, b"something else")),
    "meta, anew": (Cause.BODY_SPELLING, lambda: whatsapp(JSON, b'{"a":1,"b":"\\u00f6\\/"}')),
    "meta, other": (Cause.SECRET, lambda: whatsapp(JSON, JSON, TOKEN)),
    "meta, none": (Cause.NO_SIGNATURE,
                   lambda: without(whatsapp(JSON, JSON), "x-hub-signature-256")),
    "voice, anew": (Cause.BODY_SPELLING,
                    lambda: replace(voice_api_callback(OTHER, b'{"a": 1}'), body=b'{"a":1}')),
    "voice, other": (Cause.SECRET, lambda: voice_api_callback(APP_SECRET, JSON)),
}  # fmt: skip
