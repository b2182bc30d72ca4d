"""Asking for a message, and reading what became of messages, out and in."""

from typing import Any

import pytest

from gateway.models import base
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from tests.http import seed
from tests.http.stage import (
    BOOKINGS,
    MESSAGES,
    OTHER_PHONE,
    PHONE,
    Api,
    fields_at_fault,
    soon,
)
from tests.http.test_auth import make_key

SMS = {"to": PHONE, "channel": "sms", "text": "Your table is ready."}
ADDRESS = "ada@example.com"
TEMPLATE = {"to": PHONE, "channel": "whatsapp", "template": "table"}


def ask(api: Api, **changes: Any) -> dict[str, Any]:
    body = {name: value for name, value in {**SMS, **changes}.items() if value is not ...}
    answer = api.post(MESSAGES, body)
    assert answer.status_code == 202, answer.text
    assert answer.json is not None
    return dict(answer.json)


def kept(asked: dict[str, Any]) -> Notification:
    with base.connection():
        row: Notification = (
            Notification.select(Notification, Contact)
            .join(Contact)
            .where(Notification.id == asked["id"])
            .get()
        )
    return row


def save_template(api: Api, body: str, **changes: Any) -> None:
    wanted = {"name": "table", "locale": "en", "body": body, **changes}
    assert api.post("/api/v1/templates", wanted).status_code == 201


@pytest.mark.row("A8")
def test_a_message_is_due_now_unless_told_otherwise(api: Api) -> None:
    made = ask(api, metadata={"order": 7}, locale="de", time_zone="Europe/Berlin")
    later = ask(api, channel="whatsapp", send_at=soon(days=1), expires_at=soon(days=2))

    assert (made["kind"], made["channel"], made["state"]) == ("message", "sms", "due")
    assert made["metadata"] == {"order": 7}
    assert (later["state"], later["due_at"][:10]) == ("scheduled", soon(days=1)[:10])
    row = kept(made)
    assert (row.lane, row.purpose, row.wording) == ("messages:3", "request", {"text": SMS["text"]})
    assert (row.contact.phone, row.contact.locale) == (PHONE, "de")
    assert row.contact.time_zone == "Europe/Berlin"


def test_an_e_mail_goes_to_an_address_with_its_subject(api: Api) -> None:
    made = ask(api, to=ADDRESS, channel="email", text="Hi\nAda", subject="Your table")

    row = kept(made)
    assert (row.contact.email, row.contact.phone) == (ADDRESS, None)
    assert row.wording == {"text": "Hi\nAda", "subject": "Your table"}


@pytest.mark.row("A8")
def test_a_template_is_filled_in_before_it_is_promised(api: Api) -> None:
    save_template(api, "{greeting} Table {x_table} is ready.")

    missing = api.post(MESSAGES, TEMPLATE)
    unknown = api.post(MESSAGES, {**TEMPLATE, "template": "nope"})
    made = ask(api, text=..., template="table", variables={"x_table": 4})

    assert (missing.status_code, fields_at_fault(missing)) == (422, ["variables"])
    assert (unknown.status_code, fields_at_fault(unknown)) == (422, ["template"])
    assert kept(made).wording == {"template": "table", "variables": {"x_table": "4"}}
    with base.connection():
        assert Notification.select().count() == 1


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"to": ...}, "to"),
    "an address for a number": ({"to": ADDRESS}, "to"),
    "a number for an address": ({"channel": "email"}, "to"),
    "premium rate": ({"to": "+499001234567"}, "to"),
    "no channel": ({"channel": ...}, "channel"),
    "voice is for calls": ({"channel": "voice"}, "channel"),
    "nothing to say": ({"text": ...}, "text"),
    "too much to say": ({"text": "x" * 1601}, "text"),
    "words twice": ({"template": "reminder"}, "template"),
    "values without a template": ({"variables": {"name": "Ada"}}, "variables"),
    "a subject for an SMS": ({"subject": "Hi"}, "subject"),
    "a subject of two lines": ({"channel": "email", "to": ADDRESS, "subject": "a\r\nb"}, "subject"),
    "what only bookings have": ({"text": ..., "template": "reminder"}, "variables"),
    "say": ({"say": "Hi"}, "say"),
    "locale": ({"locale": "klingon!"}, "locale"),
    "zone": ({"time_zone": "EST"}, "time_zone"),
    "past": ({"send_at": soon(minutes=-10)}, "send_at"),
    "expired": ({"expires_at": soon(hours=-1)}, "expires_at"),
    "metadata": ({"metadata": "x"}, "metadata"),
}


def test_a_message_that_can_not_be_is_a_422_that_names_the_field(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, (changes, at_fault) in REFUSED.items():
        with subtests.test(name):
            merged = {**SMS, **changes}
            body = {key: value for key, value in merged.items() if value is not ...}
            answer = api.post(MESSAGES, body)

            assert answer.status_code == 422, answer.text
            assert fields_at_fault(answer) == [at_fault]
            assert PHONE not in answer.text
    with base.connection():
        assert Notification.select().count() == 0
        assert Contact.select().count() == 0


def test_the_same_key_asks_for_one_message(api: Api) -> None:
    headers = {"Idempotency-Key": "one"}
    first = api.post(MESSAGES, SMS, headers=headers)
    again = api.post(MESSAGES, SMS, headers=headers)
    other = api.post(MESSAGES, {**SMS, "text": "Hi"}, headers=headers)

    assert (again.data, again.headers["Idempotent-Replayed"]) == (first.data, "true")
    assert other.status_code == 422
    with base.connection():
        assert Notification.select().count() == 1


def test_a_live_key_without_a_carrier_for_the_channel_is_a_409(api: Api) -> None:
    live = api.with_key(api.account.live_key)

    answer = live.post(MESSAGES, {**SMS, "channel": "whatsapp"})

    assert answer.status_code == 409
    assert live.post(MESSAGES, SMS).status_code == 202


@pytest.mark.row("F7")
def test_a_message_is_shown_with_its_timeline(api: Api) -> None:
    made = api.book()
    message_id = seed.message(
        api, booking_id=made["id"], channel="whatsapp", template="reminder", template_version=2,
        segments=1, state="read",
    )  # fmt: skip
    seed.event(message_id, "sent", seconds=1)
    seed.event(message_id, "delivered", seconds=3)

    shown = api.read(f"{MESSAGES}/{message_id}")

    assert (shown["channel"], shown["state"], shown["direction"]) == (
        "whatsapp",
        "read",
        "outbound",
    )
    assert (shown["from"], shown["to"], shown["text"]) == (
        "+15005550006", PHONE, "See you at noon.",
    )  # fmt: skip
    assert shown["template"] == {"name": "reminder", "version": 2}
    assert (shown["segments"], shown["media"], shown["failure"]) == (1, 0, None)
    assert shown["delivered_at"].endswith("Z")
    assert shown["booking_id"] == made["id"]
    assert [event["status"] for event in shown["events"]] == ["sent", "delivered"]


def test_why_a_message_did_not_arrive_is_told(api: Api) -> None:
    message_id = seed.message(
        api, state="failed", failure_class="permanent", reason="opted_out", provider_code="21610"
    )

    assert api.read(f"{MESSAGES}/{message_id}")["failure"] == {
        "class": "permanent", "reason": "opted_out", "provider_code": "21610",
    }  # fmt: skip


@pytest.mark.row("F7")
def test_messages_are_found_by_each_filter(api: Api, subtests: pytest.Subtests) -> None:
    made = api.book(external_id="bk-1")
    sms = seed.message(api, booking_id=made["id"])
    answer = seed.message(
        api, direction="inbound", from_address=PHONE, to_address="+15005550006", state="received",
        text="1", media=1,
    )  # fmt: skip
    mail = seed.message(
        api, channel="email", provider="sendgrid", from_address="salon@example.com",
        to_address=ADDRESS, subject="Hi",
    )  # fmt: skip
    other = seed.message(api, to_address=OTHER_PHONE, channel="whatsapp", state="unknown")
    external = api.read(f"{MESSAGES}/{mail}")["external_id"]
    at = api.read(f"{MESSAGES}/{mail}")["created_at"]
    cases: list[tuple[dict[str, str], list[str]]] = [
        ({}, [other, mail, answer, sms]),
        ({"phone": PHONE}, [answer, sms]),
        ({"email": ADDRESS}, [mail]),
        ({"email": ADDRESS.upper()}, [mail]),
        ({"direction": "inbound"}, [answer]),
        ({"direction": "outbound", "phone": PHONE}, [sms]),
        ({"channel": "email"}, [mail]),
        ({"state": "unknown"}, [other]),
        ({"provider": "sendgrid"}, [mail]),
        ({"external_id": external}, [mail]),
        ({"booking_id": made["id"]}, [sms]),
        ({"booking_external_id": "bk-1"}, [sms]),
        ({"from": at}, [other, mail]),
        ({"to": at}, [answer, sms]),
        ({"phone": PHONE, "channel": "whatsapp"}, []),
    ]
    for query, expected in cases:
        with subtests.test(str(query)):
            assert [one["id"] for one in api.read(MESSAGES, **query)["data"]] == expected
    first = api.read(MESSAGES, limit=3)
    rest = api.read(MESSAGES, limit=3, cursor=first["next_cursor"])
    assert [one["id"] for one in [*first["data"], *rest["data"]]] == [other, mail, answer, sms]
    assert rest["next_cursor"] is None
    assert api.get(f"{MESSAGES}?state=busy").status_code == 422
    assert api.get(f"{MESSAGES}?q=hi").status_code == 422


def test_calls_tell_what_was_pressed_and_to_those_who_may_know_what_was_said(api: Api) -> None:
    call = seed.call(
        api, digits="1", text="See you at noon.", template="reminder", template_version=0
    )
    seed.event(call, "completed", seconds=9)

    shown = api.read(f"/api/v1/calls/{call}")
    guarded = api.with_key(make_key(api, "calls:read")).read(f"/api/v1/calls/{call}")

    assert (shown["digits"], shown["text"]) == ("1", "See you at noon.")
    assert shown["template"] == {"name": "reminder", "version": 0}
    assert (guarded["digits"], guarded["text"]) == ("1", None)


def test_a_key_without_chosen_scopes_may_write_messages(api: Api) -> None:
    asking = api.with_key(make_key(api))

    assert asking.post(MESSAGES, SMS).status_code == 202
    assert asking.get(MESSAGES).status_code == 200
    assert asking.get(BOOKINGS).status_code == 200
