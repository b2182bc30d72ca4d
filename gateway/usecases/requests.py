"""Ad-hoc requests: one call to one number, now or at a moment, without a booking."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.domain import times
from gateway.domain.errors import Invalid
from gateway.models.base import atomic, new_id
from gateway.models.notification import Notification
from gateway.usecases import people, readiness, schedule
from gateway.usecases.accounts import Caller

EARLIEST, LATEST = timedelta(minutes=-5), timedelta(days=731)
VALID_FOR = timedelta(hours=24)


@dataclass
class Requested:
    """`ring` holds (id, claim) when the call is due now, to be handed to the broker after the
    commit."""

    notification: Notification
    ring: list[tuple[str, int]]


def request_call(
    caller: Caller,
    to: str,
    say: str,
    locale: str | None,
    send_at: datetime | None,
    expires_at: datetime | None,
    metadata: dict[str, Any],
    now: datetime,
) -> Requested:
    """Ask for one call to `to` (E.164) that says `say`. Without `send_at` it is due now; without
    `expires_at` it makes sense for a day after. Raises Invalid, NoProvider."""
    due_at = send_at or now
    ends = expires_at or due_at + VALID_FOR
    if not times.within(due_at, EARLIEST, LATEST, now):
        raise Invalid("must lie between 5 minutes ago and two years ahead", "send_at")
    if ends <= max(due_at, now):
        raise Invalid("must lie after send_at and in the future", "expires_at")
    with atomic():
        readiness.require_voice(caller.organization_id, caller.mode)
        contact = people.keep(caller, "contact", {"phone": to, "locale": locale}, now)
        row = _row(caller, due_at, ends, now) | {
            "contact": contact.id,
            "wording": {"say": say},
            "metadata": metadata,
        }
        Notification.add([row])
    kept = Notification.get_by_id(row["id"])
    return Requested(kept, [(kept.id, kept.claim)] if kept.claim else [])


def _row(caller: Caller, due_at: datetime, ends: datetime, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id("nt"),
        "organization": caller.organization_id,
        "mode": caller.mode,
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
        "due_at": due_at,
        "expires_at": ends,
        "created_at": now,
        "tries": 0,
        **schedule.opening(due_at, now, past=False, due=due_at <= now),
    }
