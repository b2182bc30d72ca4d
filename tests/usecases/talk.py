"""People who answer: a person's phone, and what the carrier makes of it, without any worker."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from twilio.request_validator import RequestValidator

from gateway import settings
from gateway.domain.lifecycle import CallState, MessageState
from gateway.domain.reminders import BEFORE, Rule
from gateway.models import agenda, claims
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import accounts, bookings, gate, inbox, people
from gateway.usecases.gate import Opened
from gateway.usecases.wanted import Wanted
from tests.conftest import Account

PHONE, OURS = "+12025550100", "+15005550006"
PUBLIC = "https://hooks.example.com"
SETTINGS = {"SANDBOX_URL": "http://127.0.0.1:9", "PUBLIC_BASE_URL": PUBLIC}
LEASE = timedelta(seconds=15)
_numbers = itertools.count(1)


class Talk:
    """One organization in test mode, a person with a phone, and a number that they see."""

    def __init__(self, app: Flask, account: Account, ours: str = OURS) -> None:
        self.client, self.ours = app.test_client(), ours
        self.now = datetime.now(UTC)
        self.caller = accounts.authenticate(account.test_key, self.now)
        self.carrier = settings.current().sandbox_credentials

    def book(self, hours: float = 24, phone: str = PHONE, **more: Any) -> Booking:
        """An appointment of the person, with one reminder an hour before."""
        starts_at = self.now + timedelta(hours=hours)
        wanted = Wanted(
            starts_at=starts_at,
            starts_at_text=starts_at.isoformat(),
            contact={"name": "Ada", "phone": phone, "email": "ada@example.com"},
            fingerprint="f",
            **{"reminders": [Rule(BEFORE, minutes=30)], **more},
        )
        return bookings.book(self.caller, wanted, self.now).booking

    def wrote(self, booking: Booking, channel: str = "sms", **more: Any) -> MessageLog:
        """A reminder of it that the person got from our number."""
        made = MessageLog.write(
            **self._attempt(booking), channel=channel, state=MessageState.SENT,
            external_id=f"SM{next(_numbers):032x}", **more,
        )  # fmt: skip
        assert made is not None
        return made

    def called(self, booking: Booking) -> CallLog:
        """The same by telephone: the call is under way."""
        made = CallLog.write(
            **self._attempt(booking), state=CallState.IN_PROGRESS,
            external_id=f"CA{next(_numbers):032x}",
        )  # fmt: skip
        assert made is not None
        return made

    def _attempt(self, booking: Booking) -> dict[str, Any]:
        [row, *_] = Notification.of_subject("booking", booking.id)
        Notification.update(state="sending", tries=1, next_attempt_at=None).where(
            Notification.id == row.id
        ).execute()
        return {
            "organization": booking.organization_id,
            "mode": booking.mode,
            "notification": row.id,
            "booking": booking.id,
            "provider": "twilio",
            "account": self.carrier["account_sid"],
            "from_address": self.ours,
            "to_address": booking.contact.phone,
            "to_hash": booking.contact.phone_hash,
            "created_at": self.now,
        }

    def says(self, text: str, **more: str) -> str:
        """The person writes to our number, and a worker takes note; the external id."""
        sid = self.posts(text, **more)
        self.apply()
        return sid

    def posts(self, text: str, *, from_: str = PHONE, channel: str = "sms", **more: str) -> str:
        """The carrier tells of a message; the external id."""
        sid = f"SM{next(_numbers):032x}"
        prefix = "whatsapp:" if channel == "whatsapp" else ""
        params = {
            "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid,
            "AccountSid": self.carrier["account_sid"], "From": f"{prefix}{from_}",
            "To": f"{prefix}{self.ours}", "Body": text, "NumMedia": "0", "NumSegments": "1", **more,
        }  # fmt: skip
        assert self.post("inbound", params) in (200, 204)
        return sid

    def presses(self, call: CallLog, keys: str) -> None:
        """The person presses keys in a call."""
        params = {
            "CallSid": str(call.external_id), "AccountSid": self.carrier["account_sid"],
            "Digits": keys, "CallStatus": "in-progress",
        }  # fmt: skip
        event = {
            "provider": "twilio", "account": call.account, "kind": "digits",
            "dedup_key": f"digits|{call.external_id}|{keys}", "digest": f"{next(_numbers):064x}",
            "external_id": call.external_id, "path": "twilio/digits", "body": urlencode(params),
            "content_type": "application/x-www-form-urlencoded", "received_at": self.now,
            "next_attempt_at": self.now,
        }  # fmt: skip
        ProviderEvent.keep(**event)
        self.apply()

    def post(self, kind: str, params: dict[str, str]) -> int:
        """A signed form of the carrier's; the HTTP status."""
        path = f"/webhooks/twilio/{kind}"
        signer = RequestValidator(self.carrier["auth_token"])
        headers = {"X-Twilio-Signature": str(signer.compute_signature(PUBLIC + path, params))}
        return self.client.post(path, data=params, headers=headers).status_code

    def apply(self) -> None:
        """What a worker does with everything that waits."""
        later = self.now + timedelta(days=30)
        for event_id in ProviderEvent.claim_waiting(later, 500, timedelta(0)):
            inbox.apply(event_id, self.now)

    def leaves(self, notification_id: str, now: datetime) -> Opened | None:
        """What would leave of a notification that is due by now; None when nothing may."""
        due = [one for lane in agenda.LANES for one in claims.claim_due(lane, now, 200, LEASE)]
        return gate.open_attempt(notification_id, dict(due)[notification_id], now, LEASE)

    def booking(self, booking: Booking) -> Booking:
        """An appointment as it is now."""
        return bookings.show(self.caller, booking.id)

    @property
    def received(self) -> list[MessageLog]:
        """What came in, oldest first."""
        came = MessageLog.select().where(MessageLog.direction == "inbound")
        return list(came.order_by(MessageLog.created_at, MessageLog.id))

    @property
    def answers(self) -> list[str]:
        """The templates of what we answered, oldest first."""
        rows = Notification.select().where(Notification.subject_type == "reply")
        return [row.wording["template"] for row in rows.order_by(Notification.id)]

    def feed(self, object_: str) -> list[str]:
        """The types of the feed's entries about one kind of object."""
        rows = FeedEntry.select().where(FeedEntry.object == object_).order_by(FeedEntry.id)
        return [row.type for row in rows]

    @property
    def person(self) -> str:
        """The keyed hash of the phone."""
        return people.address_hash(PHONE)
