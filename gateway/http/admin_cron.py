"""/api/v1/admin/cron: what comes back by the clock, when it comes next and how it went last."""

from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from gateway import wallclock
from gateway.http.admin import operator
from gateway.http.answers import moment, send, text, when, whole
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.errors import Problem
from gateway.http.fields import Text
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.models.cron_job import CronJob
from gateway.usecases import cron
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "admin-cron", __name__, url_prefix="/api/v1/admin/cron", description="What comes by the clock"
)
NO_SUCH = {
    "schema": Problem,
    "content_type": "application/problem+json",
    "description": "There is none of this name",
}
SHARED = {
    "schema": Problem,
    "content_type": "application/problem+json",
    "description": "It serves several organizations: it is changed at the command line",
}
EXAMPLE = {"expression": "0 2 * * *", "enabled": True}


class CronAnswer(Schema):
    """One cron job. `next_run_at` is that of the key's organization; `waiting` and `failed` are the
    jobs that it planned for the organization and that are not done."""

    name = text()
    description = text()
    expression = text("minute, hour, day of month, month, day of week")
    time_zone = text("null: each organization's own", null=True)
    enabled = fields.Boolean(required=True)
    next_run_at = when(null=True)
    last_slot = when(null=True)
    last_run_at = when(null=True)
    last_result = text("ok or failed; null while it is at work and before the first", null=True)
    last_error = text(null=True)
    waiting = whole()
    failed = whole()


class CronList(Schema):
    """All of them."""

    data = fields.List(fields.Nested(CronAnswer), required=True)


class CronChanges(Schema):
    """What is to be another way."""

    enabled = fields.Boolean(truthy={True}, falsy={False})
    expression = Text(maximum=120, metadata={"description": "five fields, as of cron"})
    time_zone = fields.String(
        allow_none=True,
        validate=validate.Length(max=64),
        metadata={"description": "an IANA zone; null: each organization's own"},
    )


class Begun(Schema):
    """What a run by hand planned for the organization."""

    name = text()
    jobs = whole()


def cron_answer(row: CronJob, now: datetime, organization: Any = None) -> dict[str, Any]:
    """A cron job as it stands, for one organization or for all."""
    left = cron.unfinished(row.name, organization.id if organization else None)
    failed = left.pop("failed", 0)
    return {
        "name": row.name,
        "description": cron.BUILT_IN[row.name].description,
        "expression": row.expression,
        "time_zone": row.time_zone,
        "enabled": row.enabled,
        "next_run_at": moment(cron.following(row, now, organization)),
        "last_slot": moment(row.last_slot),
        "last_run_at": moment(row.last_run_at),
        "last_result": row.last_result,
        "last_error": row.last_error,
        "waiting": sum(left.values()),
        "failed": failed,
    }


@blueprint.route("", methods=["GET"])
@requires("admin")
@blueprint.doc(operationId="listCron", summary="List what comes by the clock")
@blueprint.response(200, CronList)
def list_cron() -> Response:
    """With the last run, its result and the next run."""
    now = wallclock.now()
    rows = cron.listed(now)
    return send(200, {"data": [cron_answer(row, now, caller().organization) for row in rows]})


@blueprint.route("/<name>", methods=["GET"])
@requires("admin")
@blueprint.doc(operationId="showCron", summary="Show one of them")
@blueprint.response(200, CronAnswer)
def show(name: str) -> Response:
    """As in the list."""
    now = wallclock.now()
    return send(200, cron_answer(cron.of(name, now), now, caller().organization))


@blueprint.route("/<name>", methods=["PATCH"])
@requires("admin")
@blueprint.doc(operationId="changeCron", summary="Switch one of them, or move it")
@blueprint.arguments(CronChanges, example=EXAMPLE)
@blueprint.response(200, CronAnswer)
@blueprint.alt_response(409, **SHARED)
def edit(changes: dict[str, Any], name: str) -> Response:
    """It goes on with the next moment from now on; what passed before is not made up for. Where
    several organizations share the gateway, that is done at the command line."""
    now = wallclock.now()
    row = cron.change(operator(), name, now, **changes)
    return send(200, cron_answer(row, now, caller().organization))


@blueprint.route("/<name>/run", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="runCron", summary="Run one of them now", parameters=[HEADER])
@blueprint.response(202, Begun, headers=REPLAYED)
@blueprint.alt_response(404, **NO_SUCH)
def run(name: str) -> Response:
    """For the key's organization alone, whether it is switched on or not."""

    def begin(now: datetime) -> Answer:
        return Answer(202, {"name": name, "jobs": cron.run_now(operator(), name, now)})

    return once(begin)
