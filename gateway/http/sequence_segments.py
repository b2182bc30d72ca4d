"""/api/v1/sequences/…/pause, /resume, /stop: a whole sequence, or some of the people in it."""

from datetime import datetime
from typing import Any

from flask import Request, Response, g

from gateway.http import arguments, doorbell
from gateway.http.arguments import StrictParser, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.sequence_answer import SegmentAnswer, segment_answer
from gateway.http.sequence_input import SegmentInput
from gateway.models.enrolment_segments import Segment
from gateway.usecases import enrolments, sequences
from gateway.usecases.courses import Left
from gateway.usecases.idempotency import Answer

EXAMPLE = {"external_ids": ["c-77", "c-78"]}


class OptionalBody(StrictParser):
    """Takes no body at all for an empty object."""

    def _raw_load_json(self, req: Request) -> Any:
        if not req.get_data(cache=True):
            g.body = {}
            return g.body
        return super()._raw_load_json(req)


class Blueprint(arguments.Blueprint):
    """Routes whose body may be left out."""

    ARGUMENTS_PARSER = OptionalBody()


blueprint = Blueprint(
    "sequence_segments",
    __name__,
    url_prefix="/api/v1/sequences",
    description="Pausing, resuming and stopping campaigns",
)


@blueprint.route("/<sequence_id>/pause", methods=["POST"])
@requires("campaigns:write")
@blueprint.doc(operationId="pauseSequence", summary="Pause a sequence", parameters=[HEADER])
@blueprint.arguments(SegmentInput, example=EXAMPLE, required=False)
@blueprint.response(200, SegmentAnswer, headers=REPLAYED)
def pause(chosen: Segment | None, sequence_id: str) -> Response:
    """Without a segment nothing of the sequence leaves until it is resumed, whoever is enrolled;
    with one, these people's courses are paused."""
    return _act("pause", sequence_id, chosen)


@blueprint.route("/<sequence_id>/resume", methods=["POST"])
@requires("campaigns:write")
@blueprint.doc(operationId="resumeSequence", summary="Resume a sequence", parameters=[HEADER])
@blueprint.arguments(SegmentInput, example=EXAMPLE, required=False)
@blueprint.response(200, SegmentAnswer, headers=REPLAYED)
def resume(chosen: Segment | None, sequence_id: str) -> Response:
    """Steps that fell due meanwhile come now, the ones after them in their time. People who were
    paused by themselves stay so unless they are in a segment."""
    return _act("resume", sequence_id, chosen)


@blueprint.route("/<sequence_id>/stop", methods=["POST"])
@requires("campaigns:write")
@blueprint.doc(operationId="stopSequence", summary="Stop a sequence", parameters=[HEADER])
@blueprint.arguments(SegmentInput, example=EXAMPLE, required=False)
@blueprint.response(200, SegmentAnswer, headers=REPLAYED)
@blueprint.alt_response(
    202,
    schema=SegmentAnswer,
    success=True,
    description="Stopped, while something is already at the provider",
    headers=REPLAYED,
)
def stop(chosen: Segment | None, sequence_id: str) -> Response:
    """For good, for those who are enrolled now. Nothing more leaves, though the enrolments of a
    whole sequence come to their ends one after the other."""
    return _act("stop", sequence_id, chosen)


def _act(act: str, sequence_id: str, chosen: Segment | None) -> Response:
    wanted, calls = opaque_id(sequence_id), list[str]()

    def work(now: datetime) -> Answer:
        done = enrolments.act_on(caller(), wanted, act, chosen, now) if chosen else None
        left = done.left if done else _all(act, wanted, now)
        calls.extend(left.calls)
        row = sequences.show(caller(), wanted)
        body = segment_answer(done, row, sequences.counted(row))
        return Answer(200 if left.settled else 202, body)

    answer = once(work)
    doorbell.ring_to_end(calls)
    return answer


def _all(act: str, sequence_id: str, now: datetime) -> Left:
    if act == "stop":
        return sequences.stop(caller(), sequence_id, now)
    do = sequences.pause if act == "pause" else sequences.resume
    do(caller(), sequence_id, now)
    return Left()
