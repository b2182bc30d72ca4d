"""What carriers report of messages, as they post it: signed, over HTTP, applied by hand."""

import base64
import hmac
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.request_validator import RequestValidator

from gateway.domain.reminders import AT, Rule
from gateway.models.booking import Booking
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import inbox, resolution, steps
from tests.client import ANSWERED
from tests.stack import special
from tests.usecases.desk import Desk

MAIL = "delivered@simulator.invalid"
PERSON = {"name": "Ada", "phone": ANSWERED, "email": MAIL}
_numbers = itertools.count(1)


class Reports:
    """A desk whose carriers say nothing by themselves: the test says it for them, in any order.
    `at` is the moment at which everything is done."""

    def __init__(self, desk: Desk, *, silent: bool = True) -> None:
        self.desk, self.at = desk, desk.now
        self.shared = desk.stack.settings.sandbox_credentials
        if silent:
            desk.stack.sandbox.fault("lost_callbacks", share=1.0, kind="message")

    def due(self, plan: Any, **more: Any) -> Notification:
        """A reminder on these channels that is due now, of a booking in five hours."""
        rule = Rule(AT, at=self.at + timedelta(seconds=1), channels=tuple(plan))
        values = {"contact": PERSON, **more}
        self.booking: Booking = self.desk.book(self.at + timedelta(hours=5), rule, **values).booking
        self.at += timedelta(seconds=1)
        (row,) = self.desk.plan(self.booking)
        return row

    def work(self, after: float = 0) -> int:
        """Do what is due so many seconds later."""
        self.at += timedelta(seconds=after)
        return self.desk.work(self.at)

    def escalate(self, row: Notification, after: float) -> None:
        """What the clock does when a step had its time."""
        self.at += timedelta(seconds=after)
        present = self.desk.row(row.id)
        if present.step_until is not None and present.step_until <= self.at:
            steps.escalate(row.id, self.at)

    def sent(self, row: Notification) -> list[MessageLog]:
        """Its messages, oldest first."""
        return MessageLog.of_notifications([row.id])

    def message(self, row: Notification) -> MessageLog:
        """The last of them."""
        return self.sent(row)[-1]

    def post(self, path: str, body: bytes, **headers: str) -> None:
        """One delivery; all of its events are applied."""
        url = f"{self.desk.stack.web.url}/webhooks/{path}"
        answer = requests.post(url, data=body, headers=headers, timeout=30)
        assert answer.ok, answer.text
        self.apply()

    def apply(self) -> None:
        """What workers do with everything that came in."""
        later = self.at + timedelta(days=30)
        for event_id in ProviderEvent.claim_waiting(later, 500, timedelta(0)):
            inbox.apply(event_id, self.at)

    def look_up(self, attempt: Any) -> None:
        """Ask the carrier about an attempt, for the next time."""
        resolution.look_up(attempt.id, attempt.lookups + 1, self.at)

    def tell(self, message: MessageLog, word: str, code: str | None = None) -> None:
        """The carrier's status callback about one of its messages."""
        getattr(self, f"_{message.provider}")(message, word, code)

    def _twilio(self, message: MessageLog, word: str, code: str | None) -> None:
        sid = str(message.external_id)
        params = {
            "MessageSid": sid, "SmsSid": sid, "AccountSid": self.shared["account_sid"],
            "From": message.from_address, "To": message.to_address, "MessageStatus": word,
            **({"ErrorCode": code} if code else {}),
        }  # fmt: skip
        self.form(f"twilio/messages?attempt={message.id}", params)

    def form(self, path: str, params: dict[str, str]) -> None:
        """A signed form of Twilio's."""
        url = f"{self.desk.stack.web.url}/webhooks/{path}"
        signer = RequestValidator(self.shared["auth_token"])
        signature = str(signer.compute_signature(url, params))
        answer = requests.post(
            url, data=params, headers={"X-Twilio-Signature": signature}, timeout=30
        )
        assert answer.ok, answer.text
        self.apply()

    def writes(self, text: str, channel: str = "sms", from_: str = ANSWERED, **more: str) -> None:
        """A person writes to our number."""
        sid, prefix = f"SM{next(_numbers):032x}", "whatsapp:" if channel == "whatsapp" else ""
        ours = self.desk.stack.settings.sandbox_from_number
        self.form("twilio/inbound", {
            "MessageSid": sid, "SmsSid": sid, "AccountSid": self.shared["account_sid"],
            "From": prefix + from_, "To": prefix + ours, "Body": text, "NumMedia": "0", **more,
        })  # fmt: skip

    def _sendgrid(self, message: MessageLog, word: str, code: str | None) -> None:
        event = {
            "email": message.to_address, "timestamp": _stamp(self.at), "event": word,
            "sg_event_id": f"ev-{word}-{message.id}", "attempt_id": message.id,
            "sg_message_id": f"{message.external_id}.filter-1",
            **({"status": code, "type": "bounce", "reason": "550"} if code else {}),
        }  # fmt: skip
        body = json.dumps([event]).encode() + b"\r\n"
        number = int(self.shared["sendgrid_signing_key"], 16)
        key, stamp = ec.derive_private_key(number, ec.SECP256R1()), str(_stamp(self.at))
        proof = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256())))
        self.post("sendgrid/events", body, **{
            "Content-Type": "application/json",
            "X-Twilio-Email-Event-Webhook-Signature": proof.decode(),
            "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
        })  # fmt: skip

    def _meta(self, message: MessageLog, word: str, code: str | None) -> None:
        status: dict[str, Any] = {
            "id": message.external_id, "status": word, "timestamp": str(_stamp(self.at)),
            "recipient_id": message.to_address.removeprefix("+"),
            "biz_opaque_callback_data": message.id,
        }  # fmt: skip
        if code:
            status["errors"] = [{"code": int(code), "title": "not delivered"}]
        ours = {"phone_number_id": self.shared["meta_phone_number_id"]}
        value = {"messaging_product": "whatsapp", "metadata": ours, "statuses": [status]}
        change = {"field": "messages", "value": value}
        whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        body = json.dumps(whole).encode()
        proof = hmac.new(self.shared["meta_app_secret"].encode(), body, "sha256").hexdigest()
        self.post("meta/events", body, **{
            "Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={proof}",
        })  # fmt: skip


def _stamp(at: datetime) -> int:
    return int(at.timestamp())


def someone(last: str, mail: str = MAIL) -> dict[str, str]:
    """A person with the sandbox's number of this fate."""
    return {"name": "Ada", "phone": special(last), "email": mail}
