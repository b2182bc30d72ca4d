"""/api/v1/events: the feed of everything that happened."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from gateway.http.answers import moment, send, text, when
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.fields import Limit, Text
from gateway.http.pagination import DEFAULT_LIMIT, seal, unseal
from gateway.usecases import feed

blueprint = Blueprint(
    "events", __name__, url_prefix="/api/v1/events", description="What happened, in order"
)


class FeedQuery(Schema):
    """Where to go on reading."""

    after = Text(maximum=400, metadata={"description": "`next_cursor` of the answer before"})
    limit = Limit(load_default=DEFAULT_LIMIT)


class Event(Schema):
    """One thing that happened."""

    id = text()
    at = when()
    type = text(example="notification.reached")
    object = text("booking, notification, call, message or consent")
    object_id = text()
    state = text(null=True)
    reason = text(null=True)


class Feed(Schema):
    """A stretch of the feed."""

    data = fields.List(fields.Nested(Event), required=True)
    next_cursor = text("where to go on; never null, also when there is nothing new yet")


@blueprint.route("", methods=["GET"])
@requires("bookings:read", "calls:read", query=True)
@blueprint.doc(operationId="readFeed", summary="Read the feed, oldest first")
@blueprint.arguments(FeedQuery, location="query")
@blueprint.response(200, Feed)
def read_feed(query: dict[str, Any]) -> Response:
    """Keep `next_cursor` and come back with it as `after`: nothing is skipped or shown twice."""
    position = (0, 0)
    if "after" in query:
        tx, last = unseal(caller(), "events", {}, query["after"])
        position = (int(tx), int(last))
    entries = feed.after(caller(), position, query["limit"])
    if entries:
        position = (entries[-1].tx, entries[-1].id)
    shown = [
        {
            "id": str(entry.id),
            "at": moment(entry.at),
            "type": entry.type,
            "object": entry.object,
            "object_id": entry.object_id,
            "state": entry.state,
            "reason": entry.reason,
        }
        for entry in entries
    ]
    cursor = seal(caller(), "events", {}, list(position))
    return send(200, {"data": shown, "next_cursor": cursor})
