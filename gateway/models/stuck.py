"""Rows of which nothing moves any more, and bookings whose reminders are to be looked at."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import OP, SQL, Expression, fn

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.base import lock
from gateway.models.booking import Booking
from gateway.models.hold import CHANNEL, PROVIDER, SENDER
from gateway.models.notification import Notification
from gateway.models.queue_counts import NOTIFICATIONS
from gateway.models.rate import RATE
from gateway.models.reach import Reach

Row = Notification


def stalled(reach: Reach, now: datetime, limit: int) -> list[Notification]:
    """Rows whose holder did not finish in time."""
    late = Row.select().where(NOTIFICATIONS.mine(reach), Row.lease_until < now)
    return list(late.order_by(Row.lease_until, Row.id).limit(limit))


def forgotten(reach: Reach, over: list[str], now: datetime, limit: int) -> list[str]:
    """Ids of rows that wait for nothing: for a hold that is gone (it is none of `over`), or
    without any moment. Locked until the transaction ends."""
    named = [Row.held_by.startswith(prefix) for prefix in (PROVIDER, SENDER, RATE, CHANNEL)]
    free = reduce(or_, named)
    gone = Row.held_by.is_null(False) & Row.held_by.not_in(over) & ~free
    lost = Row.held_by.is_null() & Row.next_attempt_at.is_null()
    waits = Row.select(Row.id).where(
        NOTIFICATIONS.mine(reach), Row.state == N.SCHEDULED, gone | lost
    )
    return [row.id for row in lock(waits.order_by(Row.id).limit(limit), skip_locked=True)]


def go_on(ids: list[str], now: datetime) -> None:
    """Have these rows be due."""
    Row.update(held_by=None, slot_at=None, next_attempt_at=now).where(Row.id.in_(ids)).execute()


def bookings_ahead(
    reach: Reach,
    after: tuple[datetime, str],
    until: datetime | None,
    ended: Any,
    limit: int,
    *,
    bare: bool = False,
) -> list[Booking]:
    """Bookings that start after a position (start, id), the nearest first, but for those in a state
    of `ended`; with `bare` only those that have rules and no reminder at all."""
    at, last = after
    query = Booking.select().where(
        Booking.starts_at >= at,
        (Booking.starts_at > at) | (Booking.id > last),
        Booking.state.not_in(list(ended)),
    )
    if reach.organization_id is not None:
        query = query.where(Booking.organization == reach.organization_id)
    if reach.mode is not None:
        query = query.where(Booking.mode == reach.mode)
    if until is not None:
        query = query.where(Booking.starts_at <= until)
    if bare:
        planned = Row.select(SQL("1")).where(
            Row.subject_type == "booking",
            Row.subject_id == Booking.id,
            Row.schedule_version == Booking.schedule_version,
        )
        rules = Expression(Booking.reminders, OP.NE, SQL("'[]'"))
        query = query.where(rules, ~fn.EXISTS(planned))
    return list(query.order_by(Booking.starts_at, Booking.id).limit(limit))
