"""/api/v1/queue: how much work waits, runs and is done."""

from flask import Response
from marshmallow import Schema, fields

from gateway import wallclock
from gateway.http.answers import send, text, whole
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.usecases import queues
from tasks import broker

blueprint = Blueprint(
    "queue", __name__, url_prefix="/api/v1/queue", description="Work waiting, running and done"
)


class Counts(Schema):
    """Of the key's organization and mode; `stalled` ones are claimed with their lease run out."""

    waiting = whole()
    active = whole()
    delayed = whole()
    completed = whole()
    failed = whole()
    dead = whole()
    stalled = whole()
    paused = fields.Boolean(required=True)


class QueueCounts(Counts):
    """One queue."""

    queue = text()
    workers = whole()


class KindCounts(Counts):
    """One kind of notification."""

    kind = text()


class QueueStats(Schema):
    """All queues, and the same by kind of notification."""

    queues = fields.List(fields.Nested(QueueCounts), required=True)
    kinds = fields.List(fields.Nested(KindCounts), required=True)


@blueprint.route("/stats", methods=["GET"])
@requires("calls:read")
@blueprint.doc(operationId="queueStats", summary="Count the work by queue and by kind")
@blueprint.response(200, QueueStats)
def stats() -> Response:
    """Counted from the database; `workers` are the worker processes heard of lately."""
    counted = queues.stats(caller(), wallclock.now())
    workers = broker.workers()
    counted["queues"] = [{**queue, "workers": workers} for queue in counted["queues"]]
    return send(200, counted)
