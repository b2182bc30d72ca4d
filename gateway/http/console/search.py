"""/console: the search, where everybody begins."""

from typing import Any

from flask import Response, g, request, url_for
from markupsafe import Markup

from gateway import wallclock
from gateway.domain.channel_plan import CHANNELS
from gateway.domain.errors import Invalid, NotAllowed
from gateway.http import pagination
from gateway.http.console import highlight, telling
from gateway.http.console.group import blueprint
from gateway.http.console.search_query import (
    PERSONAL,
    PLAIN,
    Forgotten,
    from_address,
    given,
    parameters,
    wanted,
)
from gateway.http.staff_answers import off_to, page
from gateway.http.staff_pages import caller, form, staff
from gateway.http.staff_words import may
from gateway.models.attempts import AnyAttempt
from gateway.providers import all_providers
from gateway.usecases import console_search
from gateway.usecases.console_search import Found, Wanted

SHOWN = 25


@blueprint.get("")
@staff()
def search() -> Response:
    """The form and what it found: with nothing filled in, what went on last."""
    try:
        told = from_address()
    except Forgotten:
        return _page({}, 404, problem="This search is not known any more: please enter it again.")
    except Invalid as objection:
        return _page({}, 422, problem=_words(objection))
    try:
        asked = _allowed(wanted(told))
        return _page(told, **_results(told, asked))
    except Invalid as objection:
        return _page(told, 422, problem=_words(objection))


@blueprint.post("/search")
@staff()
def look() -> Response:
    """Take the form, and lead to the address of its results."""
    told = given(form(), (*PERSONAL, *PLAIN))
    _allowed(Wanted(words=told.get("words", "")))
    query: dict[str, Any] = {**parameters(told)}
    return off_to(url_for("console.search", **query))


def _allowed(asked: Wanted) -> Wanted:
    """Whoever may read no transcript may not guess their way through one."""
    if asked.words and not may("support"):
        raise NotAllowed("your role does not allow to search in what was said")
    return asked


def _results(told: dict[str, str], asked: Wanted) -> dict[str, Any]:
    found = console_search.find(caller(), asked)
    cursor = request.args.get("cursor")
    rows, onward = _listed(told, found, cursor)
    same = {name: request.args[name] for name in (*PLAIN, "search") if name in request.args}
    following = {**same, "cursor": onward} if onward else None
    return {
        "rows": rows,
        "following": following,
        "people": [] if cursor else found.people,
        "bookings": [] if cursor else found.bookings,
        "excerpts": _excerpts(rows, asked.words) if asked.words else {},
    }


def _listed(
    told: dict[str, str], found: Found, cursor: str | None
) -> tuple[list[AnyAttempt], str | None]:
    if found.filters is None:
        return [], None
    filters = found.filters
    return pagination.page(
        caller(),
        "console search",
        {"limit": SHOWN, **told, **({"cursor": cursor} if cursor else {})},
        lambda _, limit, before: console_search.attempts(caller(), filters, limit, before),
        lambda row: (row.created_at, row.id),
    )


def _excerpts(rows: list[AnyAttempt], words: str) -> dict[str, Markup]:
    """The hits in what was said; who was shown them is noted."""
    said = console_search.said_in(caller(), rows, wallclock.now(), g.request_id)
    return {id_: highlight.excerpt(text, words) for id_, text in said.items()}


def _page(told: dict[str, str], status: int = 200, **values: Any) -> Response:
    nothing: dict[str, Any] = {
        "rows": [], "following": None, "people": [], "bookings": [], "excerpts": {},
        "problem": None,
    }  # fmt: skip
    fields = {**dict.fromkeys((*PERSONAL, *PLAIN), ""), **told}
    return page("search.html", status, told=fields, **choices(), **{**nothing, **values})


def choices() -> dict[str, Any]:
    """What the form offers to choose from."""
    return {
        "channels": [(name, telling.in_words(name)) for name in CHANNELS],
        "groups": list(telling.GROUPS.items()),
        "states": [(name, telling.in_words(name)) for name in console_search.STATES],
        "providers": [(one.name, telling.carrier(one.name)) for one in all_providers()],
    }


def _words(objection: Invalid) -> str:
    labels = {"who": "Number, e-mail or name", "words": "Words", "from": "From", "to": "Until"}
    label = labels.get(str(objection.field), str(objection.field or "").capitalize())
    return f"{label}: {objection.detail}."
