"""/api/v1/waitlist, /slots and /offers: what they take, what they answer, and whose they are."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.models import base
from gateway.usecases import accounts
from tests.http.stage import BOOKINGS, EVENTS, ORGANIZATION, PHONE, Api, soon

WAITLIST, SLOTS, OFFERS = "/api/v1/waitlist", "/api/v1/slots", "/api/v1/offers"
CUT, EVE = {"id": "cut", "name": "Haircut"}, {"id": "m-3", "name": "Eve"}


def wish(**changes: Any) -> dict[str, Any]:
    """Somebody who waits; a change to `...` leaves the field out."""
    body = {
        "contact": {"phone": PHONE, "name": "Ada"}, "service": CUT,
        "from": soon(hours=1), "to": soon(days=5), **changes,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value is not ...}


def slot(**changes: Any) -> dict[str, Any]:
    """Something that is free; likewise."""
    body = {
        "starts_at": soon(days=3), "duration_minutes": 45, "service": CUT, "staff": EVE,
        "price": "45.00 EUR", **changes,
    }  # fmt: skip
    return {name: value for name, value in body.items() if value is not ...}


def made(answer: TestResponse, status: int = 201) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


@pytest.fixture
def by_day(api: Api) -> Api:
    """An organization without quiet hours: it is some time of the day when tests run."""
    assert api.patch(ORGANIZATION, {"policy": {"quiet_hours": None}}).status_code == 200
    return api


def offered(api: Api) -> dict[str, Any]:
    """The offer of a slot to somebody who waits."""
    made(api.post(WAITLIST, wish()))
    made(api.post(SLOTS, slot()))
    (offer,) = api.read(OFFERS, state="offered")["data"]
    return dict(offer)


@pytest.mark.row("B1")
def test_who_waits_is_offered_what_becomes_free_and_takes_it(by_day: Api) -> None:
    entry = made(by_day.post(WAITLIST, wish(staff=EVE)))
    assert (entry["state"], entry["contact"]["name"]) == ("waiting", "Ada")
    assert (entry["service"], entry["staff"]["id"]) == (CUT, "m-3")
    free = made(by_day.post(SLOTS, slot()))
    assert (free["state"], free["price"], free["booking_id"]) == ("offered", "45.00 EUR", None)

    (offer,) = by_day.read(OFFERS)["data"]
    assert by_day.read(f"{OFFERS}/{offer['id']}") == offer
    assert (offer["state"], offer["slot"]["id"]) == ("offered", free["id"])
    assert offer["waitlist_entry"]["id"] == entry["id"]
    assert offer["waitlist_entry"]["state"] == "offered"

    taken = made(by_day.post(f"{OFFERS}/{offer['id']}/accept", None), 200)
    booking = by_day.read(f"{BOOKINGS}/{taken['booking_id']}")
    assert (taken["state"], taken["slot"]["state"]) == ("accepted", "taken")
    assert (booking["starts_at"], booking["duration_minutes"]) == (free["starts_at"], 45)
    assert (booking["external_id"], booking["contact"]["name"]) == (offer["id"], "Ada")
    assert booking["service"]["price"] == "45.00 EUR"
    assert len(booking["reminders"]) == 2
    again = by_day.post(f"{OFFERS}/{offer['id']}/accept", None)
    assert again.status_code == 409
    assert again.json is not None
    assert again.json["state"] == "accepted"


@pytest.mark.row("B1")
def test_a_canceled_booking_is_a_free_slot(by_day: Api) -> None:
    entry = made(by_day.post(WAITLIST, wish()))
    booking = by_day.book(service=CUT, staff=EVE, duration_minutes=30)
    assert by_day.delete(f"{BOOKINGS}/{booking['id']}").status_code == 200
    (free,) = by_day.read(SLOTS, state="offered", service="cut", staff="m-3")["data"]
    assert (free["freed_by"], free["starts_at"]) == (booking["id"], booking["starts_at"])
    (offer,) = by_day.read(OFFERS, slot_id=free["id"], waitlist_entry_id=entry["id"])["data"]
    assert offer["slot"] == by_day.read(f"{SLOTS}/{free['id']}")


@pytest.mark.parametrize("verb", ["decline", "revoke"])
def test_what_is_let_go_is_open_again(by_day: Api, verb: str) -> None:
    offer = offered(by_day)
    ended = made(by_day.post(f"{OFFERS}/{offer['id']}/{verb}", None), 200)
    assert ended["state"] == f"{verb}d"
    assert (ended["slot"]["state"], ended["waitlist_entry"]["state"]) == ("open", "waiting")
    again = by_day.post(f"{OFFERS}/{offer['id']}/accept", None)
    assert again.status_code == 409
    assert again.json is not None
    assert again.json["state"] == f"{verb}d"


def test_an_answer_that_was_lost_is_given_again_for_the_same_key(by_day: Api) -> None:
    offer = offered(by_day)
    headers = {"Idempotency-Key": "once"}
    first, second = (
        by_day.post(f"{OFFERS}/{offer['id']}/accept", None, headers=headers) for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json == second.json
    assert second.headers["Idempotent-Replayed"] == "true"
    assert by_day.booked() == 1


def test_whoever_leaves_is_on_the_list_no_more(by_day: Api) -> None:
    offer = offered(by_day)
    entry = offer["waitlist_entry"]["id"]
    for _ in range(2):
        assert made(by_day.delete(f"{WAITLIST}/{entry}"), 200)["state"] == "revoked"
    assert by_day.read(f"{OFFERS}/{offer['id']}")["state"] == "revoked"
    assert by_day.read(WAITLIST, state="waiting")["data"] == []


def test_a_slot_that_is_withdrawn_is_offered_no_more(by_day: Api) -> None:
    offer = offered(by_day)
    for _ in range(2):
        gone = made(by_day.delete(f"{SLOTS}/{offer['slot']['id']}"), 200)
        assert gone["state"] == "withdrawn"
    assert by_day.read(f"{OFFERS}/{offer['id']}")["state"] == "revoked"


def test_the_same_free_time_again_is_the_slot_that_is_there(by_day: Api) -> None:
    body = slot()
    first = made(by_day.post(SLOTS, body))
    assert made(by_day.post(SLOTS, body), 200)["id"] == first["id"]


def test_an_organization_says_how_long_a_slot_is_held_and_how_it_is_told(api: Api) -> None:
    terms = {"rank": "preferences", "minutes": 30, "channels": ["sms"]}
    policy = {"quiet_hours": None, "waitlist": terms}
    assert api.patch(ORGANIZATION, {"policy": policy}).status_code == 200
    offer = offered(api)
    begun, ends = (datetime.fromisoformat(offer[name]) for name in ("offered_at", "expires_at"))
    assert (ends - begun).total_seconds() == 1800


def test_lists_are_paged_and_filtered(by_day: Api) -> None:
    numbers = [f"+49151123456{last}" for last in range(70, 75)]
    for number in numbers:
        made(by_day.post(WAITLIST, wish(contact={"phone": number})))
    first = by_day.read(WAITLIST, limit=3)
    rest = by_day.read(WAITLIST, limit=3, cursor=first["next_cursor"])
    listed = [entry["contact"]["phone"] for entry in first["data"] + rest["data"]]
    assert listed == numbers[::-1]
    assert rest["next_cursor"] is None
    (found,) = by_day.read(WAITLIST, phone=numbers[2], service="cut", state="waiting")["data"]
    assert found["contact"]["phone"] == numbers[2]
    assert by_day.read(WAITLIST, service="color")["data"] == []
    assert by_day.read(WAITLIST, staff="m-3")["data"] == []
    for path in (WAITLIST, SLOTS, OFFERS):
        assert by_day.get(path, query_string={"state": "lost"}).status_code == 422
        assert by_day.get(path, query_string={"color": "red"}).status_code == 422


def test_every_move_is_in_the_feed(by_day: Api) -> None:
    offer = offered(by_day)
    made(by_day.post(f"{OFFERS}/{offer['id']}/accept", None), 200)
    moves = [
        entry["type"] for entry in by_day.read(EVENTS)["data"]
        if entry["object"] in ("waitlist_entry", "slot", "offer")
    ]  # fmt: skip
    assert moves == [
        "waitlist_entry.waiting", "slot.open", "waitlist_entry.offered", "slot.offered",
        "offer.offered", "slot.taken", "waitlist_entry.accepted", "offer.accepted",
    ]  # fmt: skip


def test_each_call_needs_its_scope(api: Api, new_api: Callable[[str], Api]) -> None:
    with base.connection():
        _, secret = accounts.create_key(
            api.account.organization_id, "reader", "test", ["waitlist:read"], datetime.now(UTC)
        )
    reader = api.with_key(secret)
    for path in (WAITLIST, SLOTS, OFFERS):
        assert reader.get(path).status_code == 200
    assert reader.post(WAITLIST, wish()).status_code == 403
    assert reader.post(SLOTS, slot()).status_code == 403
    assert reader.post(f"{OFFERS}/of_1/accept", None).status_code == 403


def test_lists_show_only_ones_own(by_day: Api, new_api: Callable[[str], Api]) -> None:
    offered(by_day)
    other = new_api("Another salon")
    live = by_day.with_key(by_day.account.live_key)
    for path in (WAITLIST, SLOTS, OFFERS):
        assert len(by_day.read(path)["data"]) == 1
        assert other.read(path)["data"] == live.read(path)["data"] == []
