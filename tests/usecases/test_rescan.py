"""The safety net: reminders that should be planned and are not, and what is stuck."""

from datetime import timedelta

import pytest

from gateway.domain.reminders import BEFORE, NUDGE, Rule
from gateway.models.hold import reminders_scope
from gateway.models.notification import Notification
from gateway.usecases import bookings, operators, rescan, switches
from gateway.usecases.operators import Operator
from tests.failures import failed
from tests.together import together
from tests.usecases.desk import Desk

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STAFF = {"name": "Eve", "phone": "+12025550141"}
RULES = (Rule(BEFORE, minutes=1440), Rule(BEFORE, minutes=180), Rule(NUDGE))


def mine(desk: Desk) -> Operator:
    return operators.key_holder(desk.caller, "a request")


def shape(desk: Desk, booking_id: str) -> list[tuple[object, ...]]:
    """What is planned for a booking, and where it stands."""
    rows = [row for row, _ in bookings.reminders(desk.caller, booking_id)]
    return [(row.rule, row.number, row.due_at, str(row.state)) for row in rows]


@pytest.mark.row("E7")
@pytest.mark.row("C1")
@pytest.mark.row("E1")
def test_reminders_that_are_missing_are_planned_once_and_nothing_else_is(desk: Desk) -> None:
    booking = desk.book(desk.now + 2 * DAY, *RULES, staff=STAFF).booking
    near = desk.book(desk.now + 2 * HOUR, *RULES, staff=STAFF).booking
    before = [shape(desk, one.id) for one in (booking, near)]
    gone = Notification.delete().where(
        Notification.booking == booking.id, Notification.rule.contains("1440")
    )
    gone.execute()
    Notification.delete().where(Notification.purpose == "nudge").execute()
    told = rescan.rescan(mine(desk), desk.now, dry_run=True)
    assert (told.bookings, told.missing, told.ring) == (2, 3, [])
    done = rescan.rescan(mine(desk), desk.now, dry_run=False)
    assert (done.bookings, done.missing, done.next) == (2, 3, None)
    assert [shape(desk, one.id) for one in (booking, near)] == before
    assert rescan.rescan(mine(desk), desk.now, dry_run=False).missing == 0


@pytest.mark.row("E7")
def test_what_was_canceled_or_sent_is_not_planned_again(desk: Desk) -> None:
    booking = desk.book(desk.now + 2 * DAY, *RULES, staff=STAFF).booking
    desk.edit(booking, desk.now, starts_at=desk.now + 3 * DAY)
    canceled = desk.book(desk.now + 2 * DAY, *RULES, staff=STAFF).booking
    bookings.cancel(desk.caller, canceled.id, desk.now)
    sent = desk.book(desk.now + HOUR, Rule(BEFORE, minutes=60)).booking
    desk.work(desk.now)
    before = [shape(desk, one.id) for one in (booking, canceled, sent)]
    assert rescan.rescan(mine(desk), desk.now, dry_run=False).missing == 0
    assert [shape(desk, one.id) for one in (booking, canceled, sent)] == before


@pytest.mark.row("E7")
def test_scans_at_the_same_time_plan_each_reminder_once(desk: Desk) -> None:
    booking = desk.book(desk.now + 2 * DAY, *RULES, staff=STAFF).booking
    before = shape(desk, booking.id)
    Notification.delete().execute()
    scan = lambda _: rescan.rescan(mine(desk), desk.now, dry_run=False).missing  # noqa: E731
    assert sum(together(4, scan)) == 3
    assert shape(desk, booking.id) == before


def test_a_scan_goes_on_where_the_one_before_ended(desk: Desk) -> None:
    for hour in range(3):
        desk.book(desk.now + 2 * DAY + hour * HOUR, Rule(BEFORE, minutes=60))
    Notification.delete().execute()
    first = rescan.rescan(mine(desk), desk.now, dry_run=False, most=2)
    assert (first.missing, first.next) == (2, desk.now + 2 * DAY + HOUR)
    rest = rescan.rescan(mine(desk), desk.now, dry_run=False, since=first.next)
    assert (rest.missing, rest.next) == (1, None)
    near = rescan.rescan(mine(desk), desk.now, dry_run=True, ahead=HOUR)
    assert near.bookings == 0


@pytest.mark.row("E7")
def test_a_reset_puts_back_what_is_stuck_and_nothing_that_has_expired(desk: Desk) -> None:
    own = desk.caller.organization_id
    stalled = desk.book(desk.now + HOUR, Rule(BEFORE, minutes=60)).ring[0][0]
    Notification.update(lease_until=desk.now - MINUTE).where(Notification.id == stalled).execute()
    switches.reminders(mine(desk), desk.now, on=False)
    held = desk.book(desk.now + HOUR, Rule(BEFORE, minutes=60)).ring[0]
    desk.deliver(*held[:2], desk.now)
    assert desk.row(held[0]).held_by == reminders_scope(own)
    broken = failed(own, purpose="reminder")
    late = failed(own, purpose="reminder", expires_at=desk.now)
    unsure = failed(own, purpose="reminder", state="unknown")
    asked = failed(own, purpose="request")
    assert vars(rescan.reset(mine(desk), desk.now, dry_run=True)) == {
        "stalled": 1, "waiting": 0, "failed": 1
    }  # fmt: skip
    switches.reminders(mine(desk), desk.now, on=True)
    assert vars(rescan.reset(mine(desk), desk.now, dry_run=False)) == {
        "stalled": 1, "waiting": 1, "failed": 1
    }  # fmt: skip
    for id_ in (stalled, held[0], broken.id):
        assert (desk.row(id_).state, desk.row(id_).held_by) == ("scheduled", None)
    for row in (late, unsure, asked):
        assert desk.row(row.id).state == row.state
    assert desk.work(desk.now + 2 * MINUTE) == 3
