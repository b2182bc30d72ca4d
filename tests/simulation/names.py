"""Names for rows that stay the same from run to run, whatever ids they got."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from tests.simulation.promises import EPOCH, micro


@dataclass(frozen=True)
class Named:
    """A notification: whose it is, by which rule, due when (microseconds since 1970)."""

    subject: str
    rule: str
    due: int

    @cached_property
    def label(self) -> str:
        """In short."""
        due = EPOCH + timedelta(microseconds=self.due)
        return f"{self.subject} {self.rule.removesuffix(':voice:contact')} {due:%m-%dT%H:%M:%S}"


class Names:
    """Remembers what was read once: of a notification none of this ever changes."""

    def __init__(self) -> None:
        self._known: dict[str, Named] = {}
        self._calls: dict[str, tuple[Named, int]] = {}

    def notification(self, row_id: str) -> Named | None:
        """The name of a notification; None when there is no such row."""
        if row_id not in self._known:
            row = Notification.get_or_none(Notification.id == row_id)
            if row is None:
                return None
            if row.booking_id:
                subject = str(Booking.get_by_id(row.booking_id).external_id)
            else:
                subject = str(row.metadata["name"])
            self._known[row_id] = Named(subject, row.rule, micro(row.due_at))
        return self._known[row_id]

    def call(self, call_id: str) -> tuple[Named | None, int]:
        """The name of a call's notification and the number of the attempt."""
        if call_id in self._calls:
            return self._calls[call_id]
        call = CallLog.get_or_none(CallLog.id == call_id)
        if call is None or call.notification_id is None:
            return None, 0
        named = self.notification(call.notification_id)
        if named is not None:
            self._calls[call_id] = (named, call.attempt)
        return named, call.attempt
