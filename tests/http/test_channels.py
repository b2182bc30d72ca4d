"""Reminders on every channel: what a rule may look like, and what is shown of it."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.http import create_app
from gateway.models import base
from gateway.models.notification import Notification
from tests.conftest import Account, Configure
from tests.http import seed
from tests.http.conftest import SETTINGS
from tests.http.stage import (
    BOOKINGS,
    PHONE,
    Api,
    Description,
    booking,
    fields_at_fault,
    soon,
)

BEFORE = {"kind": "before", "minutes": 60}
PLAN: list[Any] = [{"channel": "whatsapp", "unless": "read", "within_minutes": 30}, "sms"]
EMAIL = {"email": "ada@example.com"}


@pytest.mark.row("C1")
@pytest.mark.parametrize("channel", ["voice", "sms", "whatsapp", "email"])
def test_a_reminder_goes_out_on_any_channel(api: Api, channel: str) -> None:
    made = api.book(contact={"phone": PHONE, **EMAIL}, reminders=[{**BEFORE, "channel": channel}])

    (reminder,) = made["reminders"]
    assert (reminder["channel"], reminder["state"]) == (channel, "scheduled")
    assert reminder["channels"] == [
        {"channel": channel, "unless": None, "within_minutes": None, "state": "present",
         "reason": None},
    ]  # fmt: skip


def test_a_plan_is_shown_with_what_became_of_each_step(api: Api) -> None:
    made = api.book(reminders=[{**BEFORE, "channels": [*PLAN, "voice"]}])
    (fresh,) = made["reminders"]
    with base.connection():
        row = Notification.get_by_id(fresh["id"])
        plan = [{**row.plan[0], "ended": "unreachable"}, *row.plan[1:]]
        Notification.update(plan=plan, step=1).where(Notification.id == row.id).execute()
    seed.message(api, booking_id=made["id"], notification=fresh["id"], channel="whatsapp")
    seed.message(api, booking_id=made["id"], notification=fresh["id"], step=1, attempt=2)
    seed.call(api, booking_id=made["id"], notification=fresh["id"], step=2, attempt=3)

    (shown,) = api.read(f"{BOOKINGS}/{made['id']}")["reminders"]

    assert [step["state"] for step in fresh["channels"]] == ["present", "ahead", "ahead"]
    assert fresh["channels"][1]["unless"] == "delivered"
    assert [step["state"] for step in shown["channels"]] == ["passed", "present", "ahead"]
    assert (shown["channel"], shown["channels"][0]["reason"]) == ("sms", "unreachable")
    assert [(one["channel"], one["step"], one["state"]) for one in shown["attempts"]] == [
        ("whatsapp", 0, "delivered"), ("sms", 1, "delivered"), ("voice", 2, "completed"),
    ]  # fmt: skip
    assert all(one["delivered_at"] for one in shown["attempts"][:2])
    assert shown["attempts"][2]["sent_at"] is None
    assert api.read(f"{BOOKINGS}/{made['id']}/reminders")["data"] == [shown]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "channel and channels": ({"channel": "sms", "channels": PLAN}, "channels"),
    "no channel": ({"channels": []}, "channels"),
    "channels is text": ({"channels": "sms"}, "channels"),
    "a channel that there is none of": ({"channels": ["sms", "fax"]}, "channels.1.channel"),
    "a channel twice": ({"channels": ["sms", "sms"]}, "channels.1.channel"),
    "what nobody tells": (
        {"channels": [{"channel": "sms", "unless": "read"}, "voice"]}, "channels.0.unless",
    ),
    "too long a wait": (
        {"channels": [{"channel": "sms", "within_minutes": 10_081}, "voice"]},
        "channels.0.within_minutes",
    ),
    "an unknown part of a step": ({"channels": [{"channel": "sms", "retries": 1}]}, "channels.0"),
    "say for a message": ({"channel": "sms", "say": "Hi"}, "say"),
    "text for voice": ({"channel": "voice", "text": "Hi"}, "text"),
    "subject without e-mail": ({"channels": PLAN, "subject": "Hi"}, "subject"),
    "text too long for a message": ({"channel": "sms", "text": "x" * 1601}, "text"),
    "say too long to be written": ({"channels": ["voice", "sms"], "say": "x" * 1601}, "say"),
    "text too long for e-mail": ({"channel": "email", "text": "x" * 20_001}, "text"),
    "empty text": ({"channel": "sms", "text": " "}, "text"),
    "a subject of two lines": ({"channel": "email", "subject": "a\nb"}, "subject"),
    "template and text": ({"channel": "sms", "text": "Hi", "template": "reminder"}, "template"),
    "no such template": ({"channel": "sms", "template": "nope"}, "template"),
    "template is a number": ({"channel": "sms", "template": 1}, "template"),
    "variables without a template": ({"channel": "sms", "variables": {"x_a": "b"}}, "variables"),
    "variables is a list": (
        {"channel": "sms", "template": "reminder", "variables": []}, "variables",
    ),
    "an unknown variable": (
        {"channel": "sms", "template": "reminder", "variables": {"shoe": "44"}}, "variables",
    ),
    "an empty variable": (
        {"channel": "sms", "template": "reminder", "variables": {"x_a": ""}}, "variables.x_a",
    ),
    "a nudge with a moment": ({"kind": "nudge", "at": soon(days=1), "minutes": ...}, "at"),
}  # fmt: skip


@pytest.mark.row("A8")
def test_a_rule_that_fits_no_channel_is_a_422_that_names_the_field(
    api: Api, subtests: pytest.Subtests
) -> None:
    for name, (changes, at_fault) in REFUSED.items():
        with subtests.test(name):
            rule = {key: value for key, value in {**BEFORE, **changes}.items() if value is not ...}
            body = booking(contact={"phone": PHONE, **EMAIL}, staff={"id": "m", "phone": PHONE})

            answer = api.post(BOOKINGS, {**body, "reminders": [rule]})

            assert answer.status_code == 422, answer.text
            assert fields_at_fault(answer) == [f"reminders.0.{at_fault}"]
    assert api.booked() == 0


TAKEN: dict[str, dict[str, Any]] = {
    "words for each kind of channel": {"channels": ["voice", "sms"], "say": "Hi", "text": "Hi!"},
    "words for voice, a template for the rest": {
        "channels": ["voice", "sms"], "say": "Hi", "template": "reminder",
    },
    "a template for voice": {"template": "reminder"},
    "an e-mail with its subject": {"channel": "email", "text": "Hi\nAda", "subject": "Tomorrow"},
    "a template with values": {
        "channel": "sms", "template": "reminder", "variables": {"service": "Massage", "x_a": 1},
    },
}  # fmt: skip


def test_words_are_kept_for_the_channels_that_they_fit(api: Api, subtests: pytest.Subtests) -> None:
    for name, words in TAKEN.items():
        with subtests.test(name):
            api.book(contact={"phone": PHONE, **EMAIL}, reminders=[{**BEFORE, **words}])


@pytest.mark.row("A8")
def test_a_template_of_ones_own_needs_its_own_values(api: Api) -> None:
    body = {"name": "room", "channel": "sms", "locale": "en", "body": "Room {x_room}."}
    assert api.post("/api/v1/templates", body).status_code == 201
    rule: dict[str, Any] = {**BEFORE, "channel": "sms", "template": "room"}

    without = api.post(BOOKINGS, booking(reminders=[rule]))

    assert (without.status_code, fields_at_fault(without)) == (422, ["reminders.0.variables"])
    assert api.booked() == 0
    path = f"{BOOKINGS}/{api.book()['id']}"
    assert api.patch(path, {"reminders": [rule]}).status_code == 422
    assert api.read(path)["version"] == 1
    with_it = {**rule, "variables": {"x_room": "4"}}
    assert api.patch(path, {"reminders": [with_it]}).status_code == 200


@pytest.mark.parametrize("channel", ["whatsapp", "email"])
def test_a_channel_that_no_carrier_serves_in_this_mode_is_a_409(api: Api, channel: str) -> None:
    live = api.with_key(api.account.live_key)
    contact = {"phone": PHONE, **EMAIL}

    alone = live.post(
        BOOKINGS, booking(contact=contact, reminders=[{**BEFORE, "channel": channel}])
    )
    beside = live.post(
        BOOKINGS, booking(contact=contact, reminders=[{**BEFORE, "channels": [channel, "sms"]}])
    )

    assert alone.status_code == 409
    assert alone.json is not None
    assert alone.json["type"] == "urn:ringback:problem:provider-not-configured"
    assert beside.status_code == 201


def test_without_a_sandbox_a_test_key_sends_on_no_channel(
    configure: Configure, open_account: Callable[[str], Account]
) -> None:
    app = create_app(configure(**{**SETTINGS, "SANDBOX_URL": ""}))
    account = open_account("Salon Berlin")
    document = app.test_client().get("/docs/openapi.json").json
    assert document is not None
    asking = Api(app, account, Description(document), account.test_key)

    for channel in ("sms", "whatsapp", "email"):
        answer = asking.post(
            BOOKINGS,
            booking(contact={"phone": PHONE, **EMAIL}, reminders=[{**BEFORE, "channel": channel}]),
        )
        assert answer.status_code == 409
