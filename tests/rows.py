"""Rows as the use cases would write them, for tests that start in the middle."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from gateway.domain.lifecycle import CallState
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import new_id
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.notification import Notification

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
_numbers = count(1)


def contact(organization_id: str, phone: str | None = None, **more: Any) -> Contact:
    """A person of the organization, with a number of its own."""
    chosen = phone or f"+1202556{next(_numbers):04d}"
    known = {"phone": chosen, "phone_hash": hashlib.sha256(chosen.encode()).hexdigest(), **more}
    return Contact.keep(organization_id, "test", "contact", NOW, **known)


def notification(organization_id: str, **changes: Any) -> Notification:
    """A notification that waits and is due at NOW."""
    values: dict[str, Any] = {
        "id": new_id("nt"),
        "organization": organization_id,
        "mode": "test",
        "subject_type": "request",
        "subject_id": new_id("rq"),
        "schedule_version": 1,
        "rule": "request:voice",
        "number": 1,
        "kind": "call",
        "purpose": "request",
        "booking": None,
        "plan": [{"channel": "voice"}],
        "step": 0,
        "wording": {"say": "See you at noon."},
        "metadata": {},
        "due_at": NOW,
        "expires_at": NOW + timedelta(hours=24),
        "next_attempt_at": NOW,
        "lease_until": None,
        "created_at": NOW,
        "tries": 0,
        "claim": 0,
        "state": N.SCHEDULED,
        **changes,
    }
    values.setdefault("contact", contact(organization_id).id)
    Notification.add([values])
    row: Notification = Notification.get_by_id(values["id"])
    return row


def notifications(organization_id: str, how_many: int, **changes: Any) -> list[str]:
    """Many of them for one contact, in one statement; their ids."""
    first = notification(organization_id, **changes)
    copies = []
    for _ in range(how_many - 1):
        copy = dict(first.__data__)
        copies.append(copy | {"id": new_id("nt"), "subject_id": new_id("rq")})
    Notification.add(copies)
    return [first.id, *(copy["id"] for copy in copies)]


def call(row: Notification, **changes: Any) -> CallLog:
    """An attempt of a notification that is being placed with Twilio's sandbox account."""
    values: dict[str, Any] = {
        "organization": row.organization_id,
        "mode": row.mode,
        "notification": row.id,
        "provider": "twilio",
        "account": "AC" + "0" * 32,
        "from_address": "+15005550006",
        "to_address": row.contact.phone,
        "to_hash": row.contact.phone_hash,
        "state": CallState.PLACING,
        "created_at": NOW,
        **changes,
    }
    opened = CallLog.write(**values)
    assert opened is not None
    return opened
