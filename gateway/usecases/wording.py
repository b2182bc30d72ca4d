"""What exactly is said or written: from a notification's wording to a text that is ready to
leave."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.domain import builtin_templates, localized, segments, templates
from gateway.domain.errors import Invalid
from gateway.domain.mail_body import html
from gateway.domain.rendering import Rendered
from gateway.domain.segments import Segments
from gateway.domain.templates import LONGEST, Template
from gateway.domain.templates import Unfillable as Unfillable  # what render raises
from gateway.domain.wording import Occasion, clean, values
from gateway.models import template as stored
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.usecases import subjects

WORDLESS = "request"  # a purpose whose notifications bring their own words
LINKS = ("payment_link", "link")
LONGEST_SUBJECT = 900  # with its values; a header line ends at 998 (RFC 5322, 2.1.1)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Draft:
    """What to preview: the template of this name, or this text. `locale` is the language tag of
    whoever it is for."""

    locale: str
    about: Occasion
    name: str | None = None
    body: str | None = None
    subject: str | None = None


@dataclass(frozen=True)
class Preview:
    """A text as it would leave, or with its placeholders where values are `missing`. `segments`
    are of an SMS; `locale` is the language that was found."""

    rendered: Rendered
    locale: str
    segments: Segments | None
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def render(
    row: Notification,
    booking: Booking | None,
    channel: str,
    organization: Organization,
    now: datetime,
    *,
    digits: bool = False,
    own: bool = True,
) -> Rendered:
    """The text of a notification for a channel. Its own words come first, then the template that
    it names, then the one of its purpose: the organization's own before ours, unless it is known
    to have none (`own`). `digits`: whether the person can answer with 1, 2 or 3. One query for the
    template, and one for each further person whom the template names. Raises Unfillable."""
    wording: Mapping[str, Any] = row.wording
    words = _own_words(wording, channel)
    if words is not None:
        return _explicit(words, wording.get("subject"), channel, row.contact.locale, organization)
    name = wording.get("template") or (None if row.purpose == WORDLESS else row.purpose)
    if name is None:
        raise Unfillable("there are no words for this channel")
    template = find(organization, name, channel, row.contact.locale, own=own)
    if template is None:
        raise Unfillable("there is no template of this name for this channel")
    about = _occasion(row, booking, channel, organization, now, template.placeholders(channel))
    return compose(template, replace(about, digits=digits), row.contact.locale)


def find(
    organization: Organization, name: str, channel: str, locale: str | None, *, own: bool = True
) -> Template | None:
    """The template of this name: the organization's own before ours, each in the person's
    language, else in the organization's, else in English; and one that the organization has in
    other languages only is better than none."""
    wanted = localized.languages(locale, organization.locale)
    theirs = stored.Template.newest_named(organization.id, name) if own else []
    found = templates.choose(theirs, channel, wanted)
    found = found or templates.choose(builtin_templates.of(name), channel, wanted)
    return found or templates.choose(theirs, channel, sorted({x.locale.lower() for x in theirs}))


def compose(template: Template, about: Occasion, locale: str | None) -> Rendered:
    """A template with its values for one occasion. Raises Unfillable, naming every placeholder
    that has no value; never gives half a text."""
    made, missing = _filled(template, about, locale)
    if missing:
        listed = ", ".join(f"{{{name}}}" for name in missing)
        raise Unfillable(f"no value for {listed}", missing)
    _require_room(made, about.channel)
    return made


def preview(organization: Organization, draft: Draft) -> Preview:
    """How a template or a text comes out. Raises Invalid for a text that could not be saved for
    its placeholders, and for the name of a template that is not there."""
    about = draft.about
    if draft.body is not None:
        templates.check(draft.body, "body")
        templates.check(draft.subject or "", "subject")
        template = Template("", about.channel, draft.locale, 0, draft.body, draft.subject)
    else:
        named = find(organization, draft.name or "", about.channel, draft.locale)
        if named is None:
            raise Invalid("there is no template of this name for this channel", "name")
        template = named
    made, missing = _filled(template, about, draft.locale)
    if not template.name:
        made = replace(made, template=None, version=None)
    measured = segments.measure(made.text) if about.channel == "sms" else None
    warnings = tuple(_warnings(made, template, about.channel, draft.locale, measured))
    return Preview(made, template.locale, measured, missing, warnings)


def _own_words(wording: Mapping[str, Any], channel: str) -> str | None:
    """The words that a notification brings for this channel; those for the others only where no
    template is named."""
    first, second = ("say", "text") if channel == "voice" else ("text", "say")
    own = wording.get(first) or (None if wording.get("template") else wording.get(second))
    return None if own is None else str(own)


def _explicit(
    words: str, subject: str | None, channel: str, locale: str, organization: Organization
) -> Rendered:
    text = _CONTROL.sub("", words.replace("\r\n", "\n").replace("\r", "\n")).strip()
    made = Rendered(text)
    if channel == "email":
        headed = clean(subject or "") or organization.name
        made = Rendered(text, subject=headed, html=html(text, locale))
    _require_room(made, channel)
    return made


def _filled(
    template: Template, about: Occasion, locale: str | None
) -> tuple[Rendered, tuple[str, ...]]:
    used = template.placeholders(about.channel)
    known = values(used, about, localized.formats(locale, template.locale))
    body = templates.fill(template.body, known)
    made = Rendered(
        body.text, template=template.name, version=template.version,
        locale=_spoken(locale, template.locale),
    )  # fmt: skip
    missing = list(body.missing)
    if about.channel == "email":
        subject = templates.fill(template.subject or "", known)
        missing += subject.missing
        links = [known.get(name) or "" for name in LINKS]
        page = html(body.text, template.locale, links)
        headed = clean(subject.text) or about.organization
        made = replace(made, subject=headed, html=page)
    if about.channel == "whatsapp" and template.content_id is not None:
        names = template.content_variables
        missing += [name for name in names if not known[name]]
        numbered = {str(at): _narrow(known[name] or "") for at, name in enumerate(names, 1)}
        made = replace(made, content_id=template.content_id, content_variables=numbered)
    return made, tuple(dict.fromkeys(missing))


def _spoken(wanted: str | None, written: str) -> str:
    """The person's own variety of the language a text is in, else just that language."""
    language = written.replace("_", "-").split("-")[0].lower()
    return wanted if wanted and re.split("[-_]", wanted)[0].lower() == language else written


def _narrow(value: str) -> str:
    """A value for WhatsApp, which takes no runs of spaces in one."""
    return " ".join(value.split())


def _require_room(made: Rendered, channel: str) -> None:
    if not made.text:
        raise Unfillable("nothing is left of the text")
    if len(made.text) > LONGEST[channel]:
        raise Unfillable(f"the text has more than {LONGEST[channel]} characters")
    if len(made.subject or "") > LONGEST_SUBJECT:
        raise Unfillable(f"the subject has more than {LONGEST_SUBJECT} characters")


def _warnings(
    made: Rendered, template: Template, channel: str, locale: str, measured: Segments | None
) -> list[str]:
    said = []
    if len(made.text) > LONGEST[channel]:
        said.append(f"too long to be sent: this channel takes {LONGEST[channel]} characters")
    if measured is not None and measured.forced_by:
        strange = ", ".join(measured.forced_by)
        said.append(f"not in the GSM-7 alphabet: {strange}; so a part holds 70 characters, not 160")
    if measured is not None and measured.count > 1:
        said.append(f"sent and charged as {measured.count} messages")
    if channel == "email" and not template.subject:
        said.append("without a subject, the organization's name stands there")
    if not localized.same_language(template.locale, locale):
        said.append(f"there is none in this language: this one is in {template.locale}")
    return said


def _occasion(
    row: Notification,
    booking: Booking | None,
    channel: str,
    organization: Organization,
    now: datetime,
    used: set[str],
) -> Occasion:
    person = row.contact
    about = Occasion(
        organization=organization.name,
        time_zone=person.time_zone or organization.time_zone,
        now=now,
        channel=channel,
        name=person.name,
        variables=row.wording.get("variables") or {},
    )
    if booking is None:
        return subjects.occasion(row, about)
    service = booking.service or {}
    about = replace(
        about,
        time_zone=person.time_zone or booking.time_zone,
        service=service.get("name"),
        price=service.get("price"),
        duration_minutes=booking.duration_minutes,
        starts_at=booking.starts_at,
    )
    if used & {"customer", "with_customer"}:
        same = booking.contact_id == row.contact_id
        about = replace(about, customer=person.name if same else _name(booking.contact))
    if used & {"staff", "with_staff"} and booking.staff_id is not None:
        same = booking.staff_id == row.contact_id
        about = replace(about, staff=person.name if same else _name(booking.staff))
    return about


def _name(person: Contact | None) -> str | None:
    return None if person is None else str(person.name) if person.name else None
