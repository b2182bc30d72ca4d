"""What becomes of a WhatsApp message, in the webhooks of Meta's Cloud API (others.md 5)."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.sandbox.account_webhook import Moment, Told
from gateway.sandbox.behaviour import Behaviour, Signing
from gateway.sandbox.config import MetaApp
from gateway.sandbox.meta.orders import WhatsAppOrder
from gateway.sandbox.meta.problems import of_status
from gateway.sandbox.stage import Pace

RECEIVED = "received"
UNDELIVERABLE, WINDOW_CLOSED, UNHEALTHY, BROKEN = 131026, 131047, 131049, 131000
# What the behaviours call by Twilio's numbers.
_CODES = {30003: UNDELIVERABLE, 30007: UNHEALTHY, 30008: BROKEN}
SIGNATURE = "X-Hub-Signature-256"
ACCOUNT_ID = "102290129340398"


def message_name(number: str) -> str:
    """An id as WhatsApp makes them: whoever decodes it sees the number of the person."""
    digits = number.removeprefix("+").encode("ascii")
    tail = b"\x15\x02\x00\x11\x18\x12" + secrets.token_hex(9).upper().encode("ascii") + b"\x00"
    whole = b"\x1c\x18" + bytes([len(digits)]) + digits + tail
    return "wamid." + base64.b64encode(whole).decode("ascii")


class EventWriter:
    """Nested batches as Meta posts them: an account, its changes, and in each change statuses or
    messages. Everything beyond ASCII is escaped."""

    def __init__(self, app: MetaApp) -> None:
        self._app = app
        unknown = secrets.token_hex(16)
        self._secrets = {
            Signing.CURRENT: app.app_secret,
            Signing.STALE: app.stale_app_secret or unknown,
            Signing.FORGED: unknown,
        }

    def body(self, told: Sequence[Told]) -> bytes:
        """One change holds all statuses; each message that came in is a change of its own."""
        statuses = [event.content for event in told if event.event != RECEIVED]
        values: list[Mapping[str, Any]] = [{"statuses": statuses}] if statuses else []
        values += [event.content for event in told if event.event == RECEIVED]
        changes = [{"value": self._common() | dict(each), "field": "messages"} for each in values]
        entry = {"id": ACCOUNT_ID, "changes": changes}
        whole = {"object": "whatsapp_business_account", "entry": [entry]}
        return json.dumps(whole, separators=(",", ":")).encode("ascii")

    def headers(self, body: bytes, signing: Signing) -> Mapping[str, str]:
        """The same for each attempt: Meta's signatures have no time."""
        secret = self._secrets[signing].encode()
        proof = hmac.new(secret, body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            SIGNATURE: f"sha256={proof}",
        }

    def _common(self) -> dict[str, Any]:
        return {
            "messaging_product": "whatsapp",
            "metadata": {
                "display_phone_number": self._app.number.removeprefix("+"),
                "phone_number_id": self._app.phone_number_id,
            },
        }


def story(
    order: WhatsAppOrder, name: str, behaviour: Behaviour, pace: Pace, placed: datetime
) -> list[Moment]:
    """The statuses of one message, with the moments at which they come about."""
    ring, talk = pace.ring_seconds, pace.talk_seconds
    steps = [(ring * 0.2, "sent")] if behaviour.outcome != "failed" else []
    if behaviour.outcome in ("failed", "undelivered"):
        steps.append((ring, "failed"))
    elif behaviour.outcome == "delivered":
        steps.append((ring, "delivered"))
        if behaviour.reads:
            steps.append((ring + talk, "read"))
    return [
        Moment(
            seconds,
            [_status(order, name, word, behaviour, placed + timedelta(seconds=seconds))],
        )
        for seconds, word in steps
    ]


def _status(order: WhatsAppOrder, name: str, word: str, behaviour: Behaviour, at: datetime) -> Told:
    status: dict[str, Any] = {
        "id": name,
        "status": word,
        "timestamp": str(int(at.timestamp())),
        "recipient_id": order.to.removeprefix("+"),
    }
    if order.opaque:
        status["biz_opaque_callback_data"] = order.opaque
    if word in ("sent", "delivered"):
        category = "utility" if order.template else "service"
        status["pricing"] = {
            "billable": bool(order.template),
            "pricing_model": "PMP",
            "category": category,
            "type": "regular" if order.template else "free_customer_service",
        }
    if word == "failed":
        status["errors"] = [of_status(_code(behaviour), "The message was not delivered.")]
    return Told(name, word, status)


def _code(behaviour: Behaviour) -> int:
    code = behaviour.code or behaviour.error_code or BROKEN
    return _CODES.get(code, code)


def received(
    sender: str, text: str, at: datetime, media: int = 0, reply_to: str = "", reply_from: str = ""
) -> list[Told]:
    """What a person wrote: words, or pictures of which the first bears them."""
    return [
        _received(sender, at, _picture(text if not number else ""), reply_to, reply_from)
        for number in range(media)
    ] or [_received(sender, at, {"type": "text", "text": {"body": text}}, reply_to, reply_from)]


def _picture(caption: str) -> dict[str, Any]:
    file = {"mime_type": "image/jpeg", "sha256": secrets.token_hex(32), "id": secrets.token_hex(8)}
    return {"type": "image", "image": file | ({"caption": caption} if caption else {})}


def _received(
    sender: str, at: datetime, content: Mapping[str, Any], reply_to: str, reply_from: str
) -> Told:
    digits, name = sender.removeprefix("+"), message_name(sender)
    message: dict[str, Any] = {
        "from": digits,
        "id": name,
        "timestamp": str(int(at.timestamp())),
        **content,
    }
    if reply_to:
        message["context"] = {"from": reply_from.removeprefix("+"), "id": reply_to}
    contact = {"profile": {"name": "Sandbox Person"}, "wa_id": digits}
    return Told(name, RECEIVED, {"contacts": [contact], "messages": [message]})
