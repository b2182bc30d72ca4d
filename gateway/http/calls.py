"""/api/v1/calls: asking for a call, and reading what became of calls."""

from typing import Any

from flask import Response, g
from marshmallow import fields, post_load, validate

from gateway import wallclock
from gateway.domain.errors import NotAllowed
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.attempt_answer import CALL_STATES, timeline
from gateway.http.attempt_query import AttemptQuery
from gateway.http.auth import caller, requires
from gateway.http.call_answer import CallDetail, CallPage, call_answer
from gateway.http.fields import Phone, Text, Words
from gateway.http.idempotency import HEADER, REPLAYED
from gateway.http.pagination import page
from gateway.http.request_input import NotificationRequested, RequestInput, ask
from gateway.usecases import calls
from gateway.usecases.calls import CallView
from gateway.usecases.requests import Asked

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


class CallInput(RequestInput):
    """One call to place."""

    to = Phone(required=True, metadata={"description": "E.164"})
    say = Text(maximum=2000, lines=True, required=True)

    @post_load
    def _asked(self, data: dict[str, Any], **_: Any) -> Asked:
        words = {"say": data.pop("say")}
        given = {name: value for name, value in data.items() if value is not None}
        return Asked(channel="voice", words=words, **given)


class CallQuery(AttemptQuery):
    """Filters of the list of calls."""

    state = fields.String(validate=validate.OneOf(CALL_STATES))
    q = Words(metadata={"description": "words in the transcript; needs transcripts:read"})


@blueprint.route("", methods=["POST"])
@requires("calls:write")
@blueprint.doc(operationId="requestCall", summary="Ask for one call", parameters=[HEADER])
@blueprint.arguments(CallInput, example=EXAMPLE)
@blueprint.response(202, NotificationRequested, headers=REPLAYED)
def request_call(asked: Asked) -> Response:
    """Now, or at `send_at`. The answer is the notification; its calls are found by its id."""
    return ask(asked)


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
    return send(200, {**shown, "events": timeline(view.events)})


def _audited(views: list[CallView]) -> bool:
    """Whether the key may read transcripts; if so, note who read which before they are shown."""
    if TRANSCRIPTS not in caller().scopes:
        return False
    calls.read(caller(), views, wallclock.now(), g.request_id)
    return True
