"""Booking, moving, canceling: what is planned, what stays, what goes."""

from datetime import datetime, timedelta

import pytest

from gateway.domain.errors import Conflict, Invalid
from gateway.domain.reminders import AT, BEFORE, EVERY, Rule
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.usecases import bookings
from tests.client import ANSWERED
from tests.stack import special
from tests.together import together
from tests.usecases.desk import Desk

HOUR = timedelta(hours=1)
EVERY_TWO_HOURS = Rule(EVERY, minutes=120)
ADA = {"external_id": "c-ada", "name": "Ada", "phone": ANSWERED}


@pytest.mark.row("A2")
def test_booking_again_under_the_same_external_id_makes_nothing_new(desk: Desk) -> None:
    start = desk.now + 9 * HOUR
    first = desk.book(start, EVERY_TWO_HOURS, external_id="bk-1")
    again = desk.book(start, EVERY_TWO_HOURS, external_id="bk-1")
    assert (first.created, again.created) == (True, False)
    assert again.booking.id == first.booking.id
    assert len(desk.plan(first.booking)) == 4
    with pytest.raises(Conflict):
        desk.book(start, EVERY_TWO_HOURS, external_id="bk-1", fingerprint="other")


@pytest.mark.row("A4")
def test_the_same_booking_many_times_at_once_is_one_with_one_plan(desk: Desk) -> None:
    wanted = desk.wanted(desk.now + 9 * HOUR, EVERY_TWO_HOURS, external_id="bk-1")
    made = together(8, lambda _: bookings.book(desk.caller, wanted, desk.now))
    assert sum(booked.created for booked in made) == 1
    assert len({booked.booking.id for booked in made}) == 1
    assert Booking.select().count() == 1
    assert Notification.select().count() == 4


@pytest.mark.row("A4")
def test_many_bookings_at_once_of_somebody_nobody_knew_make_one_contact(desk: Desk) -> None:
    def book(number: int) -> str:
        wanted = desk.wanted(desk.now + 9 * HOUR, external_id=f"bk-{number}", contact=ADA)
        return bookings.book(desk.caller, wanted, desk.now).booking.contact_id

    assert len(set(together(8, book))) == 1
    assert Contact.select().count() == 1
    assert Booking.select().count() == 8


def test_a_booking_that_is_refused_or_was_made_before_leaves_nobody(desk: Desk) -> None:
    with pytest.raises(Invalid, match="5 minutes"):
        desk.book(desk.now - HOUR, contact=ADA)
    assert Contact.select().count() == 0
    first = desk.book(desk.now + 9 * HOUR, contact=ADA, external_id="bk-1")
    Contact.update(external_id=None).execute()  # as if they had been erased since
    again = desk.book(desk.now + 9 * HOUR, contact=ADA, external_id="bk-1")
    assert again.booking.id == first.booking.id
    assert Contact.select().count() == 1


def test_what_was_booked_is_told_again_when_its_start_has_passed(desk: Desk) -> None:
    wanted = desk.wanted(desk.now + HOUR, external_id="bk-1", contact=ADA)
    first = bookings.book(desk.caller, wanted, desk.now)
    again = bookings.book(desk.caller, wanted, desk.now + 9 * HOUR)
    assert (again.created, again.booking.id) == (False, first.booking.id)


@pytest.mark.row("A2")
@pytest.mark.row("A3")
def test_what_was_sent_stays_and_what_waits_comes_along_when_only_the_start_moves(
    desk: Desk,
) -> None:
    booked = desk.book(desk.now + 9 * HOUR, EVERY_TWO_HOURS).booking
    at_three = desk.now + 3 * HOUR
    assert desk.work(at_three) == 1
    before = [(row.id, row.due_at, row.number) for row in desk.plan(booked)]
    edited = desk.edit(booked, at_three, starts_at=desk.now + 11 * HOUR).booking
    plan = desk.plan(edited)
    assert [(row.id, row.due_at, row.number) for row in plan][:4] == before
    assert [row.due_at for row in plan][4:] == [desk.now + 10 * HOUR]
    # The first is at the carrier and may be tried again: it comes along, and is not made anew.
    assert [row.schedule_version for row in plan] == [2, 2, 2, 2, 2]
    assert {row.expires_at for row in plan[1:]} == {desk.now + 11 * HOUR}
    for passed in (4, 6, 8, 10, 11):
        desk.work(desk.now + passed * HOUR)
    assert len(desk.stack.sandbox.placed()) == 5
    assert len({row.id for row in desk.plan(edited) if desk.attempts(row.id)}) == 5


@pytest.mark.row("A2")
def test_an_edit_that_leaves_every_moment_never_resends_and_never_replans(desk: Desk) -> None:
    rules = [EVERY_TWO_HOURS, Rule(BEFORE, minutes=60), Rule(AT, at=desk.now + HOUR)]
    booked = desk.book(desk.now + 6 * HOUR, *rules).booking
    desk.work(desk.now + 3 * HOUR)
    before = [(row.id, row.schedule_version) for row in desk.plan(booked)]
    later = desk.now + 3 * HOUR
    desk.edit(booked, later, metadata={"room": 5}, service={"name": "Cut"})
    desk.edit(booked, later, starts_at=booked.starts_at, reminders=rules)
    desk.edit(booked, later, state="confirmed")
    assert [(row.id, row.schedule_version) for row in desk.plan(booked)] == before
    kept = bookings.show(desk.caller, booked.id)
    assert (kept.version, kept.schedule_version) == (4, 1)
    assert desk.work(later) == 0


@pytest.mark.row("A2")
def test_other_words_for_the_same_rule_reach_what_waits_without_resending(desk: Desk) -> None:
    first = [Rule(BEFORE, minutes=120, say="Old"), Rule(BEFORE, minutes=60, say="Old")]
    booked = desk.book(desk.now + 3 * HOUR, *first).booking
    assert desk.work(desk.now + HOUR) == 1
    second = [Rule(BEFORE, minutes=120, say="New"), Rule(BEFORE, minutes=60, say="New")]
    desk.edit(booked, desk.now + HOUR, reminders=second)
    assert desk.work(desk.now + 2 * HOUR) == 1
    assert ["Old" in line["text"] for line in desk.stack.sandbox.placed()] == [True, False]
    assert len(desk.plan(booked)) == 2


@pytest.mark.row("A3")
def test_moving_a_booking_cancels_the_old_moments_and_plans_the_others(desk: Desk) -> None:
    booked = desk.book(desk.now + 3 * HOUR).booking
    moved = desk.edit(booked, desk.now, starts_at=desk.now + 5 * HOUR).booking
    assert desk.states(moved) == ["canceled", "scheduled"]
    assert [row.reason for row in desk.plan(moved)] == ["superseded", None]
    assert desk.work(desk.now + 2 * HOUR) == 0
    back = desk.edit(moved, desk.now, starts_at=desk.now + 3 * HOUR).booking
    assert desk.states(back) == ["canceled", "scheduled", "canceled"]
    assert desk.work(desk.now + 2 * HOUR) == 1
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("C1")
def test_moving_a_booking_so_that_a_reminder_lies_in_the_past_shows_it_and_sends_nothing(
    desk: Desk,
) -> None:
    booked = desk.book(desk.now + 5 * HOUR).booking
    moved = desk.edit(booked, desk.now, starts_at=desk.now + HOUR / 2).booking
    assert [(row.state, row.reason) for row in desk.plan(moved)] == [
        ("suppressed", "past"),
        ("canceled", "superseded"),
    ]
    assert desk.work(desk.now + 6 * HOUR) == 0


@pytest.mark.row("A2")
def test_a_reminder_that_is_due_at_once_is_handed_out_with_the_booking(desk: Desk) -> None:
    booked = desk.book(desk.now + HOUR, Rule(BEFORE, minutes=60))
    ((notification_id, claim, _),) = booked.ring
    assert claim == 1
    assert desk.claim(desk.now) == []
    assert desk.deliver(notification_id, claim, desk.now) is None
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("A3")
def test_canceling_a_booking_leaves_what_was_sent_and_lets_nothing_more_go(desk: Desk) -> None:
    booked = desk.book(desk.now + 5 * HOUR, EVERY_TWO_HOURS, Rule(BEFORE, minutes=30)).booking
    desk.work(desk.now + 2 * HOUR)
    canceled = bookings.cancel(desk.caller, booked.id, desk.now + 2 * HOUR)
    assert desk.states(booked) == ["sending", "canceled", "canceled"]
    assert (canceled.settled, len(canceled.calls)) == (False, 1)
    assert desk.work(desk.now + 6 * HOUR) == 0
    again = bookings.cancel(desk.caller, booked.id, desk.now + 3 * HOUR)
    assert again.booking.version == canceled.booking.version
    with pytest.raises(Conflict):
        desk.edit(booked, desk.now, starts_at=desk.now + 9 * HOUR)


@pytest.mark.row("E4")
def test_a_reminder_claimed_before_the_cancel_does_not_leave_after_it(desk: Desk) -> None:
    booked = desk.book(desk.now + 2 * HOUR).booking
    ((notification_id, claim),) = desk.claim(desk.now + HOUR)
    assert bookings.cancel(desk.caller, booked.id, desk.now + HOUR).settled
    desk.deliver(notification_id, claim, desk.now + HOUR)
    assert desk.stack.sandbox.placed() == []
    assert desk.states(booked) == ["canceled"]


@pytest.mark.row("E4")
def test_a_reminder_claimed_before_the_booking_moved_does_not_leave(desk: Desk) -> None:
    booked = desk.book(desk.now + 2 * HOUR).booking
    ((notification_id, claim),) = desk.claim(desk.now + HOUR)
    desk.edit(booked, desk.now + HOUR, starts_at=desk.now + 9 * HOUR)
    desk.deliver(notification_id, claim, desk.now + HOUR)
    assert desk.stack.sandbox.placed() == []
    assert desk.states(booked) == ["canceled", "scheduled"]


@pytest.mark.row("A3")
def test_a_claimed_reminder_that_an_edit_leaves_alone_still_leaves_once(desk: Desk) -> None:
    booked = desk.book(desk.now + 4 * HOUR, EVERY_TWO_HOURS).booking
    ((notification_id, claim),) = desk.claim(desk.now + 2 * HOUR)
    desk.edit(booked, desk.now + 2 * HOUR, starts_at=desk.now + 5 * HOUR)
    assert desk.deliver(notification_id, claim, desk.now + 2 * HOUR) is None
    assert len(desk.stack.sandbox.placed()) == 1


def test_two_edits_over_one_version_are_one_edit_and_one_conflict(desk: Desk) -> None:
    booked = desk.book(desk.now + 5 * HOUR).booking

    def edit(number: int) -> str:
        starts = desk.now + (6 + number) * HOUR
        try:
            bookings.edit(desk.caller, booked.id, {"starts_at": starts}, 1, desk.now)
        except Conflict:
            return "conflict"
        return "done"

    assert sorted(together(2, edit)) == ["conflict", "done"]
    assert sorted(desk.states(booked)) == ["canceled", "scheduled"]


def test_another_number_for_the_contact_reaches_what_waits(desk: Desk) -> None:
    booked = desk.book(desk.now + 2 * HOUR).booking
    desk.edit(booked, desk.now, contact={"name": "Ada", "phone": special("0141")})
    desk.work(desk.now + HOUR)
    assert [line["to"] for line in desk.stack.sandbox.placed()] == [special("0141")]


@pytest.mark.row("E1")
def test_a_rule_for_staff_calls_staff(desk: Desk) -> None:
    staff = {"external_id": "m-3", "name": "Eve", "phone": special("0142")}
    rules = [Rule(BEFORE, minutes=60), Rule(BEFORE, minutes=30, to="staff")]
    desk.book(desk.now + 2 * HOUR, *rules, staff=staff)
    desk.work(desk.now + 1.5 * HOUR)
    assert [line["to"] for line in desk.stack.sandbox.placed()] == [ANSWERED, special("0142")]
    unassigned = desk.book(desk.now + 2 * HOUR, rules[1]).booking
    assert desk.plan(unassigned) == []
    desk.edit(unassigned, desk.now, staff=staff)
    assert desk.states(unassigned) == ["scheduled"]


@pytest.mark.parametrize("ahead", [timedelta(minutes=-6), timedelta(days=732)])
def test_a_start_out_of_bounds_is_refused_and_nothing_is_kept(desk: Desk, ahead: timedelta) -> None:
    with pytest.raises(Invalid):
        desk.book(_at(desk, ahead))
    assert Booking.select().count() == 0


def _at(desk: Desk, ahead: timedelta) -> datetime:
    return desk.now + ahead
