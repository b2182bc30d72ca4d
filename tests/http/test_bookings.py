"""Bookings over HTTP: made, read, moved and canceled."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.lifecycle import NotificationState as N
from gateway.models import base
from gateway.models.notification import Notification
from tests.http.stage import BOOKINGS, OTHER_PHONE, PHONE, Api, booking, fields_at_fault, soon

RULES = [
    {"kind": "before", "minutes": 120, "channel": "voice"},
    {"kind": "before", "minutes": 1440, "channel": "voice", "say": "Tomorrow!"},
]


def states(shown: dict[str, Any]) -> list[str]:
    return [reminder["state"] for reminder in shown["reminders"]]


def leave_for_the_provider(notification_id: str) -> None:
    """Put a notification where a worker does: past the start gate."""
    with base.connection():
        Notification.update(state=N.SENDING, next_attempt_at=None).where(
            Notification.id == notification_id
        ).execute()


@pytest.mark.row("F2")
@pytest.mark.row("A3")
def test_a_booking_comes_back_with_its_plan(api: Api) -> None:
    start = soon()
    made = api.book(
        external_id="bk-1001", starts_at=start, time_zone="Europe/Berlin", duration_minutes=45,
        contact={"external_id": "c-77", "name": "Ada", "phone": PHONE, "email": "ada@example.com",
                 "locale": "de", "time_zone": "Europe/Berlin"},
        service={"id": "cut", "name": "Haircut", "price": "45.00 EUR"},
        staff={"id": "m-3", "name": "Eve", "phone": OTHER_PHONE},
        reminders=RULES, metadata={"anything": ["of", {"yours": None}]},
    )  # fmt: skip

    assert (made["version"], made["state"], made["overdue"]) == (1, "booked", False)
    assert (made["external_id"], made["starts_at"]) == ("bk-1001", start)
    assert made["contact"]["email"] == "ada@example.com"
    assert made["staff"] == {
        "id": "m-3", "name": "Eve", "phone": OTHER_PHONE, "email": None, "time_zone": None,
    }  # fmt: skip
    assert made["service"]["price"] == "45.00 EUR"
    assert made["metadata"] == {"anything": ["of", {"yours": None}]}
    starts = datetime.fromisoformat(start)
    assert [datetime.fromisoformat(one["due_at"]) for one in made["reminders"]] == [
        starts - timedelta(days=1), starts - timedelta(hours=2),
    ]  # fmt: skip
    assert states(made) == ["scheduled", "scheduled"]
    shown = api.read(f"{BOOKINGS}/{made['id']}")
    assert [one.pop("attempts") for one in shown["reminders"]] == [[], []]
    assert shown == made
    assert api.read(BOOKINGS)["data"] == [
        {name: value for name, value in made.items() if name != "reminders"}
    ]
    listed = api.read(f"{BOOKINGS}/{made['id']}/reminders")["data"]
    assert [one["id"] for one in listed] == [one["id"] for one in made["reminders"]]


def test_the_least_booking_is_a_start_and_a_phone(api: Api) -> None:
    answer = api.post(BOOKINGS, {"starts_at": soon(), "contact": {"phone": PHONE}})

    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["time_zone"], answer.json["reminders"]) == ("Europe/Berlin", [])


@pytest.mark.row("A4")
def test_the_same_external_id_is_one_booking(api: Api) -> None:
    body = booking(external_id="bk-1")
    first = api.post(BOOKINGS, body)
    again = api.post(BOOKINGS, dict(reversed(body.items())))
    other = api.post(BOOKINGS, {**body, "duration_minutes": 30})

    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json == again.json
    assert api.booked() == 1


def test_b053_the_same_external_id_in_the_other_mode_is_another_booking(api: Api) -> None:
    live = api.with_key(api.account.live_key)

    assert api.book(external_id="bk-1")["id"] != live.book(external_id="bk-1")["id"]


@pytest.mark.row("A3")
def test_moving_a_booking_reschedules_what_is_pending(api: Api) -> None:
    made = api.book(reminders=RULES)
    start = soon(days=9)
    answer = api.patch(f"{BOOKINGS}/{made['id']}", {"starts_at": start, "version": 1})

    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["version"], answer.json["starts_at"]) == (2, start)
    assert sorted(states(answer.json)) == ["canceled", "canceled", "scheduled", "scheduled"]
    pending = [one for one in answer.json["reminders"] if one["state"] == "scheduled"]
    assert {datetime.fromisoformat(one["due_at"]) for one in pending} == {
        datetime.fromisoformat(start) - timedelta(minutes=rule["minutes"])  # type: ignore[operator]
        for rule in RULES
    }


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


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "duration_minutes": ({"duration_minutes": 90}, "duration_minutes"),
    "state": ({"state": "confirmed"}, "state"),
    "metadata": ({"metadata": {"a": 1}}, "metadata"),
    "service": ({"service": {"id": None, "name": "Massage", "price": None}}, "service"),
    "time_zone": ({"time_zone": "America/New_York"}, "time_zone"),
}


def test_each_field_can_be_changed_alone(api: Api, subtests: pytest.Subtests) -> None:
    made = api.book()
    for name, (change, field) in CHANGES.items():
        with subtests.test(name):
            answer = api.patch(f"{BOOKINGS}/{made['id']}", change)

            assert answer.status_code == 200
            assert answer.json is not None
            changed = {key for key in made if answer.json[key] != made[key]}
            assert changed == {field, "version", "updated_at"}
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


@pytest.mark.row("A3")
def test_b054_canceling_stops_what_is_pending_and_is_the_same_again(api: Api) -> None:
    made = api.book(reminders=RULES)
    path = f"{BOOKINGS}/{made['id']}"
    first, again = api.delete(path), api.delete(path)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json == again.json
    assert first.json is not None
    assert first.json["state"] == "canceled"
    assert states(first.json) == ["canceled", "canceled"]


@pytest.mark.row("A3")
def test_b054_canceling_is_a_202_while_something_is_at_the_provider(api: Api) -> None:
    made = api.book(reminders=RULES)
    leave_for_the_provider(made["reminders"][0]["id"])

    answer = api.delete(f"{BOOKINGS}/{made['id']}")

    assert answer.status_code == 202
    assert answer.json is not None
    assert states(answer.json) == ["sending", "canceled"]


def test_b055_a_canceled_booking_can_not_be_moved(api: Api) -> None:
    path = f"{BOOKINGS}/{api.book()['id']}"
    api.delete(path)

    assert api.patch(path, {"starts_at": soon(days=5)}).status_code == 409


def test_a_start_that_is_past_by_now_still_answers_the_same_request(api: Api) -> None:
    body = booking(external_id="bk-1", starts_at=soon(minutes=-4.9), reminders=[])
    first = api.post(BOOKINGS, body)

    assert (first.status_code, api.post(BOOKINGS, body).status_code) == (201, 200)


def test_live_bookings_need_a_provider_that_is_set_up(api: Api) -> None:
    """The other half is in test_accounts: here Twilio is configured, so that a live key books."""
    assert api.with_key(api.account.live_key).book()["state"] == "booked"
