"""What a day is counted from, one query each. A fact belongs to the day of a moment that stays what
it is: when a booking was made or canceled, when an appointment starts, when a notification falls
due, when an offer was made."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from peewee import SQL, Case, fn

from gateway.domain.lifecycle import CallState, MessageState
from gateway.models.base import dialect
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.feed import FeedEntry
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.offer import Offer

# In the feed: by the person's own answer. As text, since an index is of these alone.
CONFIRMED = SQL("'booking.confirmed'")
_TAKEN = (CallState.IN_PROGRESS, CallState.COMPLETED)
_NOBODY = ("machine", "fax")


@dataclass(frozen=True)
class Span:
    """Of whom, and from when to before when."""

    organization_id: str
    mode: str
    begin: datetime
    end: datetime

    def of(self, moment: Any) -> tuple[Any, ...]:
        """The conditions on a table's rows whose moment lies in it."""
        table = moment.model
        mine = (table.organization == self.organization_id, table.mode == self.mode)
        return (*mine, moment >= self.begin, moment < self.end)


def booked(span: Span) -> int:
    """How many bookings were made."""
    return int(Booking.select().where(*span.of(Booking.booked_at)).count())


def canceled(span: Span) -> int:
    """How many bookings were canceled."""
    return int(Booking.select().where(*span.of(Booking.canceled_at)).count())


def appointments(span: Span) -> Counter[str]:
    """The appointments that start then, by their state."""
    return _by(Booking.state, span.of(Booking.starts_at))


def offers(span: Span) -> Counter[str]:
    """The waitlist offers that were made, by their state."""
    return _by(Offer.state, span.of(Offer.offered_at))


def _by(column: Any, where: tuple[Any, ...]) -> Counter[str]:
    found = column.model.select(column, fn.COUNT(column)).where(*where).group_by(column)
    return Counter(dict(found.tuples()))


@dataclass(frozen=True)
class Told:
    """Notifications of one kind, channel and outcome: how many, of how many a call was answered,
    of how many a message was read, of how many either."""

    kind: str
    channel: str
    outcome: str
    count: int
    answered: int
    read: int
    noticed: int


def notifications(span: Span) -> list[Told]:
    """What became of the notifications that fell due then, as far as it is over."""
    row = Notification
    answered, read = _heard(), _read()
    counted: Any = row.select(
        row.purpose, _channel(), row.state, fn.COUNT(row.id), _sum(answered), _sum(read),
        _sum(answered | read),
    )  # fmt: skip
    counted = counted.where(*span.of(row.due_at), row.finished_at.is_null(False))
    return sorted(
        (Told(*found) for found in counted.group_by(*map(SQL, "123")).tuples()),
        key=lambda one: (one.kind, one.channel, one.outcome),
    )


def _sum(condition: Any) -> Any:
    return fn.SUM(Case(None, ((condition, 1),), 0))


def _channel() -> Any:
    """The channel of the step that a notification came to."""
    row = Notification
    if dialect() == "sqlite":
        path = fn.printf("$[%d].channel", row.step)
        return fn.json_extract(row.plan, path).coerce(False)
    step = row.step.cast("text")
    return fn.jsonb_extract_path_text(row.plan, step, SQL("'channel'")).coerce(False)


def _heard() -> Any:
    call = CallLog
    by = call.answered_by
    nobody = reduce(or_, (by.startswith(word) for word in _NOBODY))
    made = call.select(call.id).where(
        call.notification == Notification.id, call.state.in_(_TAKEN), by.is_null() | ~nobody
    )
    return fn.EXISTS(made)


def _read() -> Any:
    sent = MessageLog
    made = sent.select(sent.id).where(
        sent.notification == Notification.id, sent.state == MessageState.READ
    )
    return fn.EXISTS(made)


def replies(span: Span) -> int:
    """How many messages came in."""
    came = MessageLog.select().where(
        *span.of(MessageLog.created_at), MessageLog.direction == "inbound"
    )
    return int(came.count())


def confirmed(span: Span) -> int:
    """How many appointments were confirmed by an answer."""
    said = FeedEntry.select().where(*span.of(FeedEntry.at), FeedEntry.type == CONFIRMED)
    return int(said.count())
