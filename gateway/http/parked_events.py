"""/api/v1/admin/parked-events: what providers told us and we could not apply."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields, post_load, validate

from gateway.http import admin
from gateway.http.admin import DryRunQuery, operator
from gateway.http.admin_answer import EventAnswer, EventPage, TallyAnswer, event_answer
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.booking_input import in_order
from gateway.http.fields import QueryInstant, Text
from gateway.http.idempotency import HEADER, REPLAYED
from gateway.http.pagination import PageQuery, page
from gateway.models.event_search import STATES
from gateway.usecases import parked_events

blueprint = Blueprint(
    "parked-events",
    __name__,
    url_prefix="/api/v1/admin/parked-events",
    description="Provider events that could not be applied",
)
EXAMPLE = {"filter": {"state": "unreadable"}}


class ParkedEventFilterInput(Schema):
    """Filters of parked events; they combine."""

    state = fields.String(
        validate=validate.OneOf(STATES),
        metadata={"description": "parked (tried again by itself), dead, or unreadable"},
    )
    provider = Text(maximum=40)
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest receipt"})
    to = QueryInstant(metadata={"description": "received before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)


class ParkedEventChoiceInput(admin.Choice):
    """The parked events meant: either `ids` or a `filter`. An empty filter is all of them."""

    filter = fields.Nested(ParkedEventFilterInput)


class ParkedEventQuery(PageQuery, ParkedEventFilterInput):
    """Filters of the list of parked events."""


@blueprint.route("", methods=["GET"])
@requires("admin", query=True)
@blueprint.doc(operationId="listParkedEvents", summary="List parked events, newest first")
@blueprint.arguments(ParkedEventQuery, location="query")
@blueprint.response(200, EventPage)
def list_events(query: dict[str, Any]) -> Response:
    """Signed events that wait for their call, could not be applied, or could not be read. One that
    matches no call is of no organization yet: all that use its provider account in this mode see
    it."""
    events, following = page(
        caller(),
        "parked-events",
        query,
        lambda filters, limit, before: parked_events.search(operator(), filters, limit, before),
        lambda event: (event.received_at, event.id),
    )
    shown = [event_answer(event) for event in events]
    return send(200, {"data": shown, "next_cursor": following})


@blueprint.route("/replay", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="replayParkedEvents", summary="Try events again", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(ParkedEventChoiceInput, example=EXAMPLE)
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **admin.UNKNOWN_ID)
def replay(query: dict[str, Any], choice: dict[str, Any]) -> Response:
    """Each is read again and applied if it can be; else it is parked anew."""
    return admin.act(parked_events.replay, query, choice)


@blueprint.route("/discard", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="discardParkedEvents", summary="Give events up", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(ParkedEventChoiceInput, example=EXAMPLE)
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **admin.UNKNOWN_ID)
def discard(query: dict[str, Any], choice: dict[str, Any]) -> Response:
    """They stay on record and are never applied."""
    return admin.act(parked_events.discard, query, choice)


@blueprint.route("/<event_id>", methods=["GET"])
@requires("admin")
@blueprint.doc(operationId="showParkedEvent", summary="Show a parked event")
@blueprint.response(200, EventAnswer)
def show(event_id: str) -> Response:
    """Without its body."""
    return send(200, event_answer(parked_events.show(operator(), opaque_id(event_id))))
