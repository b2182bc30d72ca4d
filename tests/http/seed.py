"""Rows that workers would have written, put where tests read them over HTTP."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from gateway.models import base
from gateway.models.attempts import table_with
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.usecases.people import address_hash
from tests.http.stage import PHONE, Api

_numbers = count(1)
BEGIN = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def call(api: Api, *, mode: str = "test", booking_id: str | None = None, **columns: Any) -> str:
    """A completed call to PHONE, each a minute after the one before; its id."""
    number = next(_numbers)
    at = BEGIN + timedelta(minutes=number)
    values: dict[str, Any] = {
        "organization": api.account.organization_id, "mode": mode, "booking": booking_id,
        "provider": "twilio", "account": "AC" + "1" * 32, "external_id": f"CA{number:032}",
        "from_address": "+15005550006", "to_address": PHONE, "state": "completed",
        "provider_status": "completed", "created_at": at, "duration_seconds": 12,
        "started_at": at + timedelta(seconds=3), "ended_at": at + timedelta(seconds=15),
        **columns,
    }  # fmt: skip
    with base.connection():
        row = CallLog.create(**values, to_hash=address_hash(values["to_address"]))
    return str(row.id)


def message(api: Api, *, mode: str = "test", booking_id: str | None = None, **columns: Any) -> str:
    """A delivered SMS to PHONE, each a minute after the one before; its id."""
    number = next(_numbers)
    at = BEGIN + timedelta(minutes=number)
    values: dict[str, Any] = {
        "organization": api.account.organization_id, "mode": mode, "booking": booking_id,
        "provider": "twilio", "account": "AC" + "1" * 32, "external_id": f"SM{number:032}",
        "channel": "sms", "from_address": "+15005550006", "to_address": PHONE,
        "state": "delivered", "provider_status": "delivered", "text": "See you at noon.",
        "created_at": at, "sent_at": at + timedelta(seconds=1),
        "delivered_at": at + timedelta(seconds=3), "ended_at": at + timedelta(seconds=3),
        **columns,
    }  # fmt: skip
    theirs = "to_address" if values.get("direction") != "inbound" else "from_address"
    with base.connection():
        row = MessageLog.create(**values, to_hash=address_hash(values[theirs]))
    return str(row.id)


def transcript(call_id: str, text: str) -> None:
    """What was said in a call, as one utterance of the contact."""
    with base.connection():
        row = CallLog.get_by_id(call_id)
        held = Transcript.hold(row, "source", text, BEGIN)
        TranscriptSegment.hold(held, 1, "contact", text=text, spoken_at=row.started_at)


def event(attempt_id: str, status: str, *, seconds: int) -> None:
    """Something that a provider told about a call or message, that long after it was made."""
    with base.connection():
        row = table_with(attempt_id).get_by_id(attempt_id)
        at = row.created_at + timedelta(seconds=seconds)
        about: dict[str, Any] = {row.OBJECT: row.id, "kind": f"{row.OBJECT}-status"}
        ProviderEvent.create(
            provider=row.provider, account=row.account, **about,
            dedup_key=f"{row.id}|{status}|{seconds}", digest=f"{row.id}{status}"[:64],
            path="twilio/voice", status=status, occurred_at=at, received_at=at, state="applied",
        )  # fmt: skip


def age_bookings(*booking_ids: str) -> None:
    """Put bookings at one and the same moment of booking."""
    with base.connection():
        Booking.update(booked_at=BEGIN).where(Booking.id.in_(booking_ids)).execute()
