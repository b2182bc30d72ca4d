"""/api/v1/admin/dead-letters: what failed for good, until somebody replays or discards it."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields, post_load, validate

from gateway import wallclock
from gateway.http import admin
from gateway.http.admin import DryRunQuery, Flag, operator
from gateway.http.admin_answer import (
    LetterDetail,
    LetterPage,
    TallyAnswer,
    letter_answer,
    letter_detail,
)
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.booking_input import in_order
from gateway.http.errors import Problem
from gateway.http.fields import QueryInstant, Text
from gateway.http.idempotency import HEADER, REPLAYED
from gateway.http.pagination import PageQuery, page
from gateway.models.dead_letter import EVENT, JOB, NOTIFICATION
from gateway.usecases import dead_letters

blueprint = Blueprint(
    "dead-letters",
    __name__,
    url_prefix="/api/v1/admin/dead-letters",
    description="What failed for good",
)
EXAMPLE = {"filter": {"reason": "provider_error", "from": "2026-12-01T00:00:00Z"}}


class DeadLetterFilterInput(Schema):
    """Filters of dead letters; they combine."""

    object = fields.String(validate=validate.OneOf([NOTIFICATION, EVENT, JOB]))
    reason = Text(maximum=200)
    kind = Text(maximum=20, metadata={"description": "of the notification, or the name of the job"})
    booking_id = Text(maximum=40)
    from_ = QueryInstant(data_key="from", metadata={"description": "earliest time of the letter"})
    to = QueryInstant(metadata={"description": "written before this"})

    @post_load
    def _in_order(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return in_order(data)


class DeadLetterChoiceInput(admin.Choice):
    """The open dead letters meant: either `ids` or a `filter`. An empty filter is all of them."""

    filter = fields.Nested(DeadLetterFilterInput)


class DeadLetterQuery(PageQuery, DeadLetterFilterInput):
    """Filters of the list of dead letters."""

    resolved = Flag(
        load_default=False, metadata={"description": "the closed ones instead of the open ones"}
    )


class DeadLetterDiscardQuery(DryRunQuery, DeadLetterFilterInput):
    """The open dead letters to discard: all of them without a filter."""


@blueprint.route("", methods=["GET"])
@requires("admin", query=True)
@blueprint.doc(operationId="listDeadLetters", summary="List dead letters, newest first")
@blueprint.arguments(DeadLetterQuery, location="query")
@blueprint.response(200, LetterPage)
def list_letters(query: dict[str, Any]) -> Response:
    """The open ones, or with `resolved` those that were replayed or discarded."""
    letters, following = page(
        caller(),
        "dead-letters",
        query,
        lambda filters, limit, before: dead_letters.search(operator(), filters, limit, before),
        lambda letter: (letter.created_at, letter.id),
    )
    shown = [letter_answer(letter) for letter in letters]
    return send(200, {"data": shown, "next_cursor": following})


@blueprint.route("", methods=["DELETE"])
@requires("admin", query=True)
@blueprint.doc(operationId="discardDeadLettersFound", summary="Discard the dead letters found")
@blueprint.arguments(DeadLetterDiscardQuery, location="query")
@blueprint.response(200, TallyAnswer)
def discard_found(query: dict[str, Any]) -> Response:
    """As `POST /discard`, with the filter in the address. Discarded letters stay on record."""
    return admin.act_at_once(dead_letters.discard, query, wallclock.now())


@blueprint.route("/replay", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(operationId="replayDeadLetters", summary="Replay dead letters", parameters=[HEADER])
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(DeadLetterChoiceInput, example=EXAMPLE)
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **admin.UNKNOWN_ID)
def replay(query: dict[str, Any], choice: dict[str, Any]) -> Response:
    """What failed may leave at once, if every check still allows it: booking, consent, time. What
    fails again is a new dead letter."""
    return admin.act(dead_letters.replay, query, choice)


@blueprint.route("/discard", methods=["POST"])
@requires("admin", query=True)
@blueprint.doc(
    operationId="discardDeadLetters", summary="Discard dead letters", parameters=[HEADER]
)
@blueprint.arguments(DryRunQuery, location="query")
@blueprint.arguments(DeadLetterChoiceInput, example=EXAMPLE)
@blueprint.response(200, TallyAnswer, headers=REPLAYED)
@blueprint.alt_response(404, **admin.UNKNOWN_ID)
def discard(query: dict[str, Any], choice: dict[str, Any]) -> Response:
    """Discarded letters stay on record, and what they are about stays failed."""
    return admin.act(dead_letters.discard, query, choice)


@blueprint.route("/<letter_id>", methods=["GET"])
@requires("admin")
@blueprint.doc(operationId="showDeadLetter", summary="Show a dead letter")
@blueprint.response(200, LetterDetail)
def show(letter_id: str) -> Response:
    """With its history: every attempt, and what became of earlier letters about the same."""
    return send(200, letter_detail(dead_letters.show(operator(), opaque_id(letter_id))))


@blueprint.route("/<letter_id>", methods=["DELETE"])
@requires("admin")
@blueprint.doc(operationId="discardDeadLetter", summary="Discard a dead letter")
@blueprint.response(200, LetterDetail)
@blueprint.alt_response(
    409,
    schema=Problem,
    content_type="application/problem+json",
    description="It was replayed already",
)
def discard_one(letter_id: str) -> Response:
    """Twice is the same as once. It stays on record."""
    done = dead_letters.discard_one(operator(), opaque_id(letter_id), wallclock.now())
    return send(200, letter_detail(done))
