"""Bookings over HTTP: made, read, moved and canceled."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.domain.lifecycle import NotificationState as N
from gateway.models import base
from gateway.models.notification import Notification
from tests.conftest import Configure
from tests.http.stage import BOOKINGS, OTHER_PHONE, PHONE, Api, booking, soon

RULES: list[dict[str, Any]] = [
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
    assert answer.json["time_zone"] == "Europe/Berlin"


@pytest.mark.row("C1")
def test_without_rules_of_its_own_a_booking_gets_the_plan_of_the_organization(api: Api) -> None:
    made = api.book(reminders=...)

    starts = datetime.fromisoformat(made["starts_at"])
    assert [starts - datetime.fromisoformat(one["due_at"]) for one in made["reminders"]] == [
        timedelta(hours=24), timedelta(hours=3),
    ]  # fmt: skip
    assert api.book(reminders=[])["reminders"] == []


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
        datetime.fromisoformat(start) - timedelta(minutes=rule["minutes"]) for rule in RULES
    }


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


def test_without_a_provider_for_the_mode_a_booking_is_refused_and_not_kept(
    configure: Configure, new_api: Callable[[str], Api]
) -> None:
    api = new_api("Salon")
    configure()  # neither a sandbox nor a carrier

    for key in (api.account.test_key, api.account.live_key):
        asking = api.with_key(key)
        refused = asking.post(BOOKINGS, booking())

        assert refused.status_code == 409
        assert refused.json is not None
        assert refused.json["type"] == "urn:ringback:problem:provider-not-configured"
        assert asking.booked() == 0
