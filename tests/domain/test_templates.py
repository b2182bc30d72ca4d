"""Templates: named placeholders from a list, checked, filled in once and never computed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import templates
from gateway.domain.errors import Invalid
from gateway.domain.templates import OPTIONAL, PLACEHOLDERS, Template, choose, fill

pytestmark = pytest.mark.row("A8")


@pytest.mark.parametrize(
    "text",
    [
        "{name.__class__}", "{name[0]}", "{name!r}", "{name:>10}", "{}", "{0}", "{name", "name}",
        "{{name}", "{ name }", "{Name}", "{name:{date}}", "{na me}", "{x-y}",
        "{" + "x" * 41 + "}", "{_}", "{name()}", "{名}",
    ],
)  # fmt: skip
def test_anything_but_a_plain_name_in_braces_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        templates.check(text, "body")
    assert refused.value.field == "body"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hi {nmae}", "{nmae} is not a placeholder: did you mean {name}"),
        ("{organisation}", "did you mean {organization}"),
        ("{colour}", "names of your own begin with x_"),
        ("{x_}", "{x_} is not a placeholder"),
    ],
)
def test_a_placeholder_that_is_not_known_is_named_with_what_was_meant(text: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        templates.check(text, "subject")
    assert says in refused.value.detail
    assert refused.value.field == "subject"


def test_every_placeholder_of_the_list_and_own_ones_are_taken() -> None:
    text = " ".join(f"{{{name}}}" for name in (*PLACEHOLDERS, "x_room", "x_2"))

    templates.check(text, "body")
    assert templates.names(text) == [*PLACEHOLDERS, "x_room", "x_2"]


def test_a_doubled_brace_is_a_brace() -> None:
    templates.check("{{name}} {name}", "body")

    assert fill("{{name}} {name}", {"name": "Ada"}).text == "{name} Ada"


@given(st.text(max_size=80), st.text(min_size=1, max_size=80).filter(str.strip))
def test_a_value_is_never_read_as_a_template(before: str, value: str) -> None:
    literal = before.replace("{", "{{").replace("}", "}}")
    filled = fill(f"|{literal}|{{name}}|", {"name": value})

    assert filled.text == f"|{before}|{value}|"
    assert filled.missing == ()


@pytest.mark.parametrize(
    "value", ["{organization}", "{name.__class__.__mro__}", "{0}", "{{x}}", "%(name)s", "{", "}"]
)
def test_braces_in_a_value_stay_as_they_are(value: str) -> None:
    values = {"name": value, "organization": "a secret"}

    assert fill("Hello {name}, {name}.", values).text == f"Hello {value}, {value}."


def test_what_has_no_value_is_named_once_and_shown_as_written() -> None:
    filled = fill("{service} on {date}, {service}", {"date": "1 May", "service": None})

    assert filled.text == "{service} on 1 May, {service}"
    assert filled.missing == ("service",)
    assert fill("{staff}", {"staff": ""}).missing == ("staff",)


@pytest.mark.parametrize(
    ("text", "without", "value", "together"),
    [
        ("Your appointment {for_service} on", "Your appointment on", "for a cut",
         "Your appointment for a cut on"),
        ("At nine. {reply_hint} Goodbye.", "At nine. Goodbye.", "Press 1.",
         "At nine. Press 1. Goodbye."),
        ("{reply_hint} Goodbye.", "Goodbye.", "Press 1.", "Press 1. Goodbye."),
        ("At nine.\n{reply_hint}", "At nine.", "Press 1.", "At nine.\nPress 1."),
        ("At nine.\n{reply_hint}\nBye.", "At nine.\nBye.", "Press 1.",
         "At nine.\nPress 1.\nBye."),
        ("Visit {with_customer} {for_service}.", "Visit.", "x", "Visit x x."),
    ],
)  # fmt: skip
def test_what_may_come_to_nothing_leaves_no_gap(
    text: str, without: str, value: str, together: str
) -> None:
    assert fill(text, dict.fromkeys(OPTIONAL, "")).text == without
    assert fill(text, dict.fromkeys(OPTIONAL, value)).text == together


def test_an_optional_phrase_that_the_language_lacks_is_missing() -> None:
    assert fill("Hi {for_service}", {"for_service": None}).missing == ("for_service",)


def template(locale: str, channel: str = "any", version: int = 1) -> Template:
    return Template("reminder", channel, locale, version, "Hi")


def test_language_counts_before_channel_and_channel_before_age() -> None:
    german, austrian = template("de"), template("de-AT")
    voice, english = template("de", "voice"), template("en", "voice", 9)
    kept = [english, german, voice, austrian]

    assert choose(kept, "voice", ["de-at", "de", "en"]) == austrian
    assert choose(kept, "voice", ["de", "en"]) == voice
    assert choose(kept, "sms", ["de", "en"]) == german
    assert choose(kept, "voice", ["fr", "en"]) == english
    assert choose(kept, "sms", ["fr", "en"]) is None
    assert choose([german, template("de", version=2)], "sms", ["de"]) == template("de", version=2)


def test_a_text_that_can_never_fit_its_channel_is_refused() -> None:
    templates.check_length("a" * 1600 + "{name}", "sms", "body")
    for channel, most in templates.LONGEST.items():
        with pytest.raises(Invalid):
            templates.check_length("a" * (most + 1), channel, "body")
