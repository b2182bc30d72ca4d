"""The notifications of people's enrolments: found, held back while a course is paused, let go."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import lock
from gateway.models.enrolment import SUBJECT, Enrolment
from gateway.models.feed import FeedEntry
from gateway.models.hold import COURSE
from gateway.models.notification import Notification, told
from gateway.models.upcoming import wrote

UNTIL_RESUMED = timedelta(days=3650)
Row = Notification


def of(enrolment_ids: Sequence[str]) -> dict[str, list[Notification]]:
    """The notifications of each of these enrolments, in the order in which they were made."""
    found: dict[str, list[Notification]] = {id_: [] for id_ in enrolment_ids}
    mine = Row.select().where(Row.subject_type == SUBJECT, Row.subject_id.in_(list(enrolment_ids)))
    for row in mine.order_by(Row.created_at, Row.id):
        found[str(row.subject_id)].append(row)
    return found


def of_step(enrolment_id: str, step_id: str) -> Notification | None:
    """What a step became for an enrolment."""
    found: Notification | None = Row.get_or_none(
        Row.subject_type == SUBJECT, Row.subject_id == enrolment_id, Row.rule == step_id
    )
    return found


def hold_back(enrolment_id: str, now: datetime) -> None:
    """Have what did not pass the gate yet wait until `let_go`, which nothing but that ends. Call it
    with the enrolment locked."""
    _hold_back(Row.subject_id == enrolment_id, now)


def hold_all_back(sequence_id: str, now: datetime) -> None:
    """The same for everybody who is in a sequence, in the transaction that pauses it."""
    _hold_back(Row.subject_id.in_(_live(sequence_id)), now)


def _hold_back(whose: Any, now: datetime) -> None:
    waits = {"held_by": COURSE, "next_attempt_at": now + UNTIL_RESUMED, "slot_at": None}
    back = Row.update(state=N.SCHEDULED, lease_until=None, **waits).where(
        *_pending(whose), Row.state == N.DUE
    )
    FeedEntry.append([told(row.__data__, now) for row in back.returning(Row).execute()])
    Row.update(**waits).where(*_pending(whose)).execute()


def let_go(enrolment_id: str, now: datetime, expires_at: datetime) -> None:
    """Let what was held back go: it is due now, and of use until `expires_at`. Call it with the
    enrolment locked, after it was resumed: a row that just meets the gate is waited for."""
    mine = _pending(Row.subject_id == enrolment_id)
    list(lock(Row.select(Row.id).where(*mine)))
    free = Row.update(held_by=None, next_attempt_at=now, expires_at=expires_at)
    if free.where(*mine, Row.held_by == COURSE).execute():
        wrote(now)


def _pending(whose: Any) -> tuple[Any, ...]:
    return Row.subject_type == SUBJECT, whose, Row.state.in_(PENDING)


def _live(sequence_id: str) -> Any:
    return Enrolment.select(Enrolment.id).where(
        Enrolment.sequence == sequence_id, Enrolment.ended_at.is_null()
    )


def under_way(sequence_id: str) -> list[Notification]:
    """What is at the provider or being resolved, of all who are in a sequence now."""
    return list(
        Row.select().where(
            Row.subject_type == SUBJECT,
            Row.subject_id.in_(_live(sequence_id)),
            Row.state.in_([N.SENDING, N.UNKNOWN]),
        )
    )
