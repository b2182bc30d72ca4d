"""Counting the rows of each queue, as far as the queue views still show them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL, Case, fn

from gateway.domain.lifecycle import NotificationState as N
from gateway.kinds import Kept
from gateway.models import attempts
from gateway.models.booking import Booking
from gateway.models.dead_letter import DeadLetter
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import NOBODY, Reach

NAMES = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
DONE = (N.REACHED, N.CANCELED, N.SUPPRESSED, N.EXPIRED)
_ACTIVE = (N.SENDING, N.UNKNOWN)
_UNAPPLIED = {"parked": "delayed", "dead": "dead", "discarded": "failed"}
_APPLIED = {"received": "waiting", "applied": "completed"}

Row = Notification
Counts = Mapping[tuple[str, str], Counter[str]]  # by queue and kind of work


def standing(now: datetime) -> Any:
    """Where a notification stands, in the words of NAMES (but dead)."""
    return Case(
        None,
        (
            (Row.lease_until < now, "stalled"),
            (Row.state == N.DUE, "waiting"),
            ((Row.state == N.SCHEDULED) & (Row.next_attempt_at <= now), "waiting"),
            ((Row.state == N.SCHEDULED) & Row.held_by.is_null(False), "waiting"),
            (Row.state == N.SCHEDULED, "delayed"),
            (Row.state.in_(_ACTIVE) & Row.finished_at.is_null(), "active"),
            (Row.state.in_(DONE), "completed"),
        ),
        "failed",
    )


def queue() -> Any:
    """The queue of a notification."""
    return Case(None, ((Row.lane.startswith("voice:"), "voice"),), "messages")


def in_view(kept: Mapping[str, Kept], cleared: Mapping[str, datetime], now: datetime) -> Any:
    """The condition on notifications: not finished, or not for so long that the views show them no
    more, by their kind and since their queue was cleared."""
    recent = [
        Row.purpose.in_([kind for kind in kept if kept[kind] == ages]) & _recent(ages, now)
        for ages in set(kept.values())
    ]
    shown = reduce(or_, recent, Row.purpose.not_in(list(kept)) & _recent(Kept(), now))
    return Row.finished_at.is_null() | (shown & not_cleared(cleared))


def not_cleared(cleared: Mapping[str, datetime]) -> Any:
    """The condition on finished notifications: not before their queue was cleared."""
    kept: Any = ~NOBODY
    for name, moment in cleared.items():
        kept &= ~((queue() == name) & (Row.finished_at <= moment))
    return kept


def _recent(ages: Kept, now: datetime) -> Any:
    done, ended = Row.state.in_(DONE), Row.finished_at
    return (done & (ended >= now - ages.done_for)) | (~done & (ended >= now - ages.failed_for))


def notifications(
    organization_id: str,
    mode: str,
    now: datetime,
    kept: Mapping[str, Kept],
    cleared: Mapping[str, datetime],
) -> Counts:
    """Counts of one organization and mode."""
    mine = (Row.organization == organization_id, Row.mode == mode)
    counted: Any = Row.select(queue(), Row.purpose, standing(now), fn.COUNT(Row.id))
    counted = counted.where(*mine, in_view(kept, cleared, now)).group_by(*map(SQL, "123"))
    counts: dict[tuple[str, str], Counter[str]] = {}
    for name, kind, word, count in [*counted.tuples(), *_dead(organization_id, mode)]:
        most = {"completed": kept.get(kind, Kept()).done, "failed": kept.get(kind, Kept()).failed}
        shown = min(count, most.get(word) or count)
        counts.setdefault((name, kind), Counter())[word] += shown
    return counts


def _dead(organization_id: str, mode: str) -> list[tuple[str, str, str, int]]:
    buried: Any = (
        DeadLetter.select(queue(), Row.purpose, SQL("'dead'"), fn.COUNT(DeadLetter.id))
        .join(Row, on=(DeadLetter.object_id == Row.id))
        .where(
            DeadLetter.organization == organization_id,
            DeadLetter.mode == mode,
            DeadLetter.object == "notification",
            DeadLetter.resolved_at.is_null(),
        )
        .group_by(SQL("1"), Row.purpose)
    )
    return list(buried.tuples())


def events(
    organization_id: str, reach: Reach, now: datetime, cleared: datetime | None
) -> Counter[str]:
    """Counts of the inbox: of events that are known to be this organization's, and of all that are
    within reach and could not be applied. Applied ones are shown for a day, discarded ones for
    seven."""
    row, ages = ProviderEvent, Kept()
    kept = row.state.in_(list(_UNAPPLIED)) & reach.events()
    done = row.state.in_(list(_APPLIED)) & (row.organization == organization_id)
    since = max(filter(None, (now - ages.done_for, cleared)))
    week = max(filter(None, (now - ages.failed_for, cleared)))
    gone = (row.state == "applied") & (row.received_at < since)
    gone |= (row.state == "discarded") & (row.received_at < week)
    counts: Counter[str] = Counter()
    # One that could not be read is parked and not tried again by itself.
    given_up = (row.state == "parked") & row.next_attempt_at.is_null()
    state = Case(None, ((given_up, "dead"),), row.state)
    counted: Any = row.select(state, fn.COUNT(row.id)).where(kept | done, ~gone)
    for word, count in counted.group_by(SQL("1")).tuples():
        counts[(_UNAPPLIED | _APPLIED)[word]] += count
    return counts


def timers(organization_id: str, mode: str, now: datetime) -> Counter[str]:
    """Steps of plans and appointments whose moment is to come, or has come and is not handled."""
    return _moments(((Row, "step_until"), (Booking, "overdue_at")), organization_id, mode, now)


def look_ups(organization_id: str, mode: str, now: datetime) -> Counter[str]:
    """Attempts that a provider is to be asked about."""
    tables = tuple((table, "lookup_at") for table in attempts.TABLES)
    return _moments(tables, organization_id, mode, now)


def _moments(
    columns: tuple[tuple[Any, str], ...], organization_id: str, mode: str, now: datetime
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table, name in columns:
        moment = getattr(table, name)
        word = Case(None, ((moment <= now, "waiting"),), "delayed")
        found = table.select(word, fn.COUNT(table.id)).where(
            moment.is_null(False), table.organization == organization_id, table.mode == mode
        )
        counts.update(dict(found.group_by(SQL("1")).tuples()))
    return counts


def overdue(organization_id: str, mode: str) -> int:
    """How many appointments are marked overdue."""
    mine = (Booking.organization == organization_id, Booking.mode == mode)
    return int(Booking.select().where(*mine, Booking.overdue).count())


def oldest_in_view(
    reach: Reach, kind: str, ages: Kept, *, now: datetime
) -> Iterator[tuple[bool, datetime]]:
    """From when on the views show finished work of a kind: (done?, moment), twice."""
    for done, most, age in (
        (True, ages.done, ages.done_for),
        (False, ages.failed, ages.failed_for),
    ):
        yield done, max(filter(None, (now - age, _moment_of_last(reach, kind, done, most))))


def _moment_of_last(reach: Reach, kind: str, done: bool, most: int | None) -> datetime | None:
    if most is None:
        return None
    states = Row.state.in_(DONE) if done else Row.state.not_in(DONE)
    found = Row.select(Row.finished_at).where(
        Row.purpose == kind, states, Row.finished_at.is_null(False), mine(reach)
    )
    last = found.order_by(Row.finished_at.desc()).offset(max(most - 1, 0)).limit(1)
    return next((row.finished_at for row in last), None)


def mine(reach: Reach) -> Any:
    """The condition on notifications within reach."""
    found: Any = ~NOBODY
    if reach.organization_id is not None:
        found &= Row.organization == reach.organization_id
    if reach.mode is not None:
        found &= Row.mode == reach.mode
    return found
