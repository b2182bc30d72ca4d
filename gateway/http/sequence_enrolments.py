"""/api/v1/sequences/…/enrolments: people in a sequence; and the same routes as /api/v1/enrolments
has, below /api/v1/sequences."""

from datetime import datetime
from typing import Any

from flask import Response

from gateway.http import enrolments as alone
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.sequence_answer import EnrolmentAnswer, EnrolmentPage, enrolment_answer
from gateway.http.sequence_input import EnrolmentFilterInput, EnrolmentInput
from gateway.usecases import enrolments, sequences
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "sequence_enrolments",
    __name__,
    url_prefix="/api/v1/sequences",
    description="People in campaigns",
)
EXAMPLE = {
    "contact": {"external_id": "c-77", "name": "Ada", "phone": "+4915112345678", "locale": "de"},
    "variables": {"x_voucher": "SPRING-10"},
}


@blueprint.route("/<sequence_id>/enrolments", methods=["POST"])
@requires("campaigns:write")
@blueprint.doc(operationId="enrol", summary="Enrol somebody", parameters=[HEADER])
@blueprint.arguments(EnrolmentInput, example=EXAMPLE)
@blueprint.response(201, EnrolmentAnswer, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=EnrolmentAnswer,
    success=True,
    description="This contact is in the sequence already, and stays as it is",
    headers=REPLAYED,
)
def enrol(wanted: dict[str, Any], sequence_id: str) -> Response:
    """The first step comes its minutes after this. Somebody whose enrolment has ended can be
    enrolled again, and begins anew."""
    to = opaque_id(sequence_id)

    def work(now: datetime) -> Answer:
        view, made = enrolments.enrol(caller(), to, wanted["contact"], wanted["variables"], now)
        return Answer(201 if made else 200, enrolment_answer(view))

    return once(work)


@blueprint.route("/<sequence_id>/enrolments", methods=["GET"])
@requires("campaigns:read", query=True)
@blueprint.doc(operationId="listSequenceEnrolments", summary="List the people in a sequence")
@blueprint.arguments(EnrolmentFilterInput, location="query")
@blueprint.response(200, EnrolmentPage)
def list_enrolments(query: dict[str, Any], sequence_id: str) -> Response:
    """Newest first, each with what became of every step and what comes next."""
    sequence = sequences.show(caller(), opaque_id(sequence_id))
    rows, following = page(
        caller(),
        f"sequences/{sequence.id}",
        query,
        lambda filters, limit, before: enrolments.search(
            caller(), {**filters, "sequence_id": sequence.id}, limit, before
        ),
        lambda view: (view.enrolment.enrolled_at, view.enrolment.id),
    )
    return send(200, {"data": [enrolment_answer(row) for row in rows], "next_cursor": following})


alone.serve(blueprint, "/enrolments/<enrolment_id>", "{}SequenceEnrolment")
