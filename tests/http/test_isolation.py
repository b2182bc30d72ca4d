"""No organization, and no mode, sees or touches another's rows: they are as if absent (P8)."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway import settings
from gateway.models import base
from tests.failures import failed, letter, unmatched
from tests.http import seed
from tests.http.stage import (
    BOOKINGS,
    CALLS,
    EVENTS,
    MESSAGES,
    ORGANIZATION,
    PHONE,
    STATS,
    Api,
    soon,
)

INVOICES = "/api/v1/invoices"
SEQUENCES, ACTS = "/api/v1/sequences", ("pause", "resume", "stop")
WAITLIST, SLOTS, OFFERS = "/api/v1/waitlist", "/api/v1/slots", "/api/v1/offers"
CONTACTS, SAID = "/api/v1/contacts", {"channel": "sms", "granted": False, "source": "desk"}
LETTERS, PARKED = "/api/v1/admin/dead-letters", "/api/v1/admin/parked-events"
ROUTES: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("GET", f"{BOOKINGS}/{{booking_id}}", None),
    ("GET", f"{BOOKINGS}/{{booking_id}}/reminders", None),
    ("GET", f"{BOOKINGS}/{{booking_id}}/plan", None),
    ("PATCH", f"{BOOKINGS}/{{booking_id}}", {"state": "confirmed"}),
    ("PATCH", f"{BOOKINGS}/{{booking_id}}", {"state": "confirmed", "version": 7}),
    ("DELETE", f"{BOOKINGS}/{{booking_id}}", None),
    ("GET", f"{CALLS}/{{call_id}}", None),
    ("GET", f"{MESSAGES}/{{message_id}}", None),
    ("GET", f"{CONTACTS}/{{contact_id}}", None),
    ("PATCH", f"{CONTACTS}/{{contact_id}}", {"name": "Eve"}),
    ("DELETE", f"{CONTACTS}/{{contact_id}}", None),
    ("GET", f"{CONTACTS}/{{contact_id}}/export", None),
    ("GET", f"{CONTACTS}/{{contact_id}}/preferences", None),
    ("GET", f"{CONTACTS}/{{contact_id}}/consent", None),
    ("POST", f"{CONTACTS}/{{contact_id}}/consent", SAID),
    ("GET", f"{INVOICES}/{{invoice_id}}", None),
    ("PATCH", f"{INVOICES}/{{invoice_id}}", {"paused": True}),
    ("DELETE", f"{INVOICES}/{{invoice_id}}", None),
    ("POST", f"{INVOICES}/{{invoice_id}}/write-off", None),
    ("POST", f"{INVOICES}/{{invoice_id}}/payments", {"amount": "1"}),
    ("POST", f"{INVOICES}/{{invoice_id}}/dispute", None),
    ("DELETE", f"{INVOICES}/{{invoice_id}}/dispute", None),
    ("POST", f"{INVOICES}/{{invoice_id}}/remind", None),
    ("GET", f"{SEQUENCES}/{{sequence_id}}", None),
    ("PATCH", f"{SEQUENCES}/{{sequence_id}}", {"name": "Other"}),
    ("DELETE", f"{SEQUENCES}/{{sequence_id}}", None),
    ("POST", f"{SEQUENCES}/{{sequence_id}}/enrolments", {"contact": {"phone": PHONE}}),
    ("GET", f"{SEQUENCES}/{{sequence_id}}/enrolments", None),
    *(("POST", f"{SEQUENCES}/{{sequence_id}}/{act}", None) for act in ACTS),
    *(
        (method, f"{below}/{{enrolment_id}}{act}", None)
        for below in (f"{SEQUENCES}/enrolments", "/api/v1/enrolments")
        for method, act in (("GET", ""), *(("POST", f"/{act}") for act in ACTS))
    ),
    ("GET", f"{WAITLIST}/{{entry_id}}", None),
    ("DELETE", f"{WAITLIST}/{{entry_id}}", None),
    ("GET", f"{SLOTS}/{{slot_id}}", None),
    ("DELETE", f"{SLOTS}/{{slot_id}}", None),
    ("GET", f"{OFFERS}/{{offer_id}}", None),
    *(("POST", f"{OFFERS}/{{offer_id}}/{verb}", None) for verb in ("accept", "decline", "revoke")),
    ("GET", f"{LETTERS}/{{letter_id}}", None),
    ("DELETE", f"{LETTERS}/{{letter_id}}", None),
    ("GET", f"{PARKED}/{{event_id}}", None),
)


def strangers(api: Api, new_api: Callable[[str], Api]) -> dict[str, Api]:
    other = new_api("Another salon")
    return {
        "another organization": other,
        "another organization, live": other.with_key(other.account.live_key),
        "the other mode": api.with_key(api.account.live_key),
    }


def an_invoice(api: Api) -> str:
    """The id of an unpaid one."""
    wanted = {
        "contact": {"phone": PHONE}, "amount": "120.00", "currency": "EUR",
        "due_on": "2026-01-10", "payment_link": "https://pay.example.com/117",
    }  # fmt: skip
    made = api.post(INVOICES, wanted)
    assert made.status_code == 201, made.text
    assert made.json is not None
    return str(made.json["id"])


def an_enrolment(api: Api) -> dict[str, str]:
    """The ids of one and of its sequence."""
    step = {"after_minutes": 60, "channels": ["sms"], "text": "See you soon."}
    made = api.post(SEQUENCES, {"name": "Welcome", "steps": [step]})
    assert made.json is not None
    path = f"{SEQUENCES}/{made.json['id']}/enrolments"
    enrolled = api.post(path, {"contact": {"phone": PHONE}})
    assert enrolled.json is not None
    return {"sequence_id": made.json["id"], "enrolment_id": enrolled.json["id"]}


def an_offer(api: Api) -> dict[str, str]:
    """The ids of an open one, of its slot and of whom it is for."""
    api.patch(ORGANIZATION, {"policy": {"quiet_hours": None}})
    cut = {"id": "cut"}
    wish = {"contact": {"phone": PHONE}, "service": cut, "from": soon(hours=1), "to": soon(days=9)}
    assert api.post(WAITLIST, wish).status_code == 201
    free = {"starts_at": soon(days=3), "duration_minutes": 45, "service": cut, "staff": "m-3"}
    assert api.post(SLOTS, free).status_code == 201
    (offer,) = api.read(OFFERS)["data"]
    entry_id, slot_id = offer["waitlist_entry"]["id"], offer["slot"]["id"]
    return {"offer_id": offer["id"], "entry_id": entry_id, "slot_id": slot_id}


def what_failed(api: Api) -> dict[str, str]:
    """A dead letter, and an event that is known to be the organization's."""
    organization_id = api.account.organization_id
    account = settings.current().sandbox_credentials["account_sid"]
    with base.connection():
        return {
            "letter_id": letter(failed(organization_id)).id,
            "event_id": unmatched(account, organization=organization_id).id,
        }


def test_another_organizations_id_is_answered_like_one_that_nobody_has(
    api: Api, new_api: Callable[[str], Api], subtests: pytest.Subtests
) -> None:
    made = api.book(external_id="bk-1")
    call_id = seed.call(api, booking_id=made["id"])
    message_id = seed.message(api, booking_id=made["id"])
    mine = {"booking_id": made["id"], "call_id": call_id, "message_id": message_id,
            "contact_id": made["contact"]["id"], "invoice_id": an_invoice(api),
            **an_enrolment(api), **an_offer(api), **what_failed(api)}  # fmt: skip
    nobodys = {"booking_id": base.new_id("bk"), "call_id": base.new_id("cl"),
               "message_id": base.new_id("ml"), "contact_id": base.new_id("ct"),
               "invoice_id": base.new_id("iv"), "entry_id": base.new_id("we"),
               "sequence_id": base.new_id("sq"), "enrolment_id": base.new_id("en"),
               "slot_id": base.new_id("sl"), "offer_id": base.new_id("of"),
               "letter_id": base.new_id("dl"), "event_id": base.new_id("ev")}  # fmt: skip
    before = api.read(f"{BOOKINGS}/{made['id']}")
    headers = {"X-Request-Id": "the-same"}
    for who, stranger in strangers(api, new_api).items():
        for method, path, body in ROUTES:
            with subtests.test(who, route=f"{method} {path}"):
                sent = {"json": body} if body else {}
                theirs = stranger.ask(method, path.format(**mine), headers=headers, **sent)
                none = stranger.ask(method, path.format(**nobodys), headers=headers, **sent)

                assert theirs.status_code == 404
                assert (theirs.data, theirs.headers) == (none.data, none.headers)
    assert api.read(f"{BOOKINGS}/{made['id']}") == before


def test_every_route_with_an_id_is_in_the_matrix(api: Api) -> None:
    named = {path for path in api.description.document["paths"] if path.startswith("/api/")}

    # A template's name is no id: everybody has ours, and both modes share their organization's.
    by_id = {path for path in named if "{" in path and "{name}" not in path}
    assert {path for _, path, _ in ROUTES} == by_id


def test_lists_searches_and_counts_show_only_ones_own(
    api: Api, new_api: Callable[[str], Api], subtests: pytest.Subtests
) -> None:
    made = api.book(external_id="bk-1")
    call_id = seed.call(api, booking_id=made["id"])
    seed.transcript(call_id, "hello world")
    row = api.read(f"{CALLS}/{call_id}")
    searches: dict[str, dict[str, str]] = {
        "phone": {"phone": row["to"]}, "booking": {"booking_id": made["id"]},
        "their booking": {"booking_external_id": "bk-1"}, "provider's id":
        {"external_id": row["external_id"]}, "words": {"q": "hello"}, "all": {},
    }  # fmt: skip
    for who, stranger in strangers(api, new_api).items():
        for name, query in searches.items():
            with subtests.test(who, search=name):
                assert [one["id"] for one in api.read(CALLS, **query)["data"]] == [call_id]
                assert stranger.read(CALLS, **query)["data"] == []
        with subtests.test(who, search="bookings, feed, counts"):
            assert stranger.read(BOOKINGS, external_id="bk-1")["data"] == []
            assert stranger.read(BOOKINGS)["data"] == []
            assert stranger.read(EVENTS)["data"] == []
            assert _counted(stranger) == 0


def test_messages_are_found_by_their_own_alone(
    api: Api, new_api: Callable[[str], Api], subtests: pytest.Subtests
) -> None:
    made = api.book(external_id="bk-1")
    message_id = seed.message(api, booking_id=made["id"])
    row = api.read(f"{MESSAGES}/{message_id}")
    searches: tuple[dict[str, str], ...] = (
        {"phone": row["to"]}, {"booking_id": made["id"]}, {"booking_external_id": "bk-1"},
        {"external_id": row["external_id"]}, {},
    )  # fmt: skip
    for who, stranger in strangers(api, new_api).items():
        for query in searches:
            with subtests.test(who, search=str(query)):
                assert [one["id"] for one in api.read(MESSAGES, **query)["data"]] == [message_id]
                assert stranger.read(MESSAGES, **query)["data"] == []


def test_what_failed_is_listed_and_counted_for_its_own_alone(
    api: Api, new_api: Callable[[str], Api], subtests: pytest.Subtests
) -> None:
    what_failed(api)
    assert len(api.read(LETTERS)["data"]) == 2
    for who, stranger in strangers(api, new_api).items():
        with subtests.test(who):
            assert stranger.read(LETTERS)["data"] == []
            assert stranger.read(PARKED)["data"] == []
            assert _counted(stranger) == 0


def _counted(api: Api) -> int:
    """All that the queues' counts add up to."""
    return sum(
        int(count)
        for queue in api.read(STATS)["queues"]
        for name, count in queue.items()
        if name not in ("queue", "paused", "workers")
    )
