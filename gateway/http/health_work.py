"""/health/queues, /health/jobs and /health/cron: whether the work gets done."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from gateway.domain import lanes
from gateway.http import metrics
from gateway.http.answers import moment, send, text, when, whole
from gateway.http.arguments import Blueprint
from gateway.http.config import settings
from gateway.usecases.figures import CronFigures, Figures
from tasks import broker_figures
from tasks.broker_figures import BrokerFigures

blueprint = Blueprint(
    "health-work", __name__, url_prefix="/health", description="Does the work get done?"
)
STALLED = 60.0  # seconds for which something may have been due that nobody took
LATE = 120.0  # seconds by which a clock may look at a cron job too late
_AWAY = "The database is away, or more than there should be is wrong"
_QUEUE_STATUS = ["ok", "failing", "unavailable"]
_JOB_STATUS = ["ok", "no-workers", "no-clock", "stalled", "broker-away", "unavailable"]
_CRON_STATUS = ["ok", "failing", "late", "unavailable"]


class QueueHealth(Schema):
    """One queue, of all organizations together. `failed` is what failed for good and waits for
    somebody to replay or discard it; `stalled` was claimed by a worker that never came back."""

    queue = text(enum=lanes.QUEUES)
    healthy = fields.Boolean(required=True)
    paused = fields.Boolean(required=True)
    waiting = whole()
    active = whole()
    delayed = whole()
    failed = whole()
    stalled = whole()
    oldest_due_seconds = fields.Float(required=True)
    workers = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "threads that serve it; null when the broker is away"},
    )


class QueuesHealth(Schema):
    """Whether every queue has fewer failed jobs than `limit`. `workers` are the processes heard of
    lately, null when the broker is away."""

    status = text(enum=_QUEUE_STATUS)
    limit = whole()
    workers = whole(null=True)
    queues = fields.List(fields.Nested(QueueHealth), required=True)


class JobsHealth(Schema):
    """Whether work is taken up when it is due. `active` is what is at work now, calls under way
    among it, `per_minute` what came to its end in the last minute; null where nobody can say."""

    status = text(enum=_JOB_STATUS)
    active = whole(null=True)
    per_minute = whole(null=True)
    oldest_due_seconds = fields.Float(required=True, allow_none=True)
    workers = whole(null=True)
    clocks = whole(null=True)


class CronHealth(Schema):
    """One cron job. `last_result` is null while it is at work and before the first run."""

    name = text()
    status = text(enum=["ok", "failing", "late", "off"])
    enabled = fields.Boolean(required=True)
    last_run_at = when(null=True)
    next_run_at = when(null=True)
    last_result = text(null=True)


class CronsHealth(Schema):
    """Whether what comes back by the clock does, and how it went."""

    status = text(enum=_CRON_STATUS)
    jobs = fields.List(fields.Nested(CronHealth), required=True)


@blueprint.route("/queues", methods=["GET"])
@blueprint.doc(operationId="queuesHealth", summary="Do jobs pile up that failed?", security=[])
@blueprint.response(200, QueuesHealth)
@blueprint.alt_response(503, schema=QueuesHealth, description=_AWAY)
def queues_health() -> Response:
    """Looked at every few seconds, however often this is asked. The limit is
    HEALTH_FAILED_JOBS."""
    figures, broker = metrics.look(), broker_figures.look()
    limit = settings().health_failed_jobs
    rows = [_queue(name, figures, broker, limit) for name in lanes.QUEUES] if figures else []
    status = "ok" if all(row["healthy"] for row in rows) else "failing"
    body = {
        "status": status if figures else "unavailable",
        "limit": limit,
        "workers": broker.workers if broker.up else None,
        "queues": rows,
    }
    return send(200 if body["status"] == "ok" else 503, body)


def _queue(name: str, figures: Figures, broker: BrokerFigures, limit: int) -> dict[str, Any]:
    counts = {
        state: figures.count(name, state)
        for state in ("waiting", "active", "delayed", "failed", "stalled")
    }
    return {
        "queue": name,
        "healthy": counts["failed"] < limit,
        "paused": figures.paused(name),
        **counts,
        "oldest_due_seconds": round(figures.due[name], 1),
        "workers": broker.threads.get(name, 0) if broker.up else None,
    }


@blueprint.route("/jobs", methods=["GET"])
@blueprint.doc(operationId="jobsHealth", summary="Is work taken up?", security=[])
@blueprint.response(200, JobsHealth)
@blueprint.alt_response(503, schema=JobsHealth, description="It is not, and `status` says why")
def jobs_health() -> Response:
    """`no-workers`: none was heard of lately. `no-clock`: none listens. `stalled`: they are there,
    and yet something has been due for more than a minute, in a queue that is not paused.
    `broker-away`: what is due waits for Redis. `unavailable`: the database is away."""
    figures, broker = metrics.look(), broker_figures.look()
    status = _working(figures, broker)
    due = max(_due(figures)) if figures else None
    body = {
        "status": status,
        "active": sum(figures.count(name, "active") for name in lanes.QUEUES) if figures else None,
        "per_minute": figures.per_minute if figures else None,
        "oldest_due_seconds": round(due, 1) if due is not None else None,
        "workers": broker.workers if broker.up else None,
        "clocks": broker.clocks if broker.up else None,
    }
    return send(200 if status == "ok" else 503, body)


def _due(figures: Figures) -> list[float]:
    """For how long the first of each queue has been due; what is paused may wait."""
    return [0.0 if figures.paused(name) else age for name, age in figures.due.items()]


def _working(figures: Figures | None, broker: BrokerFigures) -> str:
    if figures is None:
        return "unavailable"
    if not broker.up:
        return "broker-away"
    if not broker.workers:
        return "no-workers"
    if not broker.clocks:
        return "no-clock"
    return "stalled" if max(_due(figures)) > STALLED else "ok"


@blueprint.route("/cron", methods=["GET"])
@blueprint.doc(operationId="cronHealth", summary="Do the cron jobs run?", security=[])
@blueprint.response(200, CronsHealth)
@blueprint.alt_response(503, schema=CronsHealth, description=_AWAY)
def cron_health() -> Response:
    """`failing`: the last run did. `late`: no clock has looked at it for two minutes longer than it
    should, or ever. `off`: it is switched off."""
    figures = metrics.look()
    rows = [_cron(job) for job in figures.cron] if figures else []
    words = {row["status"] for row in rows}
    overall = next((word for word in ("failing", "late") if word in words), "ok")
    status = overall if figures else "unavailable"
    return send(200 if status == "ok" else 503, {"status": status, "jobs": rows})


def _cron(job: CronFigures) -> dict[str, Any]:
    late = job.late > LATE or not job.known
    status = "off" if not job.enabled else "late" if late else "ok"
    return {
        "name": job.name,
        "status": "failing" if status == "ok" and job.last_result == "failed" else status,
        "enabled": job.enabled,
        "last_run_at": moment(job.last_run_at),
        "next_run_at": moment(job.next_run_at),
        "last_result": job.last_result,
    }
