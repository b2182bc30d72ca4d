"""A crowd that books, moves, cancels, waits, changes and erases one and the same person at once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from gateway.domain.errors import Conflict, NotFound
from gateway.models import base
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.usecases import bookings, contacts, erasure, waitlist
from gateway.usecases.waitlist import Wish
from tests import traces
from tests.conftest import StartStack
from tests.usecases.desk import Desk
from tests.usecases.test_lock_order import connected

PERSON = {"external_id": "c-1", "phone": "+12025550108", "email": "zyx@example.com"}
NAME, CUT = "Zyxwv", {"id": "cut", "name": "Haircut"}


class Crowd:
    """What each of them does, all about one person; the nth of anything by number."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.later, self.made = desk, desk.now + timedelta(hours=5), list[str]()
        self.acts: list[Callable[[int], object]] = [
            self.book, self.book, self.cancel, self.move, self.wait, self.change, self.erase,
            self.erase,
        ]  # fmt: skip

    def one(self, number: int) -> str | None:
        """One of the crowd; what went wrong, unless it met an erased person or a canceled booking,
        or others were faster."""
        act = random.Random(number).choice(self.acts)
        try:
            connected(partial(act, number))
        except (Conflict, NotFound):
            return None
        except Exception as fault:
            return f"{act.__name__}: {fault!r} {fault.__cause__!r}"
        return None

    def _person(self, number: int) -> dict[str, Any]:
        return {**PERSON, "name": NAME, "locale": ("de", "en")[number % 2]}

    def _any(self, number: int) -> str:
        if not self.made:
            raise NotFound
        return self.made[number % len(self.made)]

    def _known(self) -> str:
        row = Contact.get_or_none(Contact.external_id == PERSON["external_id"])
        if row is None:
            raise NotFound
        return str(row.id)

    def book(self, number: int) -> None:
        at = self.later + timedelta(minutes=number)
        booked = self.desk.book(at, contact=self._person(number), service=CUT)
        self.made.append(booked.booking.id)

    def cancel(self, number: int) -> None:
        bookings.cancel(self.desk.caller, self._any(number), self.desk.now)

    def move(self, number: int) -> None:
        change = {"starts_at": self.later + timedelta(minutes=number)}
        bookings.edit(self.desk.caller, self._any(number), change, None, self.desk.now)

    def wait(self, number: int) -> None:
        until = self.later + timedelta(days=3)
        wish = Wish(contact=self._person(number), service=CUT, since=self.later, until=until)
        waitlist.join(self.desk.caller, wish, self.desk.now)

    def change(self, number: int) -> None:
        change = {"name": f"{NAME} {number}"}
        contacts.change(self.desk.caller, self._known(), change, self.desk.now)

    def erase(self, number: int) -> None:
        erasure.erase(self.desk.caller, self._known(), self.desk.now)


@pytest.mark.row("B5")
def test_a_crowd_about_one_person_ends_with_nothing_of_them_and_waits_in_no_circle(
    start_stack: StartStack,
) -> None:
    crowd = Crowd(Desk(start_stack(parts=(), DATABASE_CONNECTIONS="12")))
    with ThreadPoolExecutor(8) as pool:
        assert [fault for fault in pool.map(crowd.one, range(120)) if fault] == []
    with base.connection():
        crowd.book(120)
        crowd.erase(120)
        kept = traces.found(traces.kept_in_database(), {NAME, "2025550108", PERSON["email"]})
        waiting = Notification.select().where(Notification.state.in_(["scheduled", "due"]))
        assert (kept, waiting.count()) == ({}, 0)
