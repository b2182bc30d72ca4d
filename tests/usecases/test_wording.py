"""From a notification's wording to the text that leaves: whose template, in which language, with
which values, and what is never sent."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.outcomes import Reason
from gateway.domain.rendering import Rendered
from gateway.domain.templates import Unfillable
from gateway.models import base
from gateway.models.organization import Organization
from gateway.models.template import Template
from tests import rows
from tests.conftest import Account, Configure
from tests.usecases.words import appointment, keep, rendered

pytestmark = pytest.mark.row("A8")
Render = Callable[..., Rendered]


@pytest.fixture
def organization(
    configure: Configure, open_account: Callable[[str], Account]
) -> Iterator[Organization]:
    """Salon Berlin, with the thread of the test connected."""
    configure()
    account = open_account("Salon Berlin")
    with base.connection():
        yield Organization.get_by_id(account.organization_id)


@pytest.fixture
def render(organization: Organization) -> Render:
    """Renders a reminder of Ada's appointment: `render("sms", locale="de", wording={…})`."""

    def make(
        channel: str, *, wording: dict[str, Any] | None = None, purpose: str = "reminder",
        digits: bool = False, booked: dict[str, Any] | None = None, **person: Any,
    ) -> Rendered:  # fmt: skip
        contact = rows.contact(organization.id, **{"name": "Ada", **person})
        booking = appointment(organization, contact.id, **(booked or {}))
        row = rows.notification(
            organization.id, contact=contact.id, booking=booking.id, purpose=purpose,
            wording=wording or {}, plan=[{"channel": channel}],
        )  # fmt: skip
        return rendered(row, booking, channel, organization, digits=digits)

    return make


def test_a_reminder_without_words_is_ours(render: Render) -> None:
    assert render("voice") == Rendered(
        "Hello Ada. This is a reminder of your appointment for Haircut on Tuesday, 1 December at"
        " 14:30. Goodbye.",
        template="reminder", version=0, locale="en",
    )  # fmt: skip
    german = render("sms", locale="de-AT", time_zone="Europe/London")
    assert german.text == (
        "Guten Tag Ada. Salon Berlin erinnert Sie an Ihren Termin für Haircut am Dienstag,"
        " 1. Dezember um 13:30 Uhr."
    )


def test_digits_are_named_when_they_can_be_answered(render: Render) -> None:
    assert "Press 1 to confirm" in render("voice", digits=True).text
    assert "Reply 1 to confirm" in render("whatsapp", digits=True).text


def test_the_newest_own_template_comes_before_ours(
    render: Render, organization: Organization
) -> None:
    keep(organization, "Old {time}")
    keep(organization, "Until {time}", version=2)
    keep(organization, "Call {time}", channel="voice", version=7)

    assert (render("sms").text, render("sms").version) == ("Until 14:30", 2)
    assert (render("voice").text, render("voice").version) == ("Call 14:30", 7)


def test_languages_fall_back_from_the_person_to_the_organization_to_english(
    render: Render, organization: Organization
) -> None:
    keep(organization, "English {date}")
    assert render("sms", locale="de-AT").text == "English 1 December"
    organization.locale = "fr-CH"
    keep(organization, "Français {date}", locale="fr")
    assert render("sms", locale="de-AT").text == "Français 1 décembre"
    keep(organization, "Deutsch {date}", locale="de")
    assert render("sms", locale="de-AT").text == "Deutsch 1. Dezember"
    keep(organization, "Österreich {date}", locale="de-AT")
    assert render("sms", locale="de-AT").text == "Österreich 1. Dezember"
    assert render("sms", locale="de").text == "Deutsch 1. Dezember"


def test_a_template_in_another_language_only_is_better_than_none(
    render: Render, organization: Organization
) -> None:
    keep(organization, "Ciao {x_a}", name="welcome", locale="it")

    assert render("sms", wording={"template": "welcome", "variables": {"x_a": "{name}"}}) == (
        Rendered("Ciao {name}", template="welcome", version=1, locale="it")
    )


def test_another_organizations_template_is_not_found(
    render: Render, organization: Organization, open_account: Callable[[str], Account]
) -> None:
    other = Organization.get_by_id(open_account("Another").organization_id)
    keep(other, "Theirs", name="welcome")
    keep(other, "Theirs")

    assert render("sms").version == 0
    with pytest.raises(Unfillable):
        render("sms", wording={"template": "welcome"})


def test_own_words_are_sent_as_they_are(render: Render) -> None:
    words = {"say": "Hello {name}\x07!", "text": "Line\r\nLine"}

    assert render("voice", wording=words) == Rendered("Hello {name}!")
    assert render("sms", wording=words) == Rendered("Line\nLine")
    assert render("sms", wording={"say": "Only said"}).text == "Only said"
    assert render("voice", wording={"text": "Only written"}).text == "Only written"
    assert render("sms", wording={"say": "x", "template": "reminder"}).template == "reminder"
    assert render("voice", wording={"say": "x", "template": "reminder"}).text == "x"


def test_an_email_has_a_subject_and_html(render: Render, organization: Organization) -> None:
    ours = render("email", name="<Ada>")
    assert ours.subject == "Your appointment on Tuesday, 1 December at 14:30"
    assert "Hello &lt;Ada&gt;." in str(ours.html)
    own = render("email", wording={"text": "1 < 2", "subject": "A\r\nBcc: x"})
    assert (own.subject, own.text) == ("A Bcc: x", "1 < 2")
    assert "<p>1 &lt; 2</p>" in str(own.html)
    assert render("email", wording={"text": "Hi"}).subject == "Salon Berlin"


def test_whatsapp_gets_the_approved_template_with_its_values(
    render: Render, organization: Organization
) -> None:
    keep(organization, "Hi {name}", content_id="HX1", content_variables=["name", "x_a"])
    words = {"variables": {"x_a": "a\n\n   b"}}

    sent = render("whatsapp", wording=words)
    assert (sent.content_id, sent.content_variables) == ("HX1", {"1": "Ada", "2": "a b"})
    assert render("sms").content_id is None
    with pytest.raises(Unfillable) as objection:
        render("whatsapp")
    assert objection.value.missing == ("x_a",)


@pytest.mark.parametrize(
    ("body", "missing"),
    [("{staff}", ("staff",)), ("{amount} {x_a}", ("amount", "x_a")), ("{name}", ("name",))],
)
def test_half_a_text_is_never_sent(
    render: Render, organization: Organization, body: str, missing: tuple[str, ...]
) -> None:
    keep(organization, f"Hello {body}")
    with pytest.raises(Unfillable) as objection:
        render("sms", name=None)

    assert objection.value.missing == missing
    assert objection.value.reason == Reason.TEMPLATE
    assert all(f"{{{name}}}" in str(objection.value) for name in missing)


def test_what_is_too_long_or_empty_is_not_sent(render: Render, organization: Organization) -> None:
    keep(organization, "{x_a}" * 5)
    long = {"variables": {"x_a": "a" * 500}}

    assert len(render("voice", wording=long).text) == 2500
    for channel in ("sms", "whatsapp"):
        with pytest.raises(Unfillable, match="1600"):
            render(channel, wording=long)
        with pytest.raises(Unfillable, match="1600"):
            render(channel, wording={"text": "a" * 1601})
    with pytest.raises(Unfillable):
        render("sms", wording={"text": "\x07 "})


def test_a_request_without_words_is_not_sent(render: Render) -> None:
    with pytest.raises(Unfillable):
        render("sms", purpose="request")
    with pytest.raises(Unfillable):
        render("sms", purpose="dunning")


def test_a_request_fills_a_template_without_an_appointment(organization: Organization) -> None:
    keep(organization, "{greeting} {amount} since {days_overdue} days", name="dunning")
    given_ = {"template": "dunning", "variables": {"amount": "5 EUR", "days_overdue": "3"}}
    row = rows.notification(organization.id, wording=given_)

    assert rendered(row, None, "sms", organization).text == "Hello. €5.00 since 3 days"


def test_a_nudge_tells_the_staff_member_whom_and_when(organization: Organization) -> None:
    eve = rows.contact(organization.id, name="Eve", locale="en")
    ada = rows.contact(organization.id, name="Ada")
    booking = appointment(organization, ada.id, staff=eve.id)
    row = rows.notification(
        organization.id, contact=eve.id, booking=booking.id, purpose="nudge", wording={}
    )

    assert rendered(row, booking, "sms", organization).text == (
        "Hello Eve. Your appointment with Ada for Haircut starts in 1 day, at 14:30."
    )


def test_one_query_finds_the_template(
    organization: Organization, caplog: pytest.LogCaptureFixture
) -> None:
    for version in range(1, 4):
        for locale in ("en", "de", "fr"):
            keep(organization, "Hi {organization}", locale=locale, version=version)
    row = rows.notification(organization.id, purpose="reminder", wording={})
    assert row.contact.name is None

    with caplog.at_level(logging.DEBUG, "peewee"):
        made = rendered(row, None, "sms", organization)
    assert made.version == 3
    assert len(caplog.records) == 1


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60),
    value=st.sampled_from(["{name}", "{organization.id}", "{0.__class__}", "{{x}}", "%s", "${x}"]),
)
def test_nothing_in_a_value_is_ever_evaluated(
    render: Render, organization: Organization, name: str, value: str
) -> None:
    words = {"template": "hello", "variables": {"x_a": f"{value}|{name}|{value}"}}
    if not Template.select().where(Template.name == "hello").exists():
        keep(organization, "<{x_a}>", name="hello")

    text = render("sms", wording=words).text
    assert text == f"<{value}|{name}|{value}>".replace("\u2028", " ").replace("\u2029", " ")
