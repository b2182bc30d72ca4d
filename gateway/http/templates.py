"""/api/v1/templates: wordings, their versions, and how they come out."""

from datetime import datetime, timedelta
from typing import Any

from flask import Response

from gateway.domain.errors import NotFound
from gateway.domain.wording import Occasion
from gateway.http.answers import send
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.template_answer import (
    PreviewAnswer,
    TemplateAnswer,
    TemplatePage,
    preview_answer,
    template_answer,
)
from gateway.http.template_input import (
    PreviewInput,
    TemplateFilterInput,
    TemplateInput,
    TemplateQuery,
)
from gateway.usecases import templates, wording
from gateway.usecases.idempotency import Answer
from gateway.usecases.templates import Wanted
from gateway.usecases.wording import Draft

blueprint = Blueprint(
    "templates",
    __name__,
    url_prefix="/api/v1/templates",
    description="Wordings with placeholders, by channel and language",
)
EXAMPLE = {
    "name": "reminder",
    "channel": "any",
    "locale": "en",
    "subject": "{weekday}, {date} at {time}",
    "body": "{greeting} See you {time_until}, on {weekday}, {date} at {time}. {organization}",
}
PREVIEW_EXAMPLE = {
    "body": "{greeting} See you {time_until}: {x_room}.",
    "channel": "sms",
    "locale": "de",
    "variables": {"x_room": "Raum 3"},
    "booking": {"starts_at": "2026-12-01T14:30:00+01:00", "name": "Ada"},
}
MADE_UP = {
    "name": "Ada",
    "customer": "Ada",
    "staff": "Eve",
    "duration_minutes": 45,
    "service": {"name": "Haircut", "price": "45.00 EUR"},
}


@blueprint.route("", methods=["POST"])
@requires("bookings:write")
@blueprint.doc(operationId="saveTemplate", summary="Save a template", parameters=[HEADER])
@blueprint.arguments(TemplateInput, example=EXAMPLE)
@blueprint.response(201, TemplateAnswer, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=TemplateAnswer,
    success=True,
    description="The newest version says the same already",
    headers=REPLAYED,
)
def save(wanted: Wanted) -> Response:
    """The next version of its name, channel and language. What was sent keeps its own."""

    def work(now: datetime) -> Answer:
        shown, made = templates.save(caller(), wanted, now)
        return Answer(201 if made else 200, template_answer(shown))

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("bookings:read", query=True)
@blueprint.doc(operationId="listTemplates", summary="List templates, newest first")
@blueprint.arguments(TemplateQuery, location="query")
@blueprint.response(200, TemplatePage)
def list_templates(query: dict[str, Any]) -> Response:
    """The newest version of each. An organization's test and live keys share them."""
    rows, following = page(
        caller(),
        "templates",
        query,
        lambda filters, limit, before: templates.newest(caller(), filters, limit, before),
        lambda shown: shown.key,
    )
    return send(200, {"data": [template_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/<name>/versions", methods=["GET"])
@requires("bookings:read", query=True)
@blueprint.doc(operationId="listTemplateVersions", summary="List the versions of a template")
@blueprint.arguments(TemplateFilterInput, location="query")
@blueprint.response(200, TemplatePage)
def list_versions(query: dict[str, Any], name: str) -> Response:
    """Newest first, of every channel and language; what is built in stands at the end."""
    if not templates.is_name(name):
        raise NotFound
    rows, following = page(
        caller(),
        f"templates/{name}",
        query,
        lambda filters, limit, before: templates.versions(
            caller(), {**filters, "name": name}, limit, before
        ),
        lambda shown: shown.key,
    )
    return send(200, {"data": [template_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/preview", methods=["POST"])
@requires("bookings:read")
@blueprint.doc(
    operationId="previewTemplate", summary="Preview a template or a text", parameters=[HEADER]
)
@blueprint.arguments(PreviewInput, example=PREVIEW_EXAMPLE)
@blueprint.response(200, PreviewAnswer, headers=REPLAYED)
def preview(asked: dict[str, Any]) -> Response:
    """As it would be sent, with what it would cost as an SMS. Nothing is kept or sent."""

    def work(now: datetime) -> Answer:
        organization = caller().organization
        return Answer(200, preview_answer(wording.preview(organization, _draft(asked, now))))

    return once(work)


def _draft(asked: dict[str, Any], now: datetime) -> Draft:
    organization = caller().organization
    sample = asked.get("booking", {**MADE_UP, "starts_at": now + timedelta(days=1)})
    service = sample.get("service") or {}
    about = Occasion(
        organization=organization.name,
        time_zone=asked.get("time_zone", organization.time_zone),
        now=now,
        channel=asked["channel"],
        service=service.get("name"),
        price=service.get("price"),
        variables=asked.get("variables", {}),
        digits=asked["digits"],
        **{
            name: sample.get(name)
            for name in ("name", "customer", "staff", "duration_minutes", "starts_at")
        },
    )
    locale = asked.get("locale", organization.locale)
    return Draft(locale, about, asked.get("name"), asked.get("body"), asked.get("subject"))
