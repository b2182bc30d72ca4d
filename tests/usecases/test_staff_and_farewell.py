"""What is told of an end, to staff, and of an appointment that did not begin."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.channel_plan import Step
from gateway.domain.reminders import NUDGE, Rule
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from gateway.usecases import bookings, overdue
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.reports import MAIL, Reports

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FAREWELL = {"cancellation": {"channels": ["email", "sms"]}}
STAFF = {"external_id": "m-3", "name": "Eve", "phone": special("0142")}
Reporting = Callable[..., Reports]


def told(reports: Reports) -> list[tuple[str, str]]:
    """Channel and number of everything that left."""
    return [(one["channel"], one["to"]) for one in reports.desk.stack.sandbox.placed()]


@pytest.mark.row("A8")
@pytest.mark.parametrize("how", ["by the organization", "by a digit"])
def test_a_cancellation_is_confirmed_once_whoever_cancels(reporting: Reporting, how: str) -> None:
    reports = reporting(EMAIL_PROVIDER="smtp")
    row = reports.due([Step("sms")], policy=FAREWELL)
    reports.work()
    assert reports.desk.row(row.id).state == "sending"
    if how == "by a digit":
        reports.writes("3")
        reports.writes("3")
    else:
        for _ in range(2):
            bookings.cancel(reports.desk.caller, reports.booking.id, reports.at)
    assert Booking.get_by_id(reports.booking.id).state == "canceled"
    reports.work(1)
    reports.work(60)
    assert told(reports)[1:] == [("email", MAIL)]
    (end,) = Notification.of_subject("cancellation", reports.booking.id)
    assert (end.state, end.kind, end.purpose) == ("reached", "cancellation", "request")


@pytest.mark.row("A8")
def test_a_cancellation_goes_by_the_next_channel_where_the_first_can_not_be_used(
    reporting: Reporting,
) -> None:
    reports = reporting()
    person = {"name": "Ada", "phone": special("0141")}
    starts: datetime = reports.at + 5 * HOUR
    booking = reports.desk.book(starts, policy=FAREWELL, contact=person).booking
    bookings.cancel(reports.desk.caller, booking.id, reports.at)
    while reports.work(1):
        pass
    assert told(reports) == [("sms", special("0141"))]


@pytest.mark.row("E1")
def test_a_nudge_goes_to_whoever_is_assigned_and_once(reporting: Reporting) -> None:
    reports = reporting()
    desk, starts = reports.desk, reports.at + 2 * HOUR
    nudge = Rule(NUDGE, minutes=30, channel="sms")
    booking = desk.book(starts, nudge, staff=STAFF).booking
    other = {"external_id": "m-4", "name": "Bob", "phone": special("0143")}
    desk.edit(booking, reports.at, staff=other)
    assert desk.work(starts - 31 * MINUTE) == 0
    assert desk.work(starts - 30 * MINUTE) == 1
    desk.work(starts - 29 * MINUTE)
    assert told(reports) == [("sms", special("0143"))]


@pytest.mark.row("E2")
@pytest.mark.parametrize("change", [None, "checked_in", "canceled", "moved"])
def test_an_appointment_that_did_not_begin_is_marked_once_by_the_clock(
    reporting: Reporting, change: str | None
) -> None:
    reports = reporting()
    desk, starts = reports.desk, reports.at + HOUR
    booking = desk.book(starts, staff=STAFF, policy={"overdue_minutes": 10}).booking
    late = starts + 10 * MINUTE
    assert _overdue(desk, late - MINUTE / 60) == []
    changes: dict[str, Any] = {"state": change}
    if change == "moved":
        changes = {"starts_at": starts + HOUR, "starts_at_text": "later"}
    if change is not None:
        desk.edit(booking, starts, **changes)
    marked = [booking.id] if change is None else []
    assert _overdue(desk, late) == marked
    assert _overdue(desk, late + MINUTE) == []
    said = FeedEntry.select().where(FeedEntry.type == "booking.overdue")
    assert [entry.object_id for entry in said] == marked
    assert Booking.get_by_id(booking.id).overdue is (change is None)


@pytest.mark.row("E2")
def test_one_that_was_moved_after_the_clock_found_it_is_not_overdue(reporting: Reporting) -> None:
    reports = reporting()
    desk, starts = reports.desk, reports.at + HOUR
    booking = desk.book(starts, staff=STAFF).booking
    late = starts + 30 * MINUTE
    assert Booking.claim_overdue(late, 100, MINUTE) == [booking.id]
    desk.edit(booking, late, starts_at=starts + HOUR, starts_at_text="later")
    overdue.mark(booking.id, late)
    assert Booking.get_by_id(booking.id).overdue is False
    assert _overdue(desk, late + HOUR - MINUTE) == []
    assert _overdue(desk, late + HOUR) == [booking.id]
    assert Booking.get_by_id(booking.id).overdue is True


def _overdue(desk: Desk, now: datetime) -> list[str]:
    """What the clock finds and a worker marks."""
    found = Booking.claim_overdue(now, 100, MINUTE)
    for booking_id in found:
        overdue.mark(booking_id, now)
    return found
