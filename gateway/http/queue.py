"""/api/v1/queue: how much work waits, runs and is done."""

from flask import Response
from marshmallow import Schema, fields

from gateway import wallclock
from gateway.http.answers import send, text, whole
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.usecases import queues
from tasks import broker, worker_id

blueprint = Blueprint(
    "queue", __name__, url_prefix="/api/v1/queue", description="Work waiting, running and done"
)


class Counts(Schema):
    """Of the key's organization and mode; `stalled` ones are claimed with their lease run out.
    Finished work is counted as long as the queue views show it."""

    waiting = whole()
    active = whole()
    delayed = whole()
    completed = whole()
    failed = whole()
    dead = whole()
    stalled = whole()
    paused = fields.Boolean(required=True)


class QueueCounts(Counts):
    """One queue; `workers` are the threads at work for it, of all organizations."""

    queue = text()
    workers = whole()


class KindCounts(Counts):
    """One kind of work; 1 goes first, and null is any number at once."""

    kind = text()
    priority = whole()
    concurrency = whole(null=True)


class QueueStats(Schema):
    """All queues, the same by kind of work, and the appointments that should have begun."""

    queues = fields.List(fields.Nested(QueueCounts), required=True)
    kinds = fields.List(fields.Nested(KindCounts), required=True)
    overdue = whole()


@blueprint.route("/stats", methods=["GET"])
@requires("calls:read")
@blueprint.doc(operationId="queueStats", summary="Count the work by queue and by kind")
@blueprint.response(200, QueueStats)
def stats() -> Response:
    """Counted from the database; `workers` are those heard of lately."""
    counted = queues.stats(caller(), wallclock.now())
    threads = worker_id.threads(broker.living())
    counted["queues"] = [
        {**queue, "workers": threads[queue["queue"]]} for queue in counted["queues"]
    ]
    return send(200, counted)
