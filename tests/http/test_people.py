"""Whose details are whose: the people of bookings are never mixed up."""

import pytest

from tests.http.stage import BOOKINGS, OTHER_PHONE, PHONE, Api, fields_at_fault, soon

ADA = {"external_id": "c-ada", "name": "Ada", "phone": PHONE, "email": "ada@example.com"}
BOB = {"external_id": "c-bob", "name": "Bob", "phone": OTHER_PHONE}


def test_naming_another_person_takes_that_person_as_known(api: Api) -> None:
    adas, bobs = api.book(contact=ADA), api.book(contact=BOB)
    path = f"{BOOKINGS}/{adas['id']}"

    answer = api.patch(path, {"contact": {"external_id": "c-bob"}})

    assert answer.status_code == 200
    contact = api.read(path)["contact"]
    assert (contact["name"], contact["phone"], contact["email"]) == ("Bob", OTHER_PHONE, None)
    assert api.read(f"{BOOKINGS}/{bobs['id']}")["contact"]["name"] == "Bob"


def test_naming_somebody_unknown_needs_a_number(api: Api) -> None:
    path = f"{BOOKINGS}/{api.book(contact=ADA)['id']}"

    refused = api.patch(path, {"contact": {"external_id": "c-eve"}})

    assert refused.status_code == 422
    assert fields_at_fault(refused) == ["contact.phone"]
    assert api.read(path)["contact"]["name"] == "Ada"


def test_a_number_alone_is_not_taken_for_somebody_who_has_it_too(api: Api) -> None:
    api.book(contact={"phone": PHONE, "name": "Ada", "email": "ada@example.com"})

    made = api.book(contact={"phone": PHONE})

    assert (made["contact"]["name"], made["contact"]["email"]) == (None, None)


def test_null_blanks_a_detail_and_silence_keeps_it(api: Api) -> None:
    path = f"{BOOKINGS}/{api.book(contact=ADA)['id']}"

    api.patch(path, {"contact": {"email": None}})

    contact = api.read(path)["contact"]
    assert (contact["name"], contact["email"]) == ("Ada", None)


@pytest.mark.parametrize("state", ["checked_in", "fulfilled", "no_show"])
def test_nobody_is_reminded_of_an_appointment_that_is_over(api: Api, state: str) -> None:
    made = api.book(starts_at=soon(days=2), reminders=[{"kind": "before", "minutes": 60}])
    path = f"{BOOKINGS}/{made['id']}"

    api.patch(path, {"state": state})

    (reminder,) = api.read(f"{path}/reminders")["data"]
    assert (reminder["state"], reminder["reason"]) == ("canceled", "over")
