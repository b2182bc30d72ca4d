"""For carriers of messages alone: their settings, how they take one, how they sign a callback."""

import base64
import hmac
import json
from dataclasses import dataclass
from typing import Any, ClassVar

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.domain.callback import Callback, EventKind
from gateway.domain.lifecycle import MessageState
from gateway.domain.provider import Placement, Provider, Result
from gateway.providers.meta import MetaProvider
from gateway.providers.sendgrid import SendGridProvider
from gateway.settings import Settings
from tests.providers.kits import ATTEMPT, FROM, NOW, PUBLIC_URL
from tests.providers.messages import MAIL_FROM
from tests.providers.stand_in import Act, Connection, answering

EMAIL_ID = "LRzXl_NHStOGhQ4kofSm_A"


def _private(number: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int(number, 16), ec.SECP256R1())


def public_key(number: str) -> str:
    """The public key of this private number, as SendGrid shows it."""
    encoded = (
        _private(number)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(encoded).decode()


def sendgrid_callback(number: str, body: bytes, at: int | None = None) -> Callback:
    """A batch signed with this private number at this Unix time, now if none is given."""
    stamp = str(int(NOW.timestamp()) if at is None else at)
    signature = _private(number).sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "content-type": "application/json",
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
        "x-twilio-email-event-webhook-timestamp": stamp,
    }
    path = "sendgrid/events"
    return Callback("POST", path, f"{PUBLIC_URL}/webhooks/{path}", "", headers, body)


def email_event(word: str = "delivered", **changes: Any) -> dict[str, Any]:
    """One event of SendGrid's about EMAIL_ID."""
    return {
        "email": "ada@example.net",
        "timestamp": 1795291190,
        "smtp-id": f"<{EMAIL_ID}@ismtpd-555>",
        "event": word,
        "sg_event_id": f"ev-{word}",
        "sg_message_id": f"{EMAIL_ID}.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
        "attempt_id": ATTEMPT,
        **changes,
    }


@dataclass(frozen=True)
class SendGridKit:
    name = "sendgrid"
    channel = "email"
    external_id = EMAIL_ID
    sender = "sandbox@example.com"
    reported = (EventKind.MESSAGE_STATUS, MessageState.DELIVERED, "delivered")
    current_secret = "c0ffee"
    previous_secret = "beef"
    live: ClassVar[dict[str, object]] = {
        "sendgrid_api_key": "SG.live",
        "email_from": f"Eve <{MAIL_FROM}>",
        "sendgrid_webhook_public_key": public_key("c0ffee"),
        "sendgrid_webhook_public_key_previous": public_key("beef"),
    }
    taken = Placement(Result.ACCEPTED, EMAIL_ID, "accepted")

    @property
    def accepting(self) -> Act:
        def act(connection: Connection) -> None:
            while connection.read() is not None:
                connection.answer(202, b"", {"X-Message-Id": EMAIL_ID})

        return act

    def make(self, settings: Settings) -> Provider:
        return SendGridProvider(settings)

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        raw = json.dumps([email_event()]).encode() + b"\r\n" if body is None else body
        number = secret or settings.sandbox_credentials["sendgrid_signing_key"]
        return sendgrid_callback(number, raw)


WAMID = "wamid.HBgLMTY1MDM4NzAwMDAVAgARGBI3MTE5MjVBOTE3MDk5QUVFM0YA"
LIVE_SENDER = "106540352242922"


def meta_callback(secret: str, body: bytes) -> Callback:
    """A delivery signed with this app secret."""
    proof = hmac.new(secret.encode(), body, "sha256").hexdigest()
    headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={proof}"}
    path = "meta/events"
    return Callback("POST", path, f"{PUBLIC_URL}/webhooks/{path}", "", headers, body)


def meta_status(word: str = "delivered", **changes: Any) -> dict[str, Any]:
    """One status of Meta's about WAMID."""
    return {
        "id": WAMID,
        "status": word,
        "timestamp": "1795291190",
        "recipient_id": "15005550011",
        "biz_opaque_callback_data": ATTEMPT,
        **changes,
    }


def meta_body(field: str = "messages", **value: Any) -> bytes:
    """A delivery of one change with these values."""
    change = {"field": field, "value": {"messaging_product": "whatsapp", **value}}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


@dataclass(frozen=True)
class MetaKit:
    name = "meta"
    channel = "whatsapp"
    external_id = WAMID
    sender = FROM
    reported = (EventKind.MESSAGE_STATUS, MessageState.DELIVERED, "delivered")
    current_secret = "the current app secret"
    previous_secret = "the previous app secret"
    live: ClassVar[dict[str, object]] = {
        "meta_phone_number_id": LIVE_SENDER,
        "meta_from_number": FROM,
        "meta_access_token": "EAAG live",
        "meta_app_secret": current_secret,
        "meta_app_secret_previous": previous_secret,
        "meta_verify_token": "a word for the handshake",
    }
    taken = Placement(Result.ACCEPTED, WAMID, "accepted")

    @property
    def accepting(self) -> Act:
        return answering(200, {"messaging_product": "whatsapp", "messages": [{"id": WAMID}]})

    def make(self, settings: Settings) -> Provider:
        return MetaProvider(settings)

    def callback(
        self, settings: Settings, body: bytes | None = None, *, secret: str | None = None
    ) -> Callback:
        raw = meta_body(statuses=[meta_status()]) if body is None else body
        return meta_callback(secret or settings.sandbox_credentials["meta_app_secret"], raw)
