"""Whom an organization wrote to or called lately."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from gateway.domain.outcomes import Reason
from gateway.models.attempt import Attempt
from gateway.models.base import UTCField, db, dialect
from gateway.models.call_log import CallLog
from gateway.models.listed import among, listed
from gateway.models.message_log import MessageLog
from gateway.models.prepared import Given, Prepared

MOST = 2000


class Person(NamedTuple):
    """A person by the keyed hashes of their addresses, sorted."""

    organization: str
    mode: str
    hashes: tuple[str, ...]


def take_turns(people: Collection[Person]) -> None:
    """Have nobody else decide about the same people until this transaction ends: two that are due
    in one moment would both find that nothing was sent yet."""
    names = {f"{one.organization}|{one.mode}|{hashed}" for one in people for hashed in one.hashes}
    if names and dialect() == "postgresql":  # on SQLite a transaction is alone anyway
        lock = "pg_advisory_xact_lock(hashtextextended(name, 0))"
        take = f"SELECT {lock} FROM unnest(%s::text[]) AS name"  # noqa: S608
        db.execute_sql(take, [sorted(names)])


Found = list[tuple[datetime, str]]


def lately(person: Person, since: datetime) -> Found:
    """When a person was sent something since then, and by which notification. What the carrier
    surely did not take does not count."""
    return lately_each([person], since)[person]


def lately_each(people: Collection[Person], since: datetime) -> dict[Person, Found]:
    """The same for several people; without those of whom there is too much for one query."""
    hashes = {hashed for one in people for hashed in one.hashes}
    if not hashes:
        return {one: [] for one in people}
    rows = _LATELY.rows(
        organizations=listed({one.organization for one in people}),
        modes=listed({one.mode for one in people}),
        hashes=listed(hashes),
        since=since,
    )
    if len(rows) >= MOST and len(people) > 1:
        return {}
    by_hash: dict[tuple[str, str, str], Found] = defaultdict(list)
    for at, id_, *whose in rows:
        moment = UTCField().python_value(at)
        if moment is not None and id_ is not None:
            by_hash[tuple(whose)].append((moment, str(id_)))
    return {
        one: [
            sent
            for hashed in one.hashes
            for sent in by_hash.get((one.organization, one.mode, hashed), ())
        ]
        for one in people
    }


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


def _of(table: type[Attempt]) -> Any:
    return table.select(
        table.created_at, table.notification, table.organization, table.mode, table.to_hash
    ).where(
        among(table.to_hash, "hashes"),
        table.created_at >= Given("since"),
        among(table.organization, "organizations"),
        among(table.mode, "modes"),
        table.direction == "outbound",
        ~surely_not_sent(table),
    )


def surely_not_sent(table: type[Attempt]) -> Any:
    """The attempts that the carrier did not take, and that is known for certain."""
    failed = (table.state == table.FAILED) & table.external_id.is_null()
    return failed & (table.reason != Reason.NOT_CONFIRMED)


def _both() -> Any:
    calls, messages = map(_of, TABLES)
    return calls.union_all(messages).limit(MOST).tuples()


_LATELY = Prepared(_both)
