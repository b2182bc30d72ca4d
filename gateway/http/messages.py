"""/api/v1/messages: asking for a message, and reading what became of messages."""

from typing import Any

from flask import Response

from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.attempt_answer import timeline
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED
from gateway.http.message_answer import MessageDetail, MessagePage, message_answer
from gateway.http.message_input import MessageInput, MessageQuery
from gateway.http.pagination import page
from gateway.http.request_input import NotificationRequested, ask
from gateway.usecases import messages
from gateway.usecases.requests import Asked

blueprint = Blueprint(
    "messages",
    __name__,
    url_prefix="/api/v1/messages",
    description="WhatsApp, SMS and e-mail, sent and received",
)
EXAMPLE = {
    "to": "+4915112345678",
    "channel": "sms",
    "text": "Your table is ready.",
    "send_at": "2026-12-01T09:00:00+01:00",
    "metadata": {"order": "1001"},
}


@blueprint.route("", methods=["POST"])
@requires("messages:write")
@blueprint.doc(operationId="requestMessage", summary="Ask for one message", parameters=[HEADER])
@blueprint.arguments(MessageInput, example=EXAMPLE)
@blueprint.response(202, NotificationRequested, headers=REPLAYED)
def request_message(asked: Asked) -> Response:
    """Now, or at `send_at`. The answer is the notification; its messages are found by its id."""
    return ask(asked)


@blueprint.route("", methods=["GET"])
@requires("messages:read", query=True)
@blueprint.doc(operationId="listMessages", summary="List messages, newest first")
@blueprint.arguments(MessageQuery, location="query")
@blueprint.response(200, MessagePage)
def list_messages(query: dict[str, Any]) -> Response:
    """Filters combine. What came in is among them: `direction` tells."""
    views, following = page(
        caller(),
        "messages",
        query,
        lambda filters, limit, before: messages.search(caller(), filters, limit, before),
        lambda view: (view.message.created_at, view.message.id),
    )
    shown = [message_answer(view) for view in views]
    return send(200, {"data": shown, "next_cursor": following})


@blueprint.route("/<message_id>", methods=["GET"])
@requires("messages:read")
@blueprint.doc(operationId="showMessage", summary="Show a message")
@blueprint.response(200, MessageDetail)
def show(message_id: str) -> Response:
    """With its timeline."""
    view = messages.show(caller(), opaque_id(message_id))
    return send(200, {**message_answer(view), "events": timeline(view.events)})
