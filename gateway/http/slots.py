"""/api/v1/slots: what became free, and is offered to those who wait."""

from typing import Any

from flask import Response

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.waitlist_answer import SlotAnswer, SlotPage, slot_answer
from gateway.http.waitlist_input import SlotInput, SlotQuery
from gateway.usecases import slots
from gateway.usecases.idempotency import Answer
from gateway.usecases.slots import Freed

blueprint = Blueprint(
    "slots",
    __name__,
    url_prefix="/api/v1/slots",
    description="What became free, and is offered to those who wait",
)
EXAMPLE = {
    "starts_at": "2026-12-01T14:30:00+01:00",
    "duration_minutes": 45,
    "service": {"id": "cut", "name": "Haircut"},
    "staff": {"id": "m-3", "name": "Eve"},
    "price": "45.00 EUR",
}


@blueprint.route("", methods=["POST"])
@requires("waitlist:write")
@blueprint.doc(operationId="freeSlot", summary="Offer what became free", parameters=[HEADER])
@blueprint.arguments(SlotInput, example=EXAMPLE)
@blueprint.response(201, SlotAnswer, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=SlotAnswer,
    success=True,
    description="This start of this staff member is free and known already",
    headers=REPLAYED,
)
def free(freed: dict[str, Any]) -> Response:
    """To whoever is next in line, for a quarter of an hour unless the policy says otherwise; a
    canceled booking frees its own. It stays open for whoever comes to wait for it."""

    def work(now: Any) -> Answer:
        slot, made = slots.free(caller(), Freed(**freed), now)
        return Answer(201 if made else 200, slot_answer(slot))

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("waitlist:read", query=True)
@blueprint.doc(operationId="listSlots", summary="List slots, newest first")
@blueprint.arguments(SlotQuery, location="query")
@blueprint.response(200, SlotPage)
def list_slots(query: dict[str, Any]) -> Response:
    """Filters combine; `from` and `to` are about the start."""
    rows, following = page(
        caller(),
        "slots",
        query,
        lambda filters, limit, before: slots.search(caller(), filters, limit, before),
        lambda row: (row.created_at, row.id),
    )
    return send(200, {"data": [slot_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/<slot_id>", methods=["GET"])
@requires("waitlist:read")
@blueprint.doc(operationId="showSlot", summary="Show a slot")
@blueprint.response(200, SlotAnswer)
def show(slot_id: str) -> Response:
    """With the booking that left it, and the one that took it."""
    return send(200, slot_answer(slots.show(caller(), opaque_id(slot_id))))


@blueprint.route("/<slot_id>", methods=["DELETE"])
@requires("waitlist:write")
@blueprint.doc(operationId="withdrawSlot", summary="Offer a slot no more")
@blueprint.response(200, SlotAnswer)
def withdraw(slot_id: str) -> Response:
    """An open offer of it is revoked. Again, it is the same."""
    slot, ending = slots.withdraw(caller(), opaque_id(slot_id), wallclock.now())
    doorbell.ring_to_end(ending)
    return send(200, slot_answer(slot))
