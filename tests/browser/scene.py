"""What there is to be seen in a salon on an ordinary day."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.models import base
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.wallclock import now
from tests.failures import failed, letter, unmatched

ACCOUNT = "AC" + "0" * 32
PHONE = "+4915112345678"
SAID = "I would rather come on Tuesday"


@dataclass(frozen=True)
class Scene:
    """Ids of what was put there."""

    booking: str
    contact: str
    call: str
    message: str
    letter: str
    letter_of: str


def ordinary_day(salon: Any) -> Scene:
    """A booking with a reminder ahead and one that reached somebody, with what was said; a call
    that failed for good, an event that fits nothing."""
    starts_at = (now() + timedelta(days=3)).replace(microsecond=0).isoformat()
    rules = [{"kind": "before", "minutes": minutes, "channel": "voice"} for minutes in (60, 120)]
    booked = salon.api.book(PHONE, starts_at=starts_at, reminders=rules)
    own = salon.account.organization_id
    with base.connection():
        mine = Notification.select().where(Notification.booking == booked["id"])
        row = mine.order_by(Notification.due_at).get()
        done = {"state": "reached", "finished_at": now(), "next_attempt_at": None, "tries": 1}
        Notification.update(**done).where(Notification.id == row.id).execute()
        call = _answered(own, row)
        message = _delivered(own, row)
        dead = failed(own)
        unmatched(ACCOUNT)
        found = letter(dead)
    return Scene(booked["id"], row.contact_id, call, message, found.id, dead.id)


def _answered(organization_id: str, row: Notification) -> str:
    at = now() - timedelta(hours=2)
    call: CallLog = CallLog.create(
        organization=organization_id, mode="test", booking=row.booking_id, notification=row.id,
        provider="twilio", account=ACCOUNT, external_id="CA" + row.id[-26:].rjust(32, "0"),
        from_address="+15005550006",
        to_address=PHONE, to_hash=row.contact.phone_hash, state="completed",
        provider_status="completed", answered_by="human", text="Hello Ada, see you on Monday.",
        created_at=at, started_at=at + timedelta(seconds=3), ended_at=at + timedelta(seconds=15),
        duration_seconds=12,
    )  # fmt: skip
    held = Transcript.hold(call, "source", SAID, at)
    TranscriptSegment.hold(held, 1, "contact", text=SAID, spoken_at=call.started_at)
    return str(call.id)


def _delivered(organization_id: str, row: Notification) -> str:
    at = now() - timedelta(hours=1)
    message: MessageLog = MessageLog.create(
        organization=organization_id, mode="test", booking=row.booking_id, provider="twilio",
        account=ACCOUNT, external_id="SM" + row.id[-26:].rjust(32, "0"), channel="sms",
        from_address="+15005550006", to_address=PHONE, to_hash=row.contact.phone_hash,
        state="delivered", provider_status="delivered", text="See you on Monday.", created_at=at,
        sent_at=at, delivered_at=at + timedelta(seconds=2), ended_at=at + timedelta(seconds=2),
    )  # fmt: skip
    return str(message.id)
