"""/api/v1/enrolments: one person in one sequence."""

from datetime import datetime
from typing import Any

from flask import Response

from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.pagination import page
from gateway.http.sequence_answer import EnrolmentAnswer, EnrolmentPage, enrolment_answer
from gateway.http.sequence_input import EnrolmentQuery
from gateway.usecases import enrolments
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "enrolments",
    __name__,
    url_prefix="/api/v1/enrolments",
    description="People in campaigns",
)


@blueprint.route("", methods=["GET"])
@requires("campaigns:read", query=True)
@blueprint.doc(operationId="listEnrolments", summary="List enrolments, newest first")
@blueprint.arguments(EnrolmentQuery, location="query")
@blueprint.response(200, EnrolmentPage)
def list_enrolments(query: dict[str, Any]) -> Response:
    """Of all sequences; filters combine."""
    rows, following = page(
        caller(),
        "enrolments",
        query,
        lambda filters, limit, before: enrolments.search(caller(), filters, limit, before),
        lambda view: (view.enrolment.enrolled_at, view.enrolment.id),
    )
    return send(200, {"data": [enrolment_answer(row) for row in rows], "next_cursor": following})


def serve(group: Blueprint, path: str, name: str) -> None:
    """Add the routes of one enrolment to a group, below a path; `name` makes their operations'
    names of a verb."""
    _reading(group, path, name)
    _holding(group, path, name)
    _stopping(group, path, name)


def _reading(group: Blueprint, path: str, name: str) -> None:
    @group.route(path, methods=["GET"])
    @requires("campaigns:read")
    @group.doc(operationId=name.format("show"), summary="Show an enrolment")
    @group.response(200, EnrolmentAnswer)
    def show(enrolment_id: str) -> Response:
        """With what became of every step, and what comes next."""
        return send(200, enrolment_answer(enrolments.show(caller(), opaque_id(enrolment_id))))


def _holding(group: Blueprint, path: str, name: str) -> None:
    @group.route(f"{path}/pause", methods=["POST"])
    @requires("campaigns:write")
    @group.doc(operationId=name.format("pause"), summary="Pause an enrolment", parameters=[HEADER])
    @group.response(200, EnrolmentAnswer, headers=REPLAYED)
    def pause(enrolment_id: str) -> Response:
        """What did not leave yet waits until it is resumed; 409 when it has ended."""
        return _held(enrolments.pause, enrolment_id)

    @group.route(f"{path}/resume", methods=["POST"])
    @requires("campaigns:write")
    @group.doc(
        operationId=name.format("resume"), summary="Resume an enrolment", parameters=[HEADER]
    )
    @group.response(200, EnrolmentAnswer, headers=REPLAYED)
    def resume(enrolment_id: str) -> Response:
        """A step that fell due meanwhile comes now, the ones after it in their time."""
        return _held(enrolments.resume, enrolment_id)


def _stopping(group: Blueprint, path: str, name: str) -> None:
    @group.route(f"{path}/stop", methods=["POST"])
    @requires("campaigns:write")
    @group.doc(operationId=name.format("stop"), summary="Stop an enrolment", parameters=[HEADER])
    @group.response(200, EnrolmentAnswer, headers=REPLAYED)
    @group.alt_response(
        202,
        schema=EnrolmentAnswer,
        success=True,
        description="Stopped, while something is already at the provider",
        headers=REPLAYED,
    )
    def stop(enrolment_id: str) -> Response:
        """For good: nothing more of it leaves. Again, it is the same."""
        wanted, calls = opaque_id(enrolment_id), list[str]()

        def work(now: datetime) -> Answer:
            view, left = enrolments.stop(caller(), wanted, now)
            calls.extend(left.calls)
            return Answer(200 if left.settled else 202, enrolment_answer(view))

        answer = once(work)
        doorbell.ring_to_end(calls)
        return answer


def _held(change: Any, enrolment_id: str) -> Response:
    wanted = opaque_id(enrolment_id)

    def work(now: datetime) -> Answer:
        return Answer(200, enrolment_answer(change(caller(), wanted, now)))

    return once(work)


serve(blueprint, "/<enrolment_id>", "{}Enrolment")
