"""Attempts of either kind: which table has one, and those of a notification in both."""

from collections.abc import Iterable, Sequence

from gateway.domain.lifecycle import is_final
from gateway.models.attempt import Attempt
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification

TABLES: tuple[type[CallLog] | type[MessageLog], ...] = (CallLog, MessageLog)

AnyAttempt = CallLog | MessageLog


def table_of(channel: str) -> type[CallLog] | type[MessageLog]:
    """The table that has the attempts on a channel."""
    return CallLog if channel == "voice" else MessageLog


def table_with(attempt_id: str) -> type[CallLog] | type[MessageLog]:
    """The table that has an attempt of this id, if any has."""
    return MessageLog if attempt_id.startswith("ml_") else CallLog


def of_notifications(ids: Sequence[str]) -> list[AnyAttempt]:
    """All attempts of these notifications, oldest first."""
    found: Iterable[AnyAttempt] = (
        row for table in TABLES for row in table.of_notifications(list(ids))
    )
    return sorted(found, key=lambda row: (row.step, row.attempt))


def latest(row: Notification) -> AnyAttempt | None:
    """The newest attempt of a notification. Its tries are counted over all steps, so that the
    last of them is known by its number."""
    if row.tries == 0:
        return None
    for table in sorted(TABLES, key=lambda table: table is not table_of(row.channel)):
        mine = table.select().where(table.notification == row.id, table.attempt == row.tries)
        found: AnyAttempt | None = mine.order_by(table.step.desc()).first()
        if found is not None:
            return found
    return None


def latest_locked(notification_id: str) -> AnyAttempt | None:
    """The newest attempt of a notification, locked until the transaction ends."""
    newest = latest(Notification.get_by_id(notification_id))
    return table_with(newest.id).locked(id=newest.id) if newest is not None else None


def any_open(notification_id: str) -> bool:
    """Whether a call of this notification is not over yet, or it is not known of a message whether
    it was sent: then no other may follow."""
    return any(
        row.open or (isinstance(row, CallLog) and not is_final(row.standing))
        for row in of_notifications([notification_id])
    )


def owner(provider: str, account: str, external_id: str) -> Attempt | None:
    """The attempt that has this id at the provider, whatever it is."""
    for table in TABLES:
        found = table.owner(provider, account, external_id)
        if found is not None:
            return found
    return None
