"""What falls due next, for each kind of work that a clock hands out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import Field, Select

from gateway.models.base import UTCField, db
from gateway.models.call_log import CallLog
from gateway.models.hold import Hold
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent


@dataclass(frozen=True)
class Agenda:
    """The earliest moment of each kind, None where nothing waits."""

    claim: datetime | None = None  # a notification falls due
    lease: datetime | None = None  # a worker should be through with one
    event: datetime | None = None  # a stored provider event is to be applied
    look_up: datetime | None = None  # a provider is to be asked about a call
    ending: datetime | None = None  # a call is to be ended
    check: datetime | None = None  # a paused provider is to be asked how it is
    held: bool = False  # whether anything waits for a hold or a busy sender

    @property
    def next(self) -> datetime | None:
        """The earliest of all."""
        moments = (self.claim, self.lease, self.event, self.look_up, self.ending, self.check)
        return min(filter(None, moments), default=None)


def read() -> Agenda:
    """The agenda of this moment, in one query that takes the head of each index."""
    named = CallLog.external_id.is_null(False)  # only these can be ended
    heads = (
        _head(Notification.next_attempt_at),
        _head(Notification.lease_until),
        _head(ProviderEvent.next_attempt_at),
        _head(CallLog.lookup_at),
        _head(CallLog.end_at).where(named),
        _head(Hold.check_at).where(Hold.until.is_null()),
        _head(Notification.held_by),
    )
    *raw, held = next(iter(Select(columns=heads).bind(db.obj).tuples()))
    claim, lease, event, look_up, ending, check = map(UTCField().python_value, raw)
    return Agenda(claim, lease, event, look_up, ending, check, held is not None)


def _head(field: Field) -> Any:
    # Ordered even where any row would do: it is what makes PostgreSQL take the index.
    return field.model.select(field).where(field.is_null(False)).order_by(field).limit(1)
