"""Bookings that are taken, in every way in which they may be written."""

from typing import Any

import pytest

from tests.http.stage import BOOKINGS, PHONE, Api, booking, fields_at_fault, soon
from tests.http.test_booking_input import NEW_YORK, NEXT, first_sunday

NAMES = ("Zoë 🎉", "e\u0301", "عمر", "דוד", "👩‍👩‍👧", "O'Brien; DROP TABLE", "می‌خواهم", "<b>x</b>")


def test_b022_names_of_any_script_come_back_as_given(api: Api, subtests: pytest.Subtests) -> None:
    for name in NAMES:
        with subtests.test(name):
            made = api.book(contact={"phone": PHONE, "name": f" {name} "})

            assert made["contact"]["name"] == name
            assert api.read(f"{BOOKINGS}/{made['id']}")["contact"]["name"] == name


STARTS_TAKEN: dict[str, tuple[dict[str, Any], str]] = {
    "UTC": ({"starts_at": f"{NEXT}-01-05T10:00:00Z"}, f"{NEXT}-01-05T10:00:00Z"),
    "offset": ({"starts_at": f"{NEXT}-01-05T10:00:00+05:30"}, f"{NEXT}-01-05T04:30:00Z"),
    "local in a zone": (
        {"starts_at": f"{NEXT}-01-05T10:00:00", "time_zone": "Europe/Berlin"},
        f"{NEXT}-01-05T09:00:00Z",
    ),
    "offset that fits its zone": (
        {"starts_at": f"{NEXT}-01-05T10:00:00+01:00", "time_zone": "Europe/Berlin"},
        f"{NEXT}-01-05T09:00:00Z",
    ),
    "the repeated hour with its offset": (
        {"starts_at": f"{first_sunday(11, NEXT)}T01:30:00-05:00", **NEW_YORK},
        f"{first_sunday(11, NEXT)}T06:30:00Z",
    ),
}


def test_a_start_may_be_told_in_several_ways(api: Api, subtests: pytest.Subtests) -> None:
    for name, (changes, instant) in STARTS_TAKEN.items():
        with subtests.test(name):
            made = api.book(**changes)

            assert made["starts_at"] == instant


def test_an_appointment_that_has_just_begun_is_taken(api: Api) -> None:
    begun = soon(minutes=-4)  # read when the test runs, not when it is collected

    assert api.book(starts_at=begun, reminders=[])["starts_at"] == begun


@pytest.mark.row("A7")
def test_a_number_is_kept_in_e164(api: Api) -> None:
    made = api.book(contact={"phone": "+49 (1511) 234-5678"})

    assert made["contact"]["phone"] == PHONE


def test_a_number_of_fiction_is_taken_in_test_mode_only(api: Api) -> None:
    body = booking(contact={"phone": "+447700900000"})

    assert api.post(BOOKINGS, body).status_code == 201
    live = api.with_key(api.account.live_key)
    assert fields_at_fault(live.post(BOOKINGS, body)) == ["contact.phone"]
