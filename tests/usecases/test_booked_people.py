"""A booking, its people and whoever writes to them too: told again, at once, in a circle."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from gateway.models import base
from gateway.models.contact import Contact
from gateway.usecases import bookings
from gateway.usecases.wanted import Booked
from tests.client import ANSWERED
from tests.databases import ON_POSTGRESQL
from tests.together import together
from tests.usecases.desk import Desk
from tests.waiting import until

HOUR = timedelta(hours=1)
WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"
ADA = {"external_id": "c-ada", "name": "Ada", "phone": ANSWERED}
ERASED = dict.fromkeys(("external_id", "name", "phone", "phone_hash", "email", "email_hash"))
EVE = {"external_id": "s-eve", "name": "Eve", "phone": "+12025550101"}


@pytest.mark.parametrize(
    "people",
    [
        {"contact": {"name": "Ada", "phone": ANSWERED}},
        {"contact": {"external_id": "c-ada", "name": "Ada"}},
        {"contact": ADA, "staff": EVE},
        {"contact": ADA, "staff": {"name": "Eve", "phone": "+12025550101"}},
        {"contact": {"name": "Ada", "phone": ANSWERED}, "staff": EVE},
    ],
)
def test_nobody_who_was_erased_is_kept_anew_by_a_booking_that_is_told_again(
    desk: Desk, people: dict[str, dict[str, str]]
) -> None:
    desk.book(desk.now + HOUR, contact=ADA)
    wanted = desk.wanted(desk.now + 9 * HOUR, external_id="bk-1", **people)
    first = bookings.book(desk.caller, wanted, desk.now)
    Contact.update(erased_at=desk.now, **ERASED).execute()
    many = Contact.select().count()
    again = bookings.book(desk.caller, wanted, desk.now)
    assert (again.created, again.booking.id) == (False, first.booking.id)
    assert Contact.select().count() == many
    assert Contact.select().where(Contact.erased_at.is_null()).count() == 0


def test_a_booking_that_is_told_again_changes_nobody(desk: Desk) -> None:
    wanted = desk.wanted(desk.now + 9 * HOUR, external_id="bk-1", contact=ADA, staff=EVE)
    bookings.book(desk.caller, wanted, desk.now)
    since = {"phone": "+12025550102"}
    desk.book(desk.now + 9 * HOUR, external_id="bk-2", contact=ADA | since, staff=EVE | since)
    assert not bookings.book(desk.caller, wanted, desk.now).created
    assert {row.phone for row in Contact.select()} == {"+12025550102"}


@pytest.mark.row("A4")
def test_many_bookings_at_once_with_a_staff_member_nobody_knew_make_one(desk: Desk) -> None:
    def book(number: int) -> str | None:
        who = {"contact": {"external_id": f"c-{number}", "name": "Ada", "phone": ANSWERED}}
        wanted = desk.wanted(desk.now + 9 * HOUR, external_id=f"bk-{number}", staff=EVE, **who)
        return bookings.book(desk.caller, wanted, desk.now).booking.staff_id

    assert len(set(together(8, book))) == 1
    assert Contact.select().where(Contact.role == "staff").count() == 1
    assert Contact.select().where(Contact.role == "contact").count() == 8


@ON_POSTGRESQL
def test_a_booking_and_an_edit_of_the_same_two_people_wait_in_no_circle(
    desk: Desk, database_url: str
) -> None:
    desk.book(desk.now + 9 * HOUR, contact=ADA, staff=EVE)
    other = desk.wanted(desk.now + 9 * HOUR, contact=ADA | {"name": "A"}, staff=EVE | {"name": "E"})

    def book() -> Booked:
        with base.connection():
            return bookings.book(desk.caller, other, desk.now)

    with ThreadPoolExecutor(1) as pool, base.atomic():
        # As an edit does: the contact, then the staff member.
        Contact.update(name="B").where(Contact.role == "contact").execute()
        booked = pool.submit(book)
        with psycopg.connect(database_url, autocommit=True) as look:
            until(lambda: look.execute(WAITING).fetchone(), "the booking waits")
        Contact.update(name="B").where(Contact.role == "staff").execute()
    assert booked.result().created
    assert {row.name for row in Contact.select()} == {"A", "E"}
