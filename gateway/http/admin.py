"""What the routes of /api/v1/admin share: how objects are named or filtered, dry runs, and what
came of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response, g
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from gateway.http.admin_answer import tally
from gateway.http.answers import send
from gateway.http.auth import caller
from gateway.http.errors import Problem
from gateway.http.fields import Text
from gateway.http.idempotency import once
from gateway.usecases import operators
from gateway.usecases.idempotency import Answer
from gateway.usecases.operators import Operator, Tally

MOST = 200  # objects that one call takes on; `remaining` tells how many are left
UNKNOWN_ID = {
    "schema": Problem,
    "content_type": "application/problem+json",
    "description": "One of the ids does not exist, or is somebody else's",
}


class Flag(fields.Boolean):
    """`true` or `false` in an address."""

    truthy, falsy = {"true"}, {"false"}


class DryRunQuery(Schema):
    """Whether to look only."""

    dry_run = Flag(
        load_default=False, metadata={"description": "tell what would be done, and do nothing"}
    )


class Choice(Schema):
    """Either `ids` or a `filter`; an empty filter is all of them. Subclasses bring the filter."""

    ids = fields.List(
        Text(maximum=40),
        validate=validate.Length(min=1, max=MOST),
        metadata={"description": "each of them has to exist"},
    )

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_: Any) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ValidationError("either ids or filter is needed")


def operator() -> Operator:
    """The key's holder, for the request being handled."""
    return operators.key_holder(caller(), g.request_id)


def wanted(choice: dict[str, Any]) -> dict[str, Any]:
    """A choice as the use cases take it."""
    filters: dict[str, Any] = choice.get("filter", {})
    return {**filters, **({"ids": choice["ids"]} if "ids" in choice else {})}


def act(work: Callable[..., Tally], query: dict[str, Any], choice: dict[str, Any]) -> Response:
    """The answer to a POST that replays or discards what was chosen."""
    dry_run: bool = query["dry_run"]

    def run(now: datetime) -> Answer:
        done = work(operator(), wanted(choice), now, dry_run=dry_run, limit=MOST)
        return Answer(200, tally(done, dry_run=dry_run))

    return once(run, f"dry_run={dry_run}")


def act_at_once(work: Callable[..., Tally], query: dict[str, Any], now: datetime) -> Response:
    """The answer to a DELETE of what its parameters choose."""
    filters = dict(query)
    dry_run: bool = filters.pop("dry_run")
    done = work(operator(), filters, now, dry_run=dry_run, limit=MOST)
    return send(200, tally(done, dry_run=dry_run))
