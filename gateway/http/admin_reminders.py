"""/api/v1/admin/reminders: switching the reminders of an organization, and mending them."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from marshmallow import Schema, fields, validate

from gateway.http.admin import MOST, DryRunQuery, operator
from gateway.http.answers import moment, when, whole
from gateway.http.arguments import Blueprint
from gateway.http.auth import requires
from gateway.http.fields import QueryInstant
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.usecases import rescan, switches
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "admin-reminders",
    __name__,
    url_prefix="/api/v1/admin/reminders",
    description="The reminders, by hand",
)


class Switched(Schema):
    """Where the switch stands now, and whether the request changed that."""

    on = fields.Boolean(required=True)
    changed = fields.Boolean(required=True)


class RescanQuery(DryRunQuery):
    """Which bookings."""

    from_ = QueryInstant(
        data_key="from", metadata={"description": "earliest start: `next` of the call before"}
    )
    ahead_minutes = fields.Integer(
        validate=validate.Range(1, 1_100_000),
        metadata={"description": "how far ahead a booking starts at most; all without"},
    )


class Rescanned(Schema):
    """What was found, nearest start first."""

    dry_run = fields.Boolean(required=True)
    bookings = fields.Integer(required=True, metadata={"description": "looked at"})
    missing = fields.Integer(
        required=True, metadata={"description": "reminders that were not planned, and are now"}
    )
    next = when(null=True)


class WasReset(Schema):
    """What was stuck and goes on."""

    dry_run = fields.Boolean(required=True)
    stalled = whole()
    waiting = whole()
    failed = whole()


def _switch(*, on: bool) -> Response:
    def run(now: datetime) -> Answer:
        return Answer(200, {"on": on, "changed": switches.reminders(operator(), now, on=on)})

    return once(run)


@blueprint.route("/on", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="remindersOn", summary="Switch reminders on", parameters=[HEADER])
@blueprint.response(200, Switched, headers=REPLAYED)
def on() -> Response:
    """What waited goes on at once, as far as it is still of use."""
    return _switch(on=True)


@blueprint.route("/off", methods=["POST"])
@requires("admin")
@blueprint.doc(operationId="remindersOff", summary="Switch reminders off", parameters=[HEADER])
@blueprint.response(200, Switched, headers=REPLAYED)
def off() -> Response:
    """Reminders and nudges of the organization, live and test, wait. Bookings are taken as ever;
    nothing is lost but what expires meanwhile."""
    return _switch(on=False)


@blueprint.route("/rescan", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="rescanReminders", summary="Find missing reminders", parameters=[HEADER])
@blueprint.arguments(RescanQuery, location="query")
@blueprint.response(200, Rescanned, headers=REPLAYED)
def rescan_bookings(query: dict[str, Any]) -> Response:
    """Looks at 200 bookings ahead and plans what their rules ask for and is not there. None
    is made twice, however often this is asked for."""
    dry_run: bool = query["dry_run"]
    minutes, since = query.get("ahead_minutes"), query.get("from_")
    ahead = timedelta(minutes=minutes) if minutes else None

    def run(now: datetime) -> Answer:
        found = rescan.rescan(operator(), now, dry_run=dry_run, since=since, ahead=ahead, most=MOST)
        told = {"bookings": found.bookings, "missing": found.missing, "next": moment(found.next)}
        return Answer(200, {"dry_run": dry_run, **told}, found.ring)

    return once(run, f"dry_run={dry_run} from={since} ahead={minutes}")


@blueprint.route("/reset", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="resetReminders", summary="Free what is stuck", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.response(200, WasReset, headers=REPLAYED)
def reset(query: dict[str, Any]) -> Response:
    """`stalled`: a worker did not finish. `waiting`: for something that is gone. `failed`: these
    reminders failed for a technical reason and have not expired. A thousand of each at most."""
    dry_run: bool = query["dry_run"]

    def run(now: datetime) -> Answer:
        done = rescan.reset(operator(), now, dry_run=dry_run)
        return Answer(200, {"dry_run": dry_run, **asdict(done)})

    return once(run, f"dry_run={dry_run}")
