"""What will be sent about a booking, when and why not: of one that is there, or that might be."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Response
from marshmallow import Schema, fields

from gateway import wallclock
from gateway.http.answers import moment, send, text, when, whole
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.booking_input import BookingInput
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.usecases import plan
from gateway.usecases.idempotency import Answer
from gateway.usecases.plan import Contact
from gateway.usecases.wanted import Wanted

blueprint = Blueprint(
    "plan", __name__, url_prefix="/api/v1", description="What will be sent, when and why not"
)

EXAMPLE = {
    "starts_at": "2026-12-01T14:30:00+01:00",
    "time_zone": "Europe/Berlin",
    "contact": {"name": "Ada", "phone": "+4915112345678", "locale": "de"},
    "reminders": [{"kind": "every", "minutes": 120, "channels": ["whatsapp", "sms"]}],
}


class PlannedContact(Schema):
    """One contact of the plan. `leaves_at` is null for what has left or ended before."""

    id = text()
    kind = text()
    number = whole()
    to = text("contact or staff")
    channel = text("of the step on which it leaves")
    due_at = when()
    leaves_at = when(null=True)
    local_time = text("`leaves_at` where the recipient lives", null=True)
    time_zone = text("the recipient's")
    state = text("where it goes: `sending` leaves, anything else ends there")
    reason = text(null=True)
    moved_by = text("why it does not leave at its own moment", null=True)
    wording = text("what will be said or written", null=True)
    subject = text(null=True)
    template = text(null=True)
    template_version = whole(null=True)


class Plan(Schema):
    """In time order."""

    data = fields.List(fields.Nested(PlannedContact), required=True)


@blueprint.route("/bookings/<booking_id>/plan", methods=["GET"])
@requires("bookings:read")
@blueprint.doc(operationId="showPlan", summary="Show what will be sent about a booking")
@blueprint.response(200, Plan)
def show(booking_id: str) -> Response:
    """By the sender's own decision, as things stand now. `state` is where each contact goes:
    `sending` will leave at `leaves_at`, anything else ends there with its `reason`; `moved_by` says
    why that is not its own moment."""
    contacts = plan.of_booking(caller(), opaque_id(booking_id), wallclock.now())
    return send(200, {"data": [_answer(one) for one in contacts]})


@blueprint.route("/plan/simulate", methods=["POST"])
@requires("bookings:read")
@blueprint.doc(
    operationId="simulatePlan", summary="Show what a booking would send", parameters=[HEADER]
)
@blueprint.arguments(BookingInput, example=EXAMPLE)
@blueprint.response(200, Plan, headers=REPLAYED)
def simulate(wanted: dict[str, Any]) -> Response:
    """Takes what `POST /api/v1/bookings` takes, and keeps nothing of it but this answer."""
    asked = Wanted(**wanted, fingerprint="simulated")

    def work(now: Any) -> Answer:
        contacts = plan.simulate(caller(), asked, now)
        return Answer(200, {"data": [_answer(one) for one in contacts]})

    return once(work)


def _answer(one: Contact) -> dict[str, Any]:
    row, content = one.notification, one.content
    local = one.at.astimezone(ZoneInfo(one.zone)).isoformat() if one.at is not None else None
    return {
        "id": row.id,
        "kind": row.kind,
        "number": row.number,
        "to": row.contact.role,
        "channel": one.channel,
        "due_at": moment(row.due_at),
        "leaves_at": moment(one.at),
        "local_time": local,
        "time_zone": one.zone,
        "state": str(one.decision.state),
        "reason": one.decision.reason and str(one.decision.reason),
        "moved_by": one.moved_by and str(one.moved_by),
        "wording": content.text if content else None,
        "subject": content.subject if content else None,
        "template": content.template if content else None,
        "template_version": content.version if content else None,
    }
