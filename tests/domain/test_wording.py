"""What placeholders stand for, and what our own templates say with them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import builtin_templates, localized, phrases, templates
from gateway.domain.builtin_templates import BUILT_IN
from gateway.domain.errors import Invalid
from gateway.domain.segments import measure
from gateway.domain.templates import LONGEST, PLACEHOLDERS, Template
from gateway.domain.wording import Occasion, check_variables, clean, values

pytestmark = pytest.mark.row("A8")
NOW = datetime(2026, 11, 30, 10, 30, tzinfo=UTC)
ABOUT = Occasion(
    organization="Salon Berlin", time_zone="Europe/Berlin", now=NOW, channel="sms", name="Ada",
    customer="Ada", service="Haircut", staff="Eve", price="45.00 EUR", duration_minutes=45,
    starts_at=datetime(2026, 12, 1, 13, 30, tzinfo=UTC),
)  # fmt: skip
ENGLISH = localized.formats("en", "en")


def said(name: str, about: Occasion = ABOUT, tag: str = "en", **changes: Any) -> str | None:
    return values([name], replace(about, **changes), localized.formats(tag, tag))[name]


def filled(template: Template, about: Occasion = ABOUT) -> templates.Filled:
    locale = localized.formats(template.locale, template.locale)
    return templates.fill(template.body, values(templates.names(template.body), about, locale))


def ours(name: str, channel: str = "any", locale: str = "en") -> Template:
    found = templates.choose(builtin_templates.of(name), channel, [locale])
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Ada"), ("greeting", "Hello Ada."), ("customer", "Ada"),
        ("with_customer", "with Ada"), ("service", "Haircut"), ("for_service", "for Haircut"),
        ("staff", "Eve"), ("price", "€45.00"), ("duration", "45 minutes"), ("date", "1 December"),
        ("time", "14:30"), ("weekday", "Tuesday"), ("time_until", "in 1 day"),
        ("organization", "Salon Berlin"), ("reply_hint", ""), ("amount", None), ("x_room", None),
    ],
)  # fmt: skip
def test_each_placeholder_says_what_is_known(name: str, value: str | None) -> None:
    assert said(name) == value


def test_without_an_appointment_nothing_is_made_up() -> None:
    bare = Occasion("Salon", "Europe/Berlin", NOW, "sms")
    known = values(PLACEHOLDERS, bare, ENGLISH)

    assert {name: value for name, value in known.items() if value is not None} == {
        "greeting": "Hello.", "with_customer": "", "for_service": "", "reply_hint": "",
            "with_staff": "", "duration_and_price": "",
        "organization": "Salon",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "given_", "tag", "value"),
    [
        ("amount", "120.00 EUR", "de", "120,00 €"),
        ("price", "free", "de", "free"),
        ("due_date", "2026-12-24", "de", "24. Dezember"),
        ("due_date", "soon", "de", "soon"),
        ("offer_expires", "2026-11-30T12:00:00Z", "en", "13:00"),
        ("offer_expires", "2026-12-01T12:00:00Z", "en", "1 December, 13:00"),
        ("offer_expires", "in an hour", "en", "in an hour"),
        ("days_overdue", "14", "en", "14"),
        ("name", "Grace", "en", "Grace"),
        ("greeting", "Dear all,", "en", "Dear all,"),
        ("x_room", "{organization}", "en", "{organization}"),
    ],
)
def test_values_that_a_request_brings_come_first_and_are_written_as_the_language_does(
    name: str, given_: str, tag: str, value: str
) -> None:
    assert said(name, tag=tag, variables={name: given_}) == value


def test_phrases_follow_the_values_that_a_request_brings() -> None:
    own = {"name": "Grace", "service": "Massage", "customer": "Bob"}

    assert said("greeting", variables=own) == "Hello Grace."
    assert said("for_service", variables=own) == "for Massage"
    assert said("with_customer", variables=own) == "with Bob"


@pytest.mark.parametrize("channel", ["voice", "sms", "whatsapp"])
def test_digits_are_named_only_where_they_are_understood(channel: str) -> None:
    start = "Press 1" if channel == "voice" else "Reply 1"

    assert said("reply_hint", channel=channel) == ""
    hint = said("reply_hint", channel=channel, digits=True)
    assert hint is not None
    assert hint.startswith(f"{start} to confirm, 2 to change the appointment, 3 to cancel")
    assert said("reply_hint", channel="email", digits=True) == ""


def test_the_persons_zone_counts() -> None:
    assert said("time", time_zone="America/New_York") == "08:30"
    assert said("date", time_zone="Pacific/Kiritimati") == "2 December"
    assert said("weekday", time_zone="Pacific/Kiritimati", tag="de") == "Mittwoch"


@given(st.text(max_size=100))
def test_a_value_is_one_line_without_anything_that_controls(text: str) -> None:
    kept = clean(text)

    assert not re.search("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]", kept)
    assert clean(kept) == kept


def test_a_value_starts_no_new_line_and_no_header() -> None:
    assert clean("Ada\r\nBcc: everybody@example.com") == "Ada Bcc: everybody@example.com"
    assert said("name", replace(ABOUT, name="Ada\x00\x1b[2J")) == "Ada[2J"
    assert said("greeting", replace(ABOUT, name=" \n ")) == "Hello."


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"colour": "red"}, "variables"), ({"X": "1"}, "variables"), ({"x_a": ""}, "variables.x_a"),
        ({"x_a": "\x00"}, "variables.x_a"), ({"x_a": None}, "variables.x_a"),
        ({"x_a": True}, "variables.x_a"), ({"x_a": 1.5}, "variables.x_a"),
        ({"x_a": ["a"]}, "variables.x_a"), ({"x_a": "a" * 501}, "variables.x_a"),
        ({f"x_{n}": "a" for n in range(51)}, "variables"),
    ],
)  # fmt: skip
def test_a_value_that_no_template_could_use_is_refused(
    variables: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        check_variables(variables)
    assert refused.value.field == field


def test_whole_numbers_are_values_too() -> None:
    kept = check_variables({"days_overdue": 14, "x_a": " b\x00\nc "})

    assert kept == {"days_overdue": "14", "x_a": "b c"}


SENTENCES = [
    ("reminder", "voice", "en",
     "Hello Ada. This is a reminder of your appointment for Haircut on Tuesday, 1 December at"
     " 14:30. Goodbye."),
    ("reminder", "sms", "en",
     "Hello Ada. Salon Berlin reminds you of your appointment for Haircut on Tuesday, 1 December at"
     " 14:30."),
    ("reminder", "sms", "de",
     "Guten Tag Ada. Salon Berlin erinnert Sie an Ihren Termin für Haircut am Dienstag, 1. Dezember"
     " um 14:30 Uhr."),
    ("reminder", "voice", "fr",
     "Bonjour Ada. Nous vous rappelons votre rendez-vous pour Haircut du mardi 1 décembre à 14:30."
     " Au revoir."),
    ("reminder", "voice", "es",
     "Hola, Ada. Le recordamos su cita para Haircut del martes, 1 de diciembre, a las 14:30."
     " Adiós."),
    ("reminder", "voice", "pl",
     "Dzień dobry, Ada. Przypominamy o wizycie (Haircut): wtorek, 1 grudnia, godzina 14:30."
     " Do usłyszenia."),
    ("nudge", "sms", "en",
     "Hello Ada. Your appointment with Ada for Haircut starts in 1 day, at 14:30."),
    ("cancellation", "sms", "en",
     "Hello Ada. Your appointment for Haircut at Salon Berlin on Tuesday, 1 December at 14:30 is"
     " canceled."),
    ("opt_out", "sms", "en",
     "You will get no more messages from Salon Berlin. Reply START to get them again."),
    ("opt_out", "voice", "de", "Sie erhalten keine Anrufe mehr von Salon Berlin."
     " Auf Wiederhören."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "channel", "locale", "text"), SENTENCES)
def test_our_own_templates_read_like_this(name: str, channel: str, locale: str, text: str) -> None:
    assert filled(ours(name, channel, locale)) == templates.Filled(text, ())


def test_a_spoken_reminder_works_without_a_name_or_a_service() -> None:
    bare = replace(ABOUT, name=None, service=None)

    assert filled(ours("reminder", "voice"), bare).text == (
        "Hello. This is a reminder of your appointment on Tuesday, 1 December at 14:30. Goodbye."
    )


def test_a_spoken_reminder_names_the_keys_before_it_says_goodbye() -> None:
    text = filled(ours("reminder", "voice"), replace(ABOUT, channel="voice", digits=True)).text

    assert "at 14:30. Press 1 to confirm, 2 to change the appointment, 3 to cancel" in text
    assert text.endswith("calls. Goodbye.")


def test_every_one_of_ours_could_be_saved_and_is_there_in_five_languages() -> None:
    kinds = {(one.name, one.channel) for one in BUILT_IN}
    assert {one.name for one in BUILT_IN} == {
        "reminder", "nudge", "cancellation", "confirmation", "moved", "move_requested",
        "opt_out", "help", "waitlist", "waitlist_accepted", "waitlist_over",
        "dunning", "dunning_second", "dunning_final",
    }  # fmt: skip
    for locale in phrases.PHRASES:
        mine = [one for one in BUILT_IN if one.locale == locale]
        assert {(one.name, one.channel) for one in mine} == kinds
    for one in BUILT_IN:
        templates.check(one.body, "body")
        templates.check(one.subject or "", "subject")
        templates.check_length(one.body, one.channel, "body")
        assert (one.subject is not None) == (one.channel == "any")


@pytest.mark.parametrize("template", BUILT_IN, ids=lambda one: f"{one.name}-{one.locale}")
def test_none_of_ours_leaves_a_gap_with_or_without_what_may_be_missing(template: Template) -> None:
    given_ = {
        "offer_expires": "2026-11-30T13:45:00Z", "amount": "120.00 EUR", "days_overdue": "3",
        "due_date": "2026-11-27", "payment_link": "https://pay.example.com/117",
    }  # fmt: skip
    whole = replace(ABOUT, variables=given_)
    bare = replace(
        whole, name=None, service=None, customer=None, staff=None, price=None, duration_minutes=None
    )  # fmt: skip
    for about in (whole, bare, replace(whole, digits=True), replace(bare, offered=True)):
        text, missing = filled(template, about).text, filled(template, about).missing
        assert missing == ()
        assert not re.search(r"[{}]|  | [.,]", text)
        assert len(text) <= LONGEST["sms"]


def test_ours_fit_into_one_or_two_parts_in_english() -> None:
    for one in (one for one in BUILT_IN if one.locale == "en" and one.channel == "any"):
        measured = measure(filled(one, replace(ABOUT, digits=True)).text)
        assert (measured.encoding, measured.count <= 2) == ("GSM-7", True)
