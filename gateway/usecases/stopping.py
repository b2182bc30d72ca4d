"""Stopping what has passed the start gate when its booking changes."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.lifecycle import CallState
from gateway.models import withdrawal
from gateway.models.booking import Booking
from gateway.models.call_log import OPEN, CallLog
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification


def stop(
    rows: Sequence[Notification], now: datetime, states: Sequence[CallState] | None = None
) -> list[str]:
    """Have the calls of these notifications ended, those in `states` if given, and let their
    notifications remember it. Returns the ids of calls to ask the carrier about after the commit.
    Call it inside the transaction of the change."""
    ids = [row.id for row in rows]
    # Calls before notifications: whoever brings news of a call locks them in this order.
    stopped = CallLog.stop([call.id for call in CallLog.of_notifications(ids)], now, states)
    asked = {row.id for row in rows}
    if states is not None:
        unsent = [message for message in MessageLog.of_notifications(ids) if message.open]
        asked &= {str(attempt.notification_id) for attempt in (*stopped, *unsent)}
    withdrawal.ask_to_cancel(sorted(asked), now)
    return [call.id for call in stopped if call.external_id is not None]


def stop_unsent(rows: Sequence[Notification], now: datetime) -> list[str]:
    """The same for those of which nobody knows yet whether they have left; what the carrier has
    stays as it is."""
    return stop(rows, now, OPEN)


def superseded(rows: Sequence[Notification], booking: Booking) -> list[Notification]:
    """Those that belong to an older plan of the booking."""
    return [row for row in rows if row.schedule_version != booking.schedule_version]
