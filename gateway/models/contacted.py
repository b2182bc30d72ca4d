"""Whom an organization wrote to or called lately."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from gateway.domain.outcomes import Reason
from gateway.models.attempt import Attempt
from gateway.models.base import UTCField, in_turn
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.prepared import Given, Prepared

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
    named = {f"hash_{number}": hashed for number, hashed in enumerate(hashes)}
    both = _lately(tuple(named))
    moment = UTCField().python_value
    rows = both.rows(organization=organization_id, mode=mode, since=since, **named)
    found = ((moment(at), id_) for at, id_ in rows)
    return [(at, str(id_)) for at, id_ in found if at is not None and id_ is not None]


TABLES: tuple[type[Attempt], ...] = (CallLog, MessageLog)


def last_left(notification_ids: Sequence[str]) -> dict[str, datetime]:
    """When the newest attempt of each of these notifications was made; what the carrier surely did
    not take does not count."""
    found: dict[str, datetime] = {}
    for table in TABLES:
        made: Any = table.select(table.notification, table.created_at).where(
            table.notification.in_(list(notification_ids)), ~surely_not_sent(table)
        )
        for id_, at in made.tuples():
            found[id_] = max(at, found.get(id_, at))
    return found


@cache
def _lately(hashes: tuple[str, ...]) -> Prepared:
    parts: list[Any] = [_of(table, hashes) for table in TABLES]
    return Prepared(lambda: parts[0].union_all(parts[1]).limit(MOST).tuples())


def _of(table: type[Attempt], hashes: Sequence[str]) -> Any:
    return table.select(table.created_at, table.notification).where(
        table.to_hash.in_([Given(name) for name in hashes]),
        table.created_at >= Given("since"),
        table.organization == Given("organization"),
        table.mode == Given("mode"),
        table.direction == "outbound",
        ~surely_not_sent(table),
    )


def surely_not_sent(table: type[Attempt]) -> Any:
    """The attempts that the carrier did not take, and that is known for certain."""
    failed = (table.state == table.FAILED) & table.external_id.is_null()
    return failed & (table.reason != Reason.NOT_CONFIRMED)
