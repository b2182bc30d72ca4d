"""/api/v1/admin/queues, /kinds and /jobs: looking into the queues, pausing and cleaning them."""

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from gateway import kinds, wallclock
from gateway.domain import lanes
from gateway.http import admin
from gateway.http.admin import DryRunQuery, operator
from gateway.http.admin_answer import TallyAnswer, tally
from gateway.http.answers import send, text
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.errors import Problem
from gateway.http.fields import Text
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.job_answer import JobPage, job_answer
from gateway.http.pagination import PageQuery, page
from gateway.usecases import dead_letters, queues, switches
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "admin-queues", __name__, url_prefix="/api/v1/admin", description="The queues, by hand"
)
NO_SUCH = {
    "schema": Problem,
    "content_type": "application/problem+json",
    "description": "There is none of this name",
}
SHARED = {
    "schema": Problem,
    "content_type": "application/problem+json",
    "description": "This queue serves all organizations: it is paused at the command line",
}
STATES = ("waiting", "active", "delayed", "completed", "failed", "dead", "stalled")
KINDS = sorted({*lanes.KINDS, *kinds.SHOWN.values()})


class Paused(Schema):
    """Where it stands now, and whether the request changed that."""

    name = text()
    paused = fields.Boolean(required=True)
    changed = fields.Boolean(required=True)


class JobQuery(PageQuery):
    """Filters of the jobs; they combine."""

    queue = fields.String(validate=validate.OneOf([*lanes.SENDING, *lanes.WORKING]))
    kind = fields.String(validate=validate.OneOf(KINDS))
    state = fields.String(validate=validate.OneOf(STATES))
    held_by = Text(maximum=160, metadata={"description": "the hold or rate that it waits for"})


def _switched(name: str, what: str, *, paused: bool) -> Response:
    switch = {"queue": switches.pause_queue, "kind": switches.pause_kind}[what]

    def run(now: datetime) -> Answer:
        changed = switch(operator(), name, now, paused=paused)
        return Answer(200, {"name": name, "paused": paused, "changed": changed})

    return once(run)


@blueprint.route("/queues/<name>/pause", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="pauseQueue", summary="Pause a queue", parameters=[HEADER])
@blueprint.response(200, Paused, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
@blueprint.alt_response(409, **SHARED)
def pause_queue(name: str) -> Response:
    """Nothing of the organization's leaves by it any more: it waits, expires in time, and goes on
    when the queue is resumed."""
    return _switched(name, "queue", paused=True)


@blueprint.route("/queues/<name>/resume", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="resumeQueue", summary="Resume a queue", parameters=[HEADER])
@blueprint.response(200, Paused, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
@blueprint.alt_response(409, **SHARED)
def resume_queue(name: str) -> Response:
    """What an operator paused for all organizations stays paused."""
    return _switched(name, "queue", paused=False)


@blueprint.route("/queues/<name>/clean", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="cleanQueue", summary="Clean a queue's views", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
def clean(query: dict[str, Any], name: str) -> Response:
    """Its dead letters are discarded, and what is finished is counted and listed no more. Nothing
    that may still leave is touched, and all logs stay."""
    dry_run: bool = query["dry_run"]

    def run(now: datetime) -> Answer:
        done = queues.clear(operator(), name, now, dry_run=dry_run, limit=admin.MOST)
        return Answer(200, tally(done, dry_run=dry_run))

    return once(run, f"dry_run={dry_run}")


@blueprint.route("/kinds/<name>/pause", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="pauseKind", summary="Pause a kind of work", parameters=[HEADER])
@blueprint.response(200, Paused, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
def pause_kind(name: str) -> Response:
    """As with a queue."""
    return _switched(name, "kind", paused=True)


@blueprint.route("/kinds/<name>/resume", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="resumeKind", summary="Resume a kind of work", parameters=[HEADER])
@blueprint.response(200, Paused, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
def resume_kind(name: str) -> Response:
    """As with a queue."""
    return _switched(name, "kind", paused=False)


@blueprint.route("/kinds/<name>/retry", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="retryKind", summary="Retry a kind of work", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
def retry_kind(query: dict[str, Any], name: str) -> Response:
    """Replays the dead letters of this kind: every check of the start applies again."""
    dry_run: bool = query["dry_run"]
    filters = {"purpose": [switches.kind(name)]}

    def run(now: datetime) -> Answer:
        done = dead_letters.replay(operator(), filters, now, dry_run=dry_run, limit=admin.MOST)
        return Answer(200, tally(done, dry_run=dry_run))

    return once(run, f"dry_run={dry_run}")


@blueprint.route("/jobs", methods=["GET"])
@requires("admin", query=True)
@blueprint.doc(operationId="listJobs", summary="List jobs, newest first")
@blueprint.arguments(JobQuery, location="query")
@blueprint.response(200, JobPage)
def list_jobs(query: dict[str, Any]) -> Response:
    """With their attempts and errors, and without personal data. Finished ones are shown as long as
    the queue views keep them."""
    now = wallclock.now()
    rows, following = page(
        caller(),
        "jobs",
        query,
        lambda filters, limit, before: queues.jobs(operator(), filters, now, limit, before),
        lambda row: (row.created_at, row.id),
    )
    return send(200, {"data": [job_answer(row) for row in rows], "next_cursor": following})
