"""The last look at an attempt between its commit and the connection to the provider."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from peewee import JOIN, SQL, fn

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.attempts import table_with
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.listed import among, listed
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.prepared import Prepared


@dataclass(frozen=True)
class Seen:
    """What is true of a written attempt now. `mine` says that nobody took it back; `in_force` that
    its booking was not moved since, `frozen` that everything is held back by now, `opted_out` that
    the person wants no more of it."""

    mine: bool
    frozen: bool
    canceled: bool
    in_force: bool
    opted_out: bool
    expires_at: datetime


def look(attempt_id: str, claim: int) -> Seen:
    """An attempt written under a claim, as it stands now: one query."""
    return look_each([(attempt_id, claim)])[attempt_id]


def look_each(attempts: Sequence[tuple[str, int]]) -> dict[str, Seen]:
    """The same for several attempts (id, claim), by the attempt's id: one query for the calls among
    them, and one for the messages."""
    claims, found = dict(attempts), dict[str, Seen]()
    of_table: dict[Any, list[str]] = defaultdict(list)
    for attempt_id in claims:
        of_table[table_with(attempt_id)].append(attempt_id)
    for table, ids in of_table.items():
        for seen in _looks(table).rows(attempts=listed(ids)):
            found[seen.of] = _seen(seen, (N.SENDING, claims[seen.of], table.BEGUN))
    return found


def _seen(seen: Any, ours: tuple[Any, ...]) -> Seen:
    return Seen(
        mine=(seen.state, seen.claim, seen.attempt_state) == ours,
        frozen=bool(seen.frozen),
        canceled=seen.cancel_requested_at is not None,
        in_force=seen.present in (None, seen.schedule_version),
        opted_out=seen.granted is not None and not seen.granted,
        expires_at=seen.expires_at,
    )


@cache
def _looks(attempt: type[CallLog] | type[MessageLog]) -> Prepared:
    return Prepared(lambda: _of(attempt))


def _of(attempt: type[CallLog] | type[MessageLog]) -> Any:
    row, booking = Notification, Booking
    channel = attempt.channel if attempt is MessageLog else "voice"
    granted = Consent.newest_granted(row, channel, attempt.to_hash)
    frozen = fn.EXISTS(Hold.select(SQL("1")).where(Hold.scope == EVERYTHING))
    return (
        row.select(
            attempt.id.alias("of"), attempt.state.alias("attempt_state"),
            row.state, row.claim, row.cancel_requested_at, row.expires_at, row.schedule_version,
            booking.schedule_version.alias("present"),
            frozen.alias("frozen"), granted.alias("granted"),
        )
        .join(attempt, on=(attempt.notification == row.id))
        .switch(row)
        .join(booking, JOIN.LEFT_OUTER, on=(row.booking == booking.id))
        .where(among(attempt.id, "attempts"))
        .namedtuples()
    )  # fmt: skip
