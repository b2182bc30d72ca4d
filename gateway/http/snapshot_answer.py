"""The figures of days, as answers and as columns show them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, fields

from gateway.domain.channel_plan import CHANNELS
from gateway.domain.lanes import KINDS
from gateway.domain.lifecycle import NotificationState
from gateway.http.answers import moment, text, when, whole
from gateway.models.snapshot import Snapshot


class BookingFigures(Schema):
    """Bookings made and canceled that day; of the appointments that started then, those kept
    (checked in or fulfilled), missed (no show), and of which nobody reported."""

    made = whole()
    canceled = whole()
    kept = whole()
    missed = whole()
    unreported = whole()


class NotificationFigures(Schema):
    """How many of one kind, channel and outcome fell due that day."""

    kind = text(enum=list(KINDS))
    channel = text(enum=list(CHANNELS))
    outcome = text(enum=[str(state) for state in NotificationState])
    count = whole()


class ReachFigures(Schema):
    """Of the notifications that fell due that day: all, those with the outcome reached, those of
    which a call was answered by a person, a message was read, either. Messages that came in that
    day, and appointments confirmed by an answer."""

    notifications = whole()
    reached = whole()
    answered = whole()
    read = whole()
    noticed = whole()
    replied = whole()
    confirmed = whole()


class WaitlistFigures(Schema):
    """The offers made that day, and what became of them."""

    offers = whole()
    accepted = whole()
    declined = whole()
    expired = whole()
    revoked = whole()


class RecoveredFigures(Schema):
    """Payments recorded that day of invoices that had been reminded of, in one currency."""

    currency = text(example="EUR")
    payments = whole()
    amount = text(example="120.00")


class SnapshotAnswer(Schema):
    """One day, local to the organization: from `starts_at` to before `ends_at`."""

    day = text(example="2026-12-01", format="date")
    time_zone = text(example="Europe/Berlin")
    starts_at = when()
    ends_at = when()
    bookings = fields.Nested(BookingFigures, required=True)
    notifications = fields.List(fields.Nested(NotificationFigures), required=True)
    reach = fields.Nested(ReachFigures, required=True)
    waitlist = fields.Nested(WaitlistFigures, required=True)
    recovered = fields.List(fields.Nested(RecoveredFigures), required=True)
    cost = fields.Raw(
        required=True,
        allow_none=True,
        metadata={"type": "object", "description": "null: no carrier told it"},
    )


class SnapshotPage(Schema):
    """A page of days, newest first."""

    data = fields.List(fields.Nested(SnapshotAnswer), required=True)
    next_cursor = text("the `cursor` of the next page", null=True)


class RecomputeAnswer(Schema):
    """Which days are counted again."""

    days = fields.List(text(example="2026-12-01", format="date"), required=True)


def snapshot_answer(row: Snapshot) -> dict[str, Any]:
    """A day with its figures."""
    return {
        "day": row.day,
        "time_zone": row.time_zone,
        "starts_at": moment(row.starts_at),
        "ends_at": moment(row.ends_at),
        **{name: row.figures[name] for name in _FIGURES},
    }


_FIGURES = ("bookings", "notifications", "reach", "waitlist", "recovered", "cost")
_FIXED = ("bookings", "reach", "waitlist")


def cells(row: Snapshot) -> dict[str, Any]:
    """A day as one line: `bookings.made`, `notifications.reminder.sms.reached`,
    `recovered.EUR`."""
    shown = snapshot_answer(row)
    line = {name: shown[name] for name in ("day", "time_zone", "starts_at", "ends_at")}
    for group in _FIXED:
        line |= {f"{group}.{name}": count for name, count in row.figures[group].items()}
    for one in row.figures["notifications"]:
        line[".".join(("notifications", one["kind"], one["channel"], one["outcome"]))] = one[
            "count"
        ]
    for one in row.figures["recovered"]:
        line[f"recovered.{one['currency']}"] = one["amount"]
    return line


def columns(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The columns of these lines: those that each has, in their order, then the others by name."""
    first = ["day", "time_zone", "starts_at", "ends_at"]
    for group, schema in zip(_FIXED, (BookingFigures, ReachFigures, WaitlistFigures), strict=True):
        first += [f"{group}.{name}" for name in schema().fields]
    further: Iterable[str] = {name for line in lines for name in line} - set(first)
    return [*first, *sorted(further)]
