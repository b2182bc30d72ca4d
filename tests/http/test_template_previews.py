"""Previews over HTTP: how a template or a text comes out, what it costs, what is missing."""

from typing import Any

import pytest

from gateway.domain.templates import PLACEHOLDERS
from gateway.models import base
from gateway.models.template import Template
from tests.http.stage import Api, fields_at_fault
from tests.http.test_templates import PREVIEW, save

pytestmark = pytest.mark.row("A8")
SAMPLE = {
    "starts_at": "2026-12-01T14:30:00+01:00", "duration_minutes": 45, "name": "Ada",
    "customer": "Ada", "staff": "Eve", "service": {"name": "Haircut", "price": "45.00 EUR"},
}  # fmt: skip


def preview(api: Api, **asked: Any) -> dict[str, Any]:
    body = {"channel": "sms", "locale": "en", "booking": SAMPLE, **asked}
    answer = api.post(PREVIEW, {name: value for name, value in body.items() if value is not ...})
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return dict(answer.json)


def test_a_text_is_previewed_with_its_cost(api: Api) -> None:
    shown = preview(api, body="{greeting} It’s on {weekday}, {date} at {time} {x_room}",
                    variables={"x_room": "in {name}"})  # fmt: skip

    assert shown == {
        "name": None, "version": None, "locale": "en",
        "text": "Hello Ada. It’s on Tuesday, 1 December at 14:30 in {name}",
        "subject": None, "html": None, "content_id": None, "content_variables": {},
        "segments": {"encoding": "UCS-2", "count": 1, "characters": 57, "forced_by": ["U+2019"]},
        "missing": [],
        "warnings": [
            "not in the GSM-7 alphabet: U+2019; so a part holds 70 characters, not 160"
        ],
    }  # fmt: skip


def test_a_preview_names_what_is_missing_and_never_guesses(api: Api) -> None:
    shown = preview(api, body="{name} owes {amount} for {service}: {x_a}", booking={"name": "Ada"})

    assert shown["text"] == "Ada owes {amount} for {service}: {x_a}"
    assert shown["missing"] == ["amount", "service", "x_a"]


def test_without_a_sample_an_appointment_is_made_up(api: Api) -> None:
    names = [
        name
        for name in PLACEHOLDERS
        if name
        not in ("amount", "days_overdue", "payment_link", "due_date", "offer_expires", "link")
    ]
    body = " ".join(f"{{{name}}}" for name in names)
    shown = preview(api, body=body, booking=...)

    assert shown["missing"] == []
    assert "in 1 day" in shown["text"]


def test_an_own_template_is_previewed_before_ours_in_the_persons_language_and_zone(
    api: Api,
) -> None:
    ours = preview(api, name="reminder", channel="voice", locale="de-AT", digits=True)
    save(api, locale="de", channel="voice", body="Bis {time} Uhr, {time_until}.")
    own = preview(api, name="reminder", channel="voice", locale="de-AT",
                  time_zone="America/New_York")  # fmt: skip

    assert (ours["version"], ours["locale"], ours["segments"]) == (0, "de", None)
    assert ours["text"].startswith("Guten Tag Ada. Wir erinnern Sie an Ihren Termin für Haircut")
    assert "Drücken Sie 1" in ours["text"]
    assert (own["name"], own["version"], own["locale"]) == ("reminder", 1, "de")
    assert own["text"].startswith("Bis 08:30 Uhr, ")
    assert preview(api, name="reminder", channel="voice", locale="fr")["version"] == 0


def test_an_email_is_previewed_with_its_subject_and_safe_html(api: Api) -> None:
    save(api, channel="email", name="bill", subject="{name}: {amount}",
         body="Please pay {amount}\nat {payment_link}\n\n{organization}")  # fmt: skip
    shown = preview(
        api, name="bill", channel="email",
        variables={"name": "<b>Ada</b>\r\nBcc: x@example.com", "amount": "120.00 EUR",
                   "payment_link": "https://pay.example.com/?a=1&b=2"},
    )  # fmt: skip

    assert shown["subject"] == "<b>Ada</b> Bcc: x@example.com: €120.00"
    assert shown["text"].startswith("Please pay €120.00\nat https://pay.example.com/?a=1&b=2")
    assert '<a href="https://pay.example.com/?a=1&amp;b=2">' in shown["html"]
    assert "<p>Salon Berlin</p>" in shown["html"]
    assert shown["segments"] is None
    assert shown["warnings"] == []


def test_a_whatsapp_preview_has_the_values_of_the_approved_template(api: Api) -> None:
    save(api, body="Hi {name}, {date}", content_id="HX1", content_variables=["name", "date"])
    shown = preview(api, name="reminder", channel="whatsapp")

    assert shown["content_id"] == "HX1"
    assert shown["content_variables"] == {"1": "Ada", "2": "1 December"}
    assert preview(api, name="reminder", channel="sms")["content_id"] is None


WARNINGS: list[tuple[dict[str, Any], str]] = [
    ({"body": "a" * 1601}, "too long to be sent: this channel takes 1600 characters"),
    ({"body": "a" * 161}, "sent and charged as 2 messages"),
    ({"body": "a", "channel": "email"}, "without a subject"),
    ({"name": "reminder", "locale": "it"}, "there is none in this language: this one is in en"),
]


def test_a_preview_warns(api: Api, subtests: pytest.Subtests) -> None:
    for asked, warning in WARNINGS:
        with subtests.test(warning):
            said = preview(api, **asked)["warnings"]
            assert any(one.startswith(warning) for one in said)


SENSELESS: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["body"]), ({"name": "a", "body": "b"}, ["body"]),
        ({"name": "reminder", "subject": "x"}, ["subject"]),
        ({"body": "{nmae}"}, ["body"]), ({"body": "x", "subject": "{nmae}"}, ["subject"]),
        ({"body": "x", "variables": {"colour": "red"}}, ["variables"]),
        ({"body": "x", "variables": {"x_a": None}}, ["variables.x_a"]),
        ({"body": "x", "variables": "x"}, ["variables"]),
        ({"body": "x", "digits": 1}, ["digits"]), ({"body": "x", "channel": "any"}, ["channel"]),
        ({"body": "x", "booking": {"starts_at": "2026-12-01T14:30:00"}}, ["booking.starts_at"]),
        ({"body": "x", "time_zone": "CET"}, ["time_zone"]),
]  # fmt: skip


def test_a_preview_that_makes_no_sense_is_refused(api: Api, subtests: pytest.Subtests) -> None:
    for asked, fields in SENSELESS:
        with subtests.test(str(asked)):
            answer = api.post(PREVIEW, {"channel": "sms", "locale": "en", **asked})

            assert answer.status_code == 422
            assert fields_at_fault(answer) == fields


def test_a_preview_keeps_nothing(api: Api) -> None:
    preview(api, body="Hi {name}")

    with base.connection():
        assert Template.select().count() == 0
