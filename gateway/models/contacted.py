"""Whom an organization wrote to or called lately."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.domain.outcomes import Reason
from gateway.models.attempt import Attempt
from gateway.models.base import UTCField, in_turn
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog

MOST = 2000


def take_turn(organization_id: str, mode: str, hashes: Sequence[str]) -> None:
    """Have nobody else decide about the same person until this transaction ends: two that are due
    in one moment would both find that nothing was sent yet."""
    for hashed in sorted(hashes):
        in_turn(f"{organization_id}|{mode}|{hashed}")


def lately(
    organization_id: str, mode: str, hashes: Sequence[str], since: datetime
) -> list[tuple[datetime, str]]:
    """When a person of these addresses was sent something since then, and by which notification.
    What the carrier surely did not take does not count."""
    if not hashes:
        return []
    parts: list[Any] = [_of(table, organization_id, mode, hashes, since) for table in _TABLES]
    both = parts[0].union_all(parts[1]).limit(MOST)
    moment = UTCField().python_value
    found = ((moment(at), id_) for at, id_ in both.tuples())
    return [(at, str(id_)) for at, id_ in found if at is not None and id_ is not None]


_TABLES: tuple[type[Attempt], ...] = (CallLog, MessageLog)


def _of(
    table: type[Attempt], organization_id: str, mode: str, hashes: Sequence[str], since: datetime
) -> Any:
    failed = (table.state == table.FAILED) & table.external_id.is_null()
    not_sent = failed & (table.reason != Reason.NOT_CONFIRMED)
    return table.select(table.created_at, table.notification).where(
        table.to_hash.in_(list(hashes)),
        table.created_at >= since,
        table.organization == organization_id,
        table.mode == mode,
        table.direction == "outbound",
        ~not_sent,
    )
