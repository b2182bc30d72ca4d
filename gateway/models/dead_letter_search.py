"""Finding dead letters, and choosing those that can be replayed or discarded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL, Case, ModelSelect, fn

from gateway.domain.lanes import WORKING
from gateway.domain.lifecycle import JobState
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import lock
from gateway.models.contact import Contact
from gateway.models.dead_letter import EVENT, JOB, NOTIFICATION, DeadLetter
from gateway.models.event_search import PUBLIC, unapplied
from gateway.models.job import Job
from gateway.models.listing import Position, page
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import Reach

Filters = dict[str, Any]


def _of_queue(name: str) -> Any:
    if name == "events":
        return DeadLetter.object == EVENT
    if name in WORKING:
        return (DeadLetter.object == JOB) & Job.lane.startswith(f"{name}:")
    return (DeadLetter.object == NOTIFICATION) & Notification.lane.startswith(f"{name}:")


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "ids": DeadLetter.id.in_,
    "object": lambda value: DeadLetter.object == value,
    "object_id": lambda value: DeadLetter.object_id == value,
    "reason": lambda value: DeadLetter.reason == value,
    "kind": lambda value: (Notification.kind == value) | (Job.name == value),
    "purpose": lambda values: Notification.purpose.in_(values) | Job.kind.in_(values),
    "state": lambda value: Notification.state == value,
    "queue": _of_queue,
    "booking_id": lambda value: Notification.booking == value,
    "from_": lambda value: DeadLetter.created_at >= value,
    "to": lambda value: DeadLetter.created_at < value,
    "resolved": lambda value: DeadLetter.resolved_at.is_null(not value),
}


@dataclass(frozen=True)
class Standing:
    """How many letters were chosen, by what a replay would come to: the object can go, its time is
    over, it is no longer where its letter left it, or the letter is closed already."""

    ready: int = 0
    expired: int = 0
    stale: int = 0
    closed: int = 0

    @property
    def open(self) -> int:
        """How many were neither replayed nor discarded."""
        return self.ready + self.expired + self.stale


def find(
    reach: Reach, filters: Filters, limit: int, before: Position | None = None
) -> list[DeadLetter]:
    """Letters newest first, each joined with what it is about: `subject`, `event` or `job`."""
    order = (DeadLetter.created_at, DeadLetter.id)
    return page(_within(reach), filters, _CONDITIONS, order, before, limit)


def of(reach: Reach, letter_id: str) -> DeadLetter | None:
    """One letter, or None when it is not within reach."""
    return next(iter(find(reach, {"ids": [letter_id]}, 1)), None)


def known(reach: Reach, letter_ids: Sequence[str]) -> set[str]:
    """Which of these letters are within reach, resolved ones among them."""
    query = _joined(DeadLetter.id).where(reach.letters(), DeadLetter.id.in_(letter_ids))
    return {letter_id for (letter_id,) in query.tuples()}


def standing(reach: Reach, filters: Filters, now: datetime) -> Standing:
    """Count the open letters that meet a filter; of letters named by id the closed ones too."""
    closed = DeadLetter.resolved_at.is_null(False)
    cases = ((closed, "closed"), (_ready(now), "ready"), (_stands(), "expired"))
    place = Case(None, cases, "stale")
    query = _met(_joined(place.alias("place"), fn.COUNT(DeadLetter.id)), reach, filters)
    if "ids" not in filters:
        query = query.where(~closed)
    return Standing(**dict(query.group_by(SQL("1")).tuples()))


def choose(
    reach: Reach,
    filters: Filters,
    limit: int,
    after: Position | None = None,
    *,
    ready_at: datetime | None = None,
) -> list[DeadLetter]:
    """Open letters that meet a filter, oldest first, from a position on; with `ready_at` only
    those whose object can go at that moment."""
    row = DeadLetter
    query = _met(_within(reach), reach, filters).where(row.resolved_at.is_null())
    if ready_at is not None:
        query = query.where(_ready(ready_at))
    if after is not None:
        at, last = after
        query = query.where(row.created_at >= at, (row.created_at > at) | (row.id > last))
    return list(query.order_by(row.created_at, row.id).limit(limit))


def failed(notification_ids: Sequence[str]) -> dict[str, Notification]:
    """Those of these notifications that failed and are final, locked until the transaction
    ends."""
    mine = Notification.select().where(Notification.id.in_(notification_ids), _failed())
    return {row.id: row for row in lock(mine.order_by(Notification.id))}


def failed_jobs(job_ids: Sequence[str]) -> dict[str, Job]:
    """Those of these jobs that failed, locked until the transaction ends."""
    mine = Job.select().where(Job.id.in_(job_ids), Job.state == JobState.FAILED)
    return {row.id: row for row in lock(mine.order_by(Job.id))}


def _joined(*columns: Any) -> "ModelSelect[Any]":
    row, event = DeadLetter, ProviderEvent
    return (
        row.select(*columns)
        .join(Notification, JOIN.LEFT_OUTER, on=(row.object_id == Notification.id), attr="subject")
        .join(Contact, JOIN.LEFT_OUTER)
        .join_from(row, event, JOIN.LEFT_OUTER, on=(row.object_id == event.id), attr="event")
        .join_from(row, Job, JOIN.LEFT_OUTER, on=(row.object_id == Job.id), attr="job")
    )


def _within(reach: Reach) -> "ModelSelect[Any]":
    return _joined(DeadLetter, Notification, Contact, Job, *PUBLIC).where(reach.letters())


def _met(query: "ModelSelect[Any]", reach: Reach, filters: Filters) -> "ModelSelect[Any]":
    query = query.where(reach.letters())
    for name, condition in _CONDITIONS.items():
        if filters.get(name) is not None:
            query = query.where(condition(filters[name]))
    return query


def _failed() -> Any:
    row = Notification
    given_up = (row.state == N.UNKNOWN) & row.finished_at.is_null(False)
    return (row.state == N.NOT_REACHED) | given_up


def _stands() -> Any:
    """The object is where its letter left it."""
    return _failed() | unapplied() | (Job.state == JobState.FAILED)


def _ready(now: datetime) -> Any:
    timeless = ProviderEvent.id.is_null(False) | Job.id.is_null(False)
    in_time = timeless | (Notification.expires_at > now)
    return _stands() & in_time
