"""/api/v1/offers: slots that are held for somebody, and what they say to it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response

from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.waitlist_answer import OfferAnswer, OfferPage, offer_answer
from gateway.http.waitlist_input import OfferQuery
from gateway.usecases import offers
from gateway.usecases.accounts import Caller
from gateway.usecases.idempotency import Answer
from gateway.usecases.offers import Decided

blueprint = Blueprint(
    "offers",
    __name__,
    url_prefix="/api/v1/offers",
    description="Slots that are held for somebody who waits",
)


@blueprint.route("", methods=["GET"])
@requires("waitlist:read", query=True)
@blueprint.doc(operationId="listOffers", summary="List offers, newest first")
@blueprint.arguments(OfferQuery, location="query")
@blueprint.response(200, OfferPage)
def list_offers(query: dict[str, Any]) -> Response:
    """Filters combine."""
    rows, following = page(
        caller(),
        "offers",
        query,
        lambda filters, limit, before: offers.search(caller(), filters, limit, before),
        lambda row: (row.offered_at, row.id),
    )
    return send(200, {"data": [offer_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/<offer_id>", methods=["GET"])
@requires("waitlist:read")
@blueprint.doc(operationId="showOffer", summary="Show an offer")
@blueprint.response(200, OfferAnswer)
def show(offer_id: str) -> Response:
    """With its slot and whom it is for."""
    return send(200, offer_answer(offers.show(caller(), opaque_id(offer_id))))


@blueprint.route("/<offer_id>/accept", methods=["POST"])
@requires("waitlist:write")
@blueprint.doc(operationId="acceptOffer", summary="Take what is offered", parameters=[HEADER])
@blueprint.response(200, OfferAnswer, headers=REPLAYED)
def accept(offer_id: str) -> Response:
    """Books it, with the organization's reminders: `booking_id` is the booking, whose `external_id`
    is the offer's id. Anything but an open offer is a 409 with its `state`."""
    return _decide(offers.accept, offer_id)


@blueprint.route("/<offer_id>/decline", methods=["POST"])
@requires("waitlist:write")
@blueprint.doc(operationId="declineOffer", summary="Let an offer go", parameters=[HEADER])
@blueprint.response(200, OfferAnswer, headers=REPLAYED)
def decline(offer_id: str) -> Response:
    """For whom it was keeps their place in line; the next one gets the slot at once."""
    return _decide(offers.decline, offer_id)


@blueprint.route("/<offer_id>/revoke", methods=["POST"])
@requires("waitlist:write")
@blueprint.doc(operationId="revokeOffer", summary="Take an offer back", parameters=[HEADER])
@blueprint.response(200, OfferAnswer, headers=REPLAYED)
def revoke(offer_id: str) -> Response:
    """The next in line gets the slot at once; to keep it, withdraw the slot."""
    return _decide(offers.revoke, offer_id)


def _decide(verb: Callable[[Caller, str, datetime], Decided], offer_id: str) -> Response:
    wanted, ending = opaque_id(offer_id), list[str]()

    def work(now: datetime) -> Answer:
        decided = verb(caller(), wanted, now)
        ending.extend(decided.ending)
        return Answer(200, offer_answer(offers.show(caller(), wanted)), decided.ring)

    response = once(work)
    doorbell.ring_to_end(ending)
    return response
