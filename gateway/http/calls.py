"""/api/v1/calls: asking for a call, and reading what became of calls."""

from typing import Any

from flask import Response, g
from marshmallow import Schema, fields, post_load, validate

from gateway import wallclock
from gateway.domain.errors import NotAllowed
from gateway.domain.lifecycle import CallState
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.booking_answer import ReminderAnswer, reminder
from gateway.http.booking_input import in_order
from gateway.http.call_answer import CallDetail, CallPage, call_answer, timeline
from gateway.http.fields import (
    Instant,
    Locale,
    Metadata,
    Phone,
    QueryInstant,
    QueryPhone,
    Text,
    Words,
)
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import PageQuery, page
from gateway.usecases import calls, requests
from gateway.usecases.calls import CallView
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "calls", __name__, url_prefix="/api/v1/calls", description="Calls and what was said in them"
)
EXAMPLE = {
    "to": "+4915112345678",
    "say": "Your table is ready.",
    "locale": "en",
    "send_at": "2026-12-01T09:00:00+01:00",
    "metadata": {"order": "1001"},
}
TRANSCRIPTS = "transcripts:read"


class CallInput(Schema):
    """One call to place."""

    to = Phone(required=True, metadata={"description": "E.164"})
    say = Text(maximum=2000, lines=True, required=True)
    locale = Locale(allow_none=True, metadata={"description": "language of `say`"})
    send_at = Instant(allow_none=True, metadata={"description": "now, if left out"})
    expires_at = Instant(allow_none=True, metadata={"description": "24 h later, if left out"})
    metadata = Metadata()


class CallRequested(ReminderAnswer):
    """The notification that the call will belong to."""

    metadata = fields.Dict(required=True)


class CallQuery(PageQuery):
    """Filters of the list of calls."""

    phone = QueryPhone(metadata={"description": "the other party, E.164"})
    booking_id = Text(maximum=40)
    booking_external_id = Text(maximum=200)
    state = fields.String(validate=validate.OneOf([str(state) for state in CallState]))
    provider = Text(maximum=40)
    external_id = Text(maximum=200, metadata={"description": "the provider's id of the call"})
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest creation"})
    to = QueryInstant(metadata={"description": "created before this"})
    q = Words(metadata={"description": "words in the transcript; needs transcripts:read"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)


@blueprint.route("", methods=["POST"])
@requires("calls:write")
@blueprint.doc(operationId="requestCall", summary="Ask for one call", parameters=[HEADER])
@blueprint.arguments(CallInput, example=EXAMPLE)
@blueprint.response(202, CallRequested, headers=REPLAYED)
def request_call(wanted: dict[str, Any]) -> Response:
    """Now, or at `send_at`. The answer is the notification; its calls are found by its id."""

    def work(now: Any) -> Answer:
        asked = requests.request_call(
            caller(),
            wanted["to"],
            wanted["say"],
            wanted.get("locale"),
            wanted.get("send_at"),
            wanted.get("expires_at"),
            wanted.get("metadata", {}),
            now,
        )
        row = asked.notification
        return Answer(202, {**reminder(row), "metadata": row.metadata}, asked.ring)

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("calls:read", query=True)
@blueprint.doc(operationId="listCalls", summary="List calls, newest first")
@blueprint.arguments(CallQuery, location="query")
@blueprint.response(200, CallPage)
def list_calls(query: dict[str, Any]) -> Response:
    """Filters combine. Transcripts are shown to keys with the scope transcripts:read."""
    if "q" in query and TRANSCRIPTS not in caller().scopes:
        # Otherwise a key could guess its way through what was said.
        raise NotAllowed(f"the key lacks the scope {TRANSCRIPTS}", "q")
    views, following = page(
        caller(),
        "calls",
        query,
        lambda filters, limit, before: calls.search(caller(), filters, limit, before),
        lambda view: (view.call.created_at, view.call.id),
    )
    readable = _audited(views)
    shown = [call_answer(view, transcripts=readable) for view in views]
    return send(200, {"data": shown, "next_cursor": following})


@blueprint.route("/<call_id>", methods=["GET"])
@requires("calls:read")
@blueprint.doc(operationId="showCall", summary="Show a call")
@blueprint.response(200, CallDetail)
def show(call_id: str) -> Response:
    """With its timeline and, for keys with the scope transcripts:read, what was said."""
    view = calls.show(caller(), opaque_id(call_id))
    shown = call_answer(view, transcripts=_audited([view]))
    return send(200, {**shown, "events": timeline(view)})


def _audited(views: list[CallView]) -> bool:
    """Whether the key may read transcripts; if so, note who read which before they are shown."""
    if TRANSCRIPTS not in caller().scopes:
        return False
    calls.read(caller(), views, wallclock.now(), g.request_id)
    return True
