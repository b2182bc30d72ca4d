"""/api/v1/sequences: nurture campaigns, made, read, changed and archived."""

from datetime import datetime
from typing import Any

from flask import Response

from gateway import wallclock
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.sequence_answer import (
    SequenceAnswer,
    SequencePage,
    sequence_answer,
    sequence_row,
)
from gateway.http.sequence_input import SequenceChanges, SequenceInput, SequenceQuery
from gateway.models.sequence import Sequence
from gateway.usecases import sequences
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "sequences",
    __name__,
    url_prefix="/api/v1/sequences",
    description="Nurture campaigns: steps that follow each other",
)
EXAMPLE = {
    "name": "Welcome",
    "steps": [
        {"after_minutes": 0, "channels": ["email"], "template": "welcome"},
        {
            "after_minutes": 4320,
            "channels": [
                {"channel": "whatsapp", "unless": "read", "within_minutes": 120},
                {"channel": "sms"},
            ],
            "text": "Your first cut is 10 % off. See you soon!",
        },
    ],
    "leave_on": ["booked", "replied", "opted_out"],
}
CHANGE = {
    "version": 1,
    "steps": [
        {"id": "st_01m8…4vz", "after_minutes": 0, "channels": ["email"], "template": "welcome"},
        {"id": None, "after_minutes": 1440, "channels": ["sms"], "text": "See you soon!"},
    ],
}


@blueprint.route("", methods=["POST"])
@requires("campaigns:write")
@blueprint.doc(operationId="createSequence", summary="Make a sequence", parameters=[HEADER])
@blueprint.arguments(SequenceInput, example=EXAMPLE)
@blueprint.response(201, SequenceAnswer, headers=REPLAYED)
def create(wanted: dict[str, Any]) -> Response:
    """Nothing is sent before somebody is enrolled."""

    def work(now: datetime) -> Answer:
        return Answer(201, _whole(sequences.create(caller(), **wanted, now=now)))

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("campaigns:read", query=True)
@blueprint.doc(operationId="listSequences", summary="List sequences, newest first")
@blueprint.arguments(SequenceQuery, location="query")
@blueprint.response(200, SequencePage)
def list_sequences(query: dict[str, Any]) -> Response:
    """Those in use, unless the archived ones are asked for."""
    rows, following = page(
        caller(),
        "sequences",
        query,
        lambda filters, limit, before: sequences.search(caller(), filters, limit, before),
        lambda row: (row.created_at, row.id),
    )
    return send(200, {"data": [sequence_row(row) for row in rows], "next_cursor": following})


@blueprint.route("/<sequence_id>", methods=["GET"])
@requires("campaigns:read")
@blueprint.doc(operationId="showSequence", summary="Show a sequence")
@blueprint.response(200, SequenceAnswer)
def show(sequence_id: str) -> Response:
    """With the number of people at each state of it."""
    return send(200, _whole(sequences.show(caller(), opaque_id(sequence_id))))


@blueprint.route("/<sequence_id>", methods=["PATCH"])
@requires("campaigns:write")
@blueprint.doc(operationId="changeSequence", summary="Change a sequence")
@blueprint.arguments(SequenceChanges, example=CHANGE)
@blueprint.response(200, SequenceAnswer)
def change(changes: dict[str, Any], sequence_id: str) -> Response:
    """The next version. Whoever is enrolled goes on by it; nobody gets a step twice. A `version`
    that is stale is a 409."""
    version = changes.pop("version", None)
    now = wallclock.now()
    changed = sequences.change(caller(), opaque_id(sequence_id), changes, version, now)
    return send(200, _whole(changed))


@blueprint.route("/<sequence_id>", methods=["DELETE"])
@requires("campaigns:write")
@blueprint.doc(operationId="archiveSequence", summary="Archive a sequence")
@blueprint.response(200, SequenceAnswer, description="Nothing of it can leave any more")
@blueprint.alt_response(
    202,
    schema=SequenceAnswer,
    success=True,
    description="Archived, while something of it is already at the provider",
)
def archive(sequence_id: str) -> Response:
    """Ends it for everybody who is enrolled, and takes nobody any more. It can still be read.
    Again, it is the same."""
    wanted = opaque_id(sequence_id)
    left = sequences.stop(caller(), wanted, wallclock.now(), archive=True)
    doorbell.ring_to_end(left.calls)
    return send(200 if left.settled else 202, _whole(sequences.show(caller(), wanted)))


def _whole(row: Sequence) -> dict[str, Any]:
    return sequence_answer(row, sequences.counted(row))
