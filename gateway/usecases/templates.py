"""An organization's own templates: saved once, kept in every version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.domain import builtin_templates, localized, phrases, templates
from gateway.domain.errors import Invalid, NotFound, StillRunning
from gateway.domain.templates import ANY, CHANNELS, LONGEST_SUBJECT, PHRASED
from gateway.models.listing import Position
from gateway.models.template import Template
from gateway.usecases.accounts import Caller

OURS_SINCE = datetime(2000, 1, 1, tzinfo=UTC)  # has what is built in stand last in a list
MOST_CONTENT_VARIABLES = 100
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,119}", re.ASCII)
_CONTENT_ID = re.compile(r"[A-Za-z0-9_.:-]{1,80}", re.ASCII)
_WRITERS_AT_ONCE = 20


@dataclass(frozen=True)
class Wanted:
    """A wording to save."""

    name: str
    locale: str
    body: str
    channel: str = ANY
    subject: str | None = None
    content_id: str | None = None
    content_variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """One version: the organization's own row, or one of ours without an id."""

    id: str | None
    wording: templates.Template
    created_at: datetime

    @property
    def key(self) -> Position:
        """Where it stands in a list."""
        own = self.wording
        return self.created_at, self.id or f"{own.name}|{own.channel}|{own.locale}"


def save(caller: Caller, wanted: Wanted, now: datetime) -> tuple[Shown, bool]:
    """Keep a wording as the next version of its name, channel and language, and say True; or give
    back the newest version when it says the same already. Raises Invalid, naming the field and the
    placeholder at fault."""
    locale = _checked(wanted)
    mine = {"name": wanted.name, "channel": wanted.channel, "locale": locale}
    says = {
        "subject": wanted.subject,
        "body": wanted.body,
        "content_id": wanted.content_id,
        "content_variables": list(wanted.content_variables),
    }
    for _ in range(_WRITERS_AT_ONCE):
        last = Template.newest(caller.organization_id, **mine)
        if last is not None and all(getattr(last, name) == said for name, said in says.items()):
            return _shown(last), False
        version = last.version + 1 if last is not None else 1
        made = Template.add(
            organization=caller.organization_id, version=version, created_at=now, **mine, **says
        )
        if made is not None:
            return _shown(made), True
    raise StillRunning


def newest(
    caller: Caller, filters: Mapping[str, Any], limit: int, before: Position | None
) -> list[Shown]:
    """The newest version of each of the organization's templates; with the filter `built_in` ours
    instead."""
    if filters.get("built_in"):
        return _ours(filters, before)[:limit]
    rows = Template.listed(caller.organization_id, filters, limit, before, newest=True)
    return [_shown(row) for row in rows]


def versions(
    caller: Caller, filters: Mapping[str, Any], limit: int, before: Position | None
) -> list[Shown]:
    """Every version of one name, newest first, and ours after the organization's own. Raises
    NotFound for a name that neither has."""
    rows = Template.listed(caller.organization_id, filters, limit, before, newest=False)
    found = [*(_shown(row) for row in rows), *_ours(filters, before)]
    if not found and not _known(caller, filters["name"]):
        raise NotFound
    return found[:limit]


def is_name(text: str) -> bool:
    """Whether a template can have this name."""
    return _NAME.fullmatch(text) is not None


def _known(caller: Caller, name: str) -> bool:
    own = Template.newest_named(caller.organization_id, name)
    return bool(own or builtin_templates.of(name))


def _shown(row: Template) -> Shown:
    return Shown(row.id, row.wording(), row.created_at)


def _ours(filters: Mapping[str, Any], before: Position | None) -> list[Shown]:
    """What is built in, in the order of a list, after a position."""
    wanted = {name: filters[name] for name in ("name", "channel", "locale") if filters.get(name)}
    found = [
        Shown(None, one, OURS_SINCE)
        for one in builtin_templates.BUILT_IN
        if all(getattr(one, name) == value for name, value in wanted.items())
    ]
    found.sort(key=lambda one: one.key, reverse=True)
    return [one for one in found if before is None or one.key < before]


def _checked(wanted: Wanted) -> str:
    """The language tag to keep it under. Raises Invalid."""
    if not is_name(wanted.name):
        raise Invalid("must be lower-case letters, digits, - and _, a letter first", "name")
    if wanted.channel not in CHANNELS:
        raise Invalid("is not a channel", "channel")
    locale = localized.canonical(wanted.locale)
    if locale is None:
        raise Invalid("is not a language that is known here", "locale")
    _check_text(wanted.body, locale, "body")
    templates.check_length(wanted.body, wanted.channel, "body")
    if wanted.subject is not None:
        _check_subject(wanted, locale)
    _check_content(wanted, locale)
    return locale


def _check_subject(wanted: Wanted, locale: str) -> None:
    if wanted.channel not in (ANY, "email"):
        raise Invalid("is for e-mail only", "subject")
    _check_text(wanted.subject or "", locale, "subject")
    if len(wanted.subject or "") > LONGEST_SUBJECT:
        raise Invalid(f"must have at most {LONGEST_SUBJECT} characters", "subject")


def _check_content(wanted: Wanted, locale: str) -> None:
    if wanted.content_id is None:
        if wanted.content_variables:
            raise Invalid("needs a content_id", "content_variables")
        return
    if wanted.channel not in (ANY, "whatsapp"):
        raise Invalid("is for WhatsApp only", "content_id")
    if not _CONTENT_ID.fullmatch(wanted.content_id):
        raise Invalid("must be the id that the carrier gave the template", "content_id")
    if len(wanted.content_variables) > MOST_CONTENT_VARIABLES:
        raise Invalid(f"takes at most {MOST_CONTENT_VARIABLES} names", "content_variables")
    for name in wanted.content_variables:
        templates.check_name(name, "content_variables")
        _check_phrase(name, locale, "content_variables")


def _check_text(text: str, locale: str, field: str) -> None:
    templates.check(text, field)
    for name in templates.names(text):
        _check_phrase(name, locale, field)


def _check_phrase(name: str, locale: str, field: str) -> None:
    if name in PHRASED and phrases.of(locale) is None:
        known = ", ".join(phrases.PHRASES)
        raise Invalid(f"{{{name}}} is there in {known} only: write it out", field)
