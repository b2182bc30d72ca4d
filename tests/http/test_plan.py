"""The plan of a booking, and of one that is not there yet."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from gateway.models import base
from gateway.models.booking import Booking
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry
from gateway.models.notification import Notification
from tests.hours import nights_are_quiet
from tests.http.stage import BOOKINGS, PHONE, Api, booking, fields_at_fault

SIMULATE = "/api/v1/plan/simulate"
STARTS = "2027-06-10T10:00:00+02:00"  # a Thursday; Berlin is at +02:00 then
EARLY = [
    {"kind": "before", "minutes": 600, "channel": "sms"},
    {"kind": "before", "minutes": 1440, "channel": "voice"},
]


def planned(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["data"]
    return found


@pytest.mark.row("A2")
@pytest.mark.row("C1")
def test_each_contact_is_shown_with_its_moment_its_channel_and_its_words(api: Api) -> None:
    nights_are_quiet()
    made = api.book(starts_at=STARTS, reminders=EARLY)
    day, night = planned(api.get(f"{BOOKINGS}/{made['id']}/plan"))
    assert (day["channel"], day["state"], day["moved_by"]) == ("voice", "sending", None)
    assert day["due_at"] == day["leaves_at"] == "2027-06-09T08:00:00Z"
    assert (day["local_time"], day["time_zone"]) == (
        "2027-06-09T10:00:00+02:00", "Europe/Berlin",
    )  # fmt: skip
    assert (day["template"], day["template_version"], day["to"]) == ("reminder", 0, "contact")
    assert "Ada" in day["wording"]
    assert (night["due_at"], night["leaves_at"], night["moved_by"]) == (
        "2027-06-09T22:00:00Z", "2027-06-10T06:00:00Z", "quiet_hours",
    )  # fmt: skip
    assert night["channel"] == "sms"
    assert {day["id"], night["id"]} == {row["id"] for row in made["reminders"]}


def test_what_will_not_leave_is_shown_with_its_reason(api: Api) -> None:
    rules = [
        {"kind": "every", "minutes": 60, "within_minutes": 120, "channel": "voice"},
        {"kind": "before", "minutes": 60, "channel": "sms"},
    ]
    made = api.book(starts_at="2027-06-10T16:00:00+02:00", reminders=rules)
    contact = made["contact"]["id"]
    said = {"channel": "sms", "granted": False, "source": "desk"}
    assert api.post(f"/api/v1/contacts/{contact}/consent", said).status_code == 201
    api.patch(f"{BOOKINGS}/{made['id']}", {"state": "confirmed"})
    shown = planned(api.get(f"{BOOKINGS}/{made['id']}/plan"))
    assert {(one["channel"], one["state"], one["reason"]) for one in shown} == {
        ("voice", "suppressed", "confirmed"), ("sms", "suppressed", "opted_out"),
    }  # fmt: skip
    assert {one["wording"] for one in shown} == {None}
    assert api.delete(f"{BOOKINGS}/{made['id']}").status_code == 200
    gone = planned(api.get(f"{BOOKINGS}/{made['id']}/plan"))
    assert {(one["state"], one["leaves_at"], one["local_time"]) for one in gone} == {
        ("canceled", None, None)
    }


def test_the_plan_passes_over_a_channel_that_the_person_can_not_be_reached_on(api: Api) -> None:
    rule = {"kind": "before", "minutes": 60, "channels": ["email", "sms"]}
    made = api.book(starts_at=STARTS, reminders=[rule])
    (one,) = planned(api.get(f"{BOOKINGS}/{made['id']}/plan"))
    assert (one["channel"], one["state"], one["reason"]) == ("sms", "sending", None)


@pytest.mark.row("C1")
def test_a_booking_that_is_only_tried_has_the_plan_that_it_would_have(api: Api) -> None:
    body = booking(
        starts_at=STARTS, reminders=EARLY, external_id="bk-1",
        policy={"quiet_hours": {"action": "advance"}},
    )  # fmt: skip
    tried = planned(api.post(SIMULATE, body))
    answer = api.post(BOOKINGS, body)
    assert answer.status_code == 201
    assert answer.json is not None
    real = planned(api.get(f"{BOOKINGS}/{answer.json['id']}/plan"))
    assert [_but_id(one) for one in tried] == [_but_id(one) for one in real]
    assert [one["leaves_at"] for one in tried] == [
        "2027-06-09T08:00:00Z", "2027-06-09T18:59:00Z",
    ]  # fmt: skip
    again = planned(api.post(SIMULATE, body))
    assert [_but_id(one) for one in again] == [_but_id(one) for one in real]


def _but_id(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "id"}


def _rows() -> dict[str, Any]:
    with base.connection():
        counted = {
            table.__name__: table.select().count()
            for table in (Booking, Contact, Notification, FeedEntry, Consent)
        }
        people = sorted((row.id, row.name, row.phone) for row in Contact.select())
    return counted | {"people": people}


def test_a_booking_that_is_only_tried_leaves_no_trace(api: Api) -> None:
    api.book(contact={"phone": PHONE, "name": "Ada", "external_id": "c-1"})
    before = _rows()
    body = booking(contact={"phone": PHONE, "name": "Grace", "external_id": "c-1"},
                   staff={"id": "m-1", "name": "Eve", "phone": PHONE})  # fmt: skip
    shown = planned(api.post(SIMULATE, body))
    assert len(shown) == 1
    assert "Grace" in str(shown[0]["wording"])
    assert _rows() == before
    assert api.get(f"{BOOKINGS}/{shown[0]['id']}/plan").status_code == 404
    assert api.booked() == 1


def test_what_can_not_be_booked_can_not_be_tried(api: Api) -> None:
    before = _rows()
    past = api.post(SIMULATE, booking(starts_at="2020-01-01T10:00:00Z"))
    assert past.status_code == 422
    assert fields_at_fault(past) == ["starts_at"]
    assert api.post(SIMULATE, booking(contact=...)).status_code == 422
    assert _rows() == before


def test_what_others_got_and_said_has_no_part_in_it(
    api: Api, new_api: Callable[[str], Api]
) -> None:
    other = new_api("Another salon")
    made = other.book(reminders=[{"kind": "before", "minutes": 60, "channel": "sms"}])
    said = {"channel": "sms", "granted": False, "source": "desk"}
    other.post(f"/api/v1/contacts/{made['contact']['id']}/consent", said)
    body = booking(starts_at=STARTS, reminders=EARLY[:1])
    assert [one["state"] for one in planned(api.post(SIMULATE, body))] == ["sending"]
    assert [one["state"] for one in planned(other.post(SIMULATE, body))] == ["suppressed"]


def test_the_moments_of_a_plan_are_in_their_order(api: Api) -> None:
    rules = [{"kind": "every", "minutes": 300, "within_minutes": 3000, "channel": "sms"}, *EARLY]
    shown = planned(api.post(SIMULATE, booking(starts_at=STARTS, reminders=rules)))
    at = [datetime.fromisoformat(one["leaves_at"] or one["due_at"]) for one in shown]
    assert at == sorted(at)
    assert len(shown) == 12
