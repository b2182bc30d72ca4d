"""Things that failed for good, as rows, for tests of dead letters and parked events."""

from datetime import timedelta
from typing import Any

from gateway.models.base import new_id
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.wallclock import now
from tests import rows


def failed(organization_id: str, *, bury: bool = True, **changes: Any) -> Notification:
    """A call that the provider did not take, expiring tomorrow, and its open letter."""
    at = now()
    values: dict[str, Any] = {
        "state": "not_reached", "reason": "provider_error", "next_attempt_at": None,
        "due_at": at, "expires_at": at + timedelta(days=1), "finished_at": at, "tries": 1,
        "failures": 3, **changes,
    }  # fmt: skip
    row = rows.notification(organization_id, **values)
    rows.call(row, state="failed", reason="provider_error", provider_code="21220")
    if bury:
        assert DeadLetter.bury(row, "provider_error", at)
    return row


def letter(row: Notification | ProviderEvent) -> DeadLetter:
    """The newest letter about something."""
    mine = DeadLetter.select().where(DeadLetter.object_id == row.id)
    found: DeadLetter = mine.order_by(DeadLetter.created_at.desc(), DeadLetter.id.desc()).get()
    return found


def unmatched(account: str, *, state: str = "dead", **columns: Any) -> ProviderEvent:
    """An event of Twilio's that found no call; a dead one has its letter."""
    id_ = new_id("ev")
    row: ProviderEvent = ProviderEvent.create(**{
        "id": id_, "provider": "twilio", "account": account, "kind": "call-status",
        "dedup_key": id_, "digest": id_, "external_id": "CA" + "d" * 32, "path": "twilio/voice",
        "body": "CallSid=x&To=%2B4915112345678", "status": "completed", "received_at": now(),
        "state": state, "reason": "no call is known by this id", "tries": 9,
        "next_attempt_at": now() + timedelta(days=1) if state == "parked" else None, **columns,
    })  # fmt: skip
    if state == "dead":
        assert DeadLetter.bury(row, str(row.reason), now())
    return row
