"""/api/v1/waitlist: who waits for what is not free yet."""

from typing import Any

from flask import Response

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.waitlist_answer import WaitlistEntryAnswer, WaitlistPage, entry_answer
from gateway.http.waitlist_input import WaitlistInput, WaitlistQuery
from gateway.usecases import waitlist
from gateway.usecases.idempotency import Answer
from gateway.usecases.waitlist import Wish

blueprint = Blueprint(
    "waitlist",
    __name__,
    url_prefix="/api/v1/waitlist",
    description="Who waits for what is not free yet",
)
EXAMPLE = {
    "contact": {"external_id": "c-77", "name": "Ada", "phone": "+4915112345678", "locale": "de"},
    "service": {"id": "cut", "name": "Haircut"},
    "staff": {"id": "m-3", "name": "Eve"},
    "from": "2026-12-01T09:00:00+01:00",
    "to": "2026-12-05T18:00:00+01:00",
}


@blueprint.route("", methods=["POST"])
@requires("waitlist:write")
@blueprint.doc(operationId="joinWaitlist", summary="Put somebody on the list", parameters=[HEADER])
@blueprint.arguments(WaitlistInput, example=EXAMPLE)
@blueprint.response(201, WaitlistEntryAnswer, headers=REPLAYED)
def join(wish: dict[str, Any]) -> Response:
    """At the end of the line for a service, with one staff member or any, with a start from `from`
    to before `to`. What is open already is offered at once."""

    def work(now: Any) -> Answer:
        return Answer(201, entry_answer(waitlist.join(caller(), Wish(**wish), now)))

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("waitlist:read", query=True)
@blueprint.doc(operationId="listWaitlist", summary="List who waits, newest first")
@blueprint.arguments(WaitlistQuery, location="query")
@blueprint.response(200, WaitlistPage)
def list_entries(query: dict[str, Any]) -> Response:
    """Filters combine. First in line is whoever came first: the last of the list."""
    rows, following = page(
        caller(),
        "waitlist",
        query,
        lambda filters, limit, before: waitlist.search(caller(), filters, limit, before),
        lambda row: (row.created_at, row.id),
    )
    return send(200, {"data": [entry_answer(row) for row in rows], "next_cursor": following})


@blueprint.route("/<entry_id>", methods=["GET"])
@requires("waitlist:read")
@blueprint.doc(operationId="showWaitlistEntry", summary="Show an entry of the list")
@blueprint.response(200, WaitlistEntryAnswer)
def show(entry_id: str) -> Response:
    """With its people."""
    return send(200, entry_answer(waitlist.show(caller(), opaque_id(entry_id))))


@blueprint.route("/<entry_id>", methods=["DELETE"])
@requires("waitlist:write")
@blueprint.doc(operationId="leaveWaitlist", summary="Take somebody off the list")
@blueprint.response(200, WaitlistEntryAnswer)
def leave(entry_id: str) -> Response:
    """What is held for them goes to the next in line. Again, it is the same."""
    entry, ending = waitlist.leave(caller(), opaque_id(entry_id), wallclock.now())
    doorbell.ring_to_end(ending)
    return send(200, entry_answer(entry))
