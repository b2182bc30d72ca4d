"""What is searched for: read from a form or an address, and written into an address again.

A number, a name and words that were said are kept in the session; an address has only their id."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import request

from gateway.domain.errors import Invalid
from gateway.http import staff_words
from gateway.http.staff_pages import session
from gateway.models import search_terms
from gateway.usecases.console_search import Wanted

PERSONAL = ("who", "words")
PLAIN = ("ref", "channel", "state", "provider", "from", "to")
_LONGEST = 200
_UNREADABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class Forgotten(Exception):
    """The terms of an address are not known in this session."""


def given(source: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The fields that are filled in. Raises Invalid for one that is no text."""
    found = {name: source.get(name, "").strip() for name in names}
    for name, text in found.items():
        if len(text) > _LONGEST or _UNREADABLE.search(text):
            raise Invalid("must be text of at most 200 characters", name)
    return {name: text for name, text in found.items() if text}


def from_address() -> dict[str, str]:
    """The fields of the present address, with what the session keeps for it. Raises Forgotten,
    Invalid."""
    plain = given(request.args, PLAIN)
    search_id = request.args.get("search")
    if not search_id:
        return plain
    kept = search_terms.find(session(), search_id)
    if kept is None:
        raise Forgotten
    return {**plain, **kept}


def parameters(told: Mapping[str, str]) -> dict[str, str]:
    """The query of the address of a search for these fields."""
    query = {name: told[name] for name in PLAIN if told.get(name)}
    personal = {name: told[name] for name in PERSONAL if told.get(name)}
    if personal:
        query["search"] = search_terms.keep(session().id, personal)
    return query


def wanted(told: Mapping[str, str]) -> Wanted:
    """The fields as what they mean. Raises Invalid for a moment that can't be read."""
    values: dict[str, Any] = dict(told)
    for name, column in (("from", "from_"), ("to", "to")):
        if text := values.pop(name, None):
            values[column] = _moment(text, name)
    known = {one.name for one in fields(Wanted)}
    return Wanted(**{name: value for name, value in values.items() if name in known})


def _moment(text: str, name: str) -> datetime:
    """A moment as browsers write it, a day or a day and a time, in the organization's zone."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("must be a day, or a day and a time", name) from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=ZoneInfo(staff_words.zone()))
    if not 2000 <= read.year <= 2200:
        raise Invalid("must be a day of this century", name)
    return read.astimezone(UTC)
