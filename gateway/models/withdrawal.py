"""Taking back notifications: those that wait are canceled, those that left are asked to end."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import atomic, lock
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification, told
from gateway.models.prepared import Given, Prepared

Row = Notification


class _Overtaken(Exception):
    """A row passed the gate while an UPDATE waited for it. PostgreSQL has locked it all the same,
    and whoever brings news of its call waits for it with the call locked: undone, the UPDATE lets
    go of it."""


def ask_to_cancel(ids: Sequence[str], now: datetime) -> None:
    """Remember a cancel for rows that are already at the provider."""
    if ids:
        asked = (Row.id.in_(list(ids)), Row.cancel_requested_at.is_null())
        Row.update(cancel_requested_at=now).where(*asked).execute()


def cancel_pending(
    subject_type: str,
    subject_id: str,
    now: datetime,
    reason: str,
    keep: Iterable[str] = (),
) -> list[str]:
    """Cancel what has not passed the start gate, but for the ids to keep. Returns the ids."""
    if not _PENDING.rows(type=subject_type, id=subject_id):
        return []
    about = (Row.subject_type == subject_type, Row.subject_id == subject_id)
    return _cancel((*about, Row.state.in_(PENDING), Row.id.not_in(list(keep))), now, reason)


def cancel_pending_to(contact_ids: Sequence[str], now: datetime, reason: str) -> list[str]:
    """Cancel whatever is for these people and has not passed the start gate. Returns the ids."""
    return _cancel((Row.contact.in_(list(contact_ids)), Row.state.in_(PENDING)), now, reason)


def _cancel(which: Sequence[Any], now: datetime, reason: str) -> list[str]:
    gone = {"next_attempt_at": None, "lease_until": None, "held_by": None, "finished_at": now}
    query = Row.update(state=N.CANCELED, reason=reason, **gone).returning(Row)
    with atomic():
        free = lock(Row.select(Row.id).where(*which), skip_locked=True)
        rows = list(query.where(Row.id.in_(free)).execute())
        for busy in list(Row.select(Row.id).where(*which)):
            with suppress(_Overtaken), atomic():
                waited_for = list(query.where(Row.id == busy.id, *which).execute())
                if not waited_for:
                    raise _Overtaken
                rows += waited_for
        FeedEntry.append([told(row.__data__, now) for row in rows])
    return [row.id for row in rows]


def under_way(subject_type: str, subject_id: str) -> list[Notification]:
    """Those of a subject that are at the provider or being resolved, and those that were given
    up as not confirmed: their call may still turn up."""
    return _UNDER_WAY.rows(type=subject_type, id=subject_id)


def at_the_gate_to(contact_ids: Sequence[str]) -> None:
    """Wait until none of those for these people that are passing the gate just now knows less than
    this transaction: what it writes is either seen by them, or they are seen by it."""
    passing = Row.select(Row.id).where(Row.contact.in_(list(contact_ids)), Row.state == N.DUE)
    lock(passing.order_by(Row.id)).execute()


def under_way_to(contact_ids: Sequence[str]) -> list[Notification]:
    """The same, of whatever is for these people."""
    away = Row.state.in_([N.SENDING, N.UNKNOWN])
    return list(Row.select().where(Row.contact.in_(list(contact_ids)), away))


def _of_subject(*columns: Any, states: Iterable[N]) -> Any:
    about = (Row.subject_type == Given("type"), Row.subject_id == Given("id"))
    return Row.select(*columns).where(*about, Row.state.in_(sorted(states)))


_PENDING = Prepared(lambda: _of_subject(Row.id, states=PENDING).limit(1))
_UNDER_WAY = Prepared(lambda: _of_subject(states=(N.SENDING, N.UNKNOWN)))
