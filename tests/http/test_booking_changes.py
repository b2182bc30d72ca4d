"""Changing bookings: each field alone, parts of people, versions, and what can't be."""

import threading
from typing import Any

import pytest

from tests.http.stage import BOOKINGS, OTHER_PHONE, PHONE, Api, fields_at_fault, soon


def test_a_stale_version_is_a_409_and_changes_nothing(api: Api) -> None:
    made = api.book()
    path = f"{BOOKINGS}/{made['id']}"
    api.patch(path, {"duration_minutes": 30})

    stale = api.patch(path, {"version": 1, "duration_minutes": 60})

    assert stale.status_code == 409
    shown = api.read(path)
    assert (shown["version"], shown["duration_minutes"]) == (2, 30)


def test_parts_of_a_contact_are_changed_and_the_rest_stays(api: Api) -> None:
    made = api.book(contact={"phone": PHONE, "name": "Ada", "locale": "de"})
    path = f"{BOOKINGS}/{made['id']}"
    answer = api.patch(path, {"contact": {"phone": OTHER_PHONE}})

    assert answer.json is not None
    contact = answer.json["contact"]
    assert (contact["phone"], contact["name"], contact["locale"]) == (OTHER_PHONE, "Ada", "de")


def test_edits_at_once_are_each_made_whole_or_refused(api: Api) -> None:
    path = f"{BOOKINGS}/{api.book(metadata={})['id']}"
    names = ["name", "locale", "email", "time_zone"] * 2
    values = {"name": "Bob", "locale": "fr", "email": "b@example.com", "time_zone": "Asia/Tokyo"}
    statuses: list[int] = []
    start = threading.Barrier(len(names))

    def change(name: str) -> None:
        start.wait()
        statuses.append(api.patch(path, {"contact": {name: values[name]}}).status_code)

    threads = [threading.Thread(target=change, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(statuses) <= {200, 409}
    assert api.read(path)["version"] == 1 + statuses.count(200)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "duration_minutes": ({"duration_minutes": 90}, "duration_minutes"),
    "state": ({"state": "confirmed"}, "state"),
    "metadata": ({"metadata": {"a": 1}}, "metadata"),
    "service": ({"service": {"id": None, "name": "Massage", "price": None}}, "service"),
    "time_zone": ({"time_zone": "America/New_York"}, "time_zone"),
    "policy": ({"policy": {"strict": True, "caps": {"day": 1}}}, "policy"),
}


def test_each_field_can_be_changed_alone(api: Api, subtests: pytest.Subtests) -> None:
    made = api.book()
    for name, (change, field) in CHANGES.items():
        with subtests.test(name):
            answer = api.patch(f"{BOOKINGS}/{made['id']}", change)

            assert answer.status_code == 200
            assert answer.json is not None
            changed = {key for key in made if answer.json[key] != made[key]}
            told = {"confirmed"} if field == "state" else set()
            assert changed == {field, "version", "updated_at", *told}
            assert answer.json[field] == change[field]
            made = answer.json


def test_a_local_start_is_read_in_the_zone_of_the_booking(api: Api) -> None:
    made = api.book(time_zone="America/New_York")
    day = soon(days=4)[:10]
    answer = api.patch(f"{BOOKINGS}/{made['id']}", {"starts_at": f"{day}T12:00:00"})

    assert answer.json is not None
    assert answer.json["starts_at"] in (f"{day}T16:00:00Z", f"{day}T17:00:00Z")


BAD_CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "body"),
    "only a version": ({"version": 1}, "body"),
    "version is true": ({"version": True, "state": "confirmed"}, "version"),
    "version is text": ({"version": "1", "state": "confirmed"}, "version"),
    "external_id stays": ({"external_id": "x"}, "external_id"),
    "unknown state": ({"state": "perhaps"}, "state"),
    "start in the past": ({"starts_at": soon(days=-1)}, "starts_at"),
    "no start": ({"starts_at": None}, "starts_at"),
    "no phone": ({"contact": {"phone": None}}, "contact.phone"),
    "no contact": ({"contact": None}, "contact"),
    "unknown field": ({"shoe_size": 44}, "shoe_size"),
    "rules": ({"reminders": [{"kind": "before"}]}, "reminders.0.minutes"),
    "rules for staff without a phone": (
        {"reminders": [{"kind": "before", "minutes": 5, "to": "staff"}]}, "staff.phone",
    ),
    "zone": ({"time_zone": "EST"}, "time_zone"),
}  # fmt: skip


def test_a_change_that_can_not_be_is_a_422_and_changes_nothing(
    api: Api, subtests: pytest.Subtests
) -> None:
    made = api.book()
    path = f"{BOOKINGS}/{made['id']}"
    for name, (change, at_fault) in BAD_CHANGES.items():
        with subtests.test(name):
            answer = api.patch(path, change)

            assert answer.status_code == 422, answer.text
            assert set(fields_at_fault(answer)) == {at_fault}
    assert api.read(path)["version"] == 1
