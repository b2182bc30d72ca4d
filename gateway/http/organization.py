"""/api/v1/organization: what holds for all bookings of the key's organization."""

from typing import Any

from flask import Response, g

from gateway import wallclock
from gateway.http.answers import send
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.organization_answer import OrganizationAnswer, organization_answer
from gateway.http.organization_input import OrganizationChanges
from gateway.usecases import organizations

blueprint = Blueprint(
    "organization",
    __name__,
    url_prefix="/api/v1/organization",
    description="The key's organization: its rules, its policy, its limits",
)
EXAMPLE = {
    "reminders": [{"kind": "before", "minutes": 1440, "channels": ["whatsapp", "sms"]}],
    "policy": {"quiet_hours": {"from": "20:00", "to": "09:00", "action": "advance"}},
    "rate_per_second": 80,
}


@blueprint.route("", methods=["GET"])
@requires("admin")
@blueprint.doc(operationId="showOrganization", summary="Show the organization")
@blueprint.response(200, OrganizationAnswer)
def show() -> Response:
    """The key's own."""
    return send(200, organization_answer(caller().organization))


@blueprint.route("", methods=["PATCH"])
@requires("admin")
@blueprint.doc(operationId="changeOrganization", summary="Change the organization")
@blueprint.arguments(OrganizationChanges, example=EXAMPLE)
@blueprint.response(200, OrganizationAnswer)
def edit(changes: dict[str, Any]) -> Response:
    """What is left out stays; what is given is replaced whole, but for `rates`, of which each kind
    is changed alone. Holds for live and test. Bookings made before keep their rules; the policy
    and the limits hold at once."""
    changed = organizations.edit(caller(), changes, wallclock.now(), g.request_id)
    return send(200, organization_answer(changed))
