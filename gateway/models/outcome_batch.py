"""Attempts that a carrier took, many at once: where they and their notifications stand, locked in
the order of their ids, the attempts first, as everywhere."""

from collections.abc import Collection
from functools import cache
from typing import Any

from gateway.models.attempts import AnyAttempt
from gateway.models.base import lock
from gateway.models.call_log import CallLog
from gateway.models.event_batch import changing
from gateway.models.feed import FeedEntry
from gateway.models.gathering import Gathering
from gateway.models.listed import among, listed
from gateway.models.many import at_once
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.prepared import Prepared
from gateway.models.tally import Tally

Table = type[CallLog] | type[MessageLog]


def stand(attempts: Collection[AnyAttempt]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is true now of these attempts and of their notifications, by their ids, locked: of
    each only what others may have changed since it was written."""
    owners = [str(one.notification_id) for one in attempts]
    standing: dict[str, Any] = {}
    for table in (CallLog, MessageLog):
        ids = [one.id for one in attempts if isinstance(one, table)]
        found = _attempts(table).rows(ids=listed(ids)) if ids else []
        standing.update((seen.id, seen) for seen in found)
    return standing, {seen.id: seen for seen in _NOTIFICATIONS.rows(ids=listed(owners))}


def write(gathering: Gathering) -> None:
    """Write all that was kept back, but for counts in one statement where the database can."""
    changes, gathering.changes = gathering.changes, {}
    statements = [one for table, rows in changes.items() for one in changing(table, rows)]
    if gathering.feed:
        statements.append(FeedEntry.appending(gathering.feed))
    if statements:
        at_once(statements)
    if gathering.counts:
        Tally.add(gathering.counts)


@cache
def _attempts(table: Table) -> Prepared:
    columns: list[Any] = [table.id, table.state, table.external_id, table.erased_at]
    if issubclass(table, CallLog):
        columns.append(table.end_at)
    return Prepared(
        lambda: lock(
            table.select(*columns).where(among(table.id, "ids")).order_by(table.id).namedtuples()
        )
    )


_ROW = Notification
_NOTIFICATIONS = Prepared(
    lambda: lock(
        _ROW.select(
            _ROW.id, _ROW.state, _ROW.claim, _ROW.step, _ROW.tries, _ROW.plan,
            _ROW.finished_at, _ROW.cancel_requested_at,
        )
        .where(among(_ROW.id, "ids"))
        .order_by(_ROW.id)
        .namedtuples()
    )
)  # fmt: skip
