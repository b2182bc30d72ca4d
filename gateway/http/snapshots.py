"""/api/v1/snapshots: the figures of each day."""

from datetime import date, datetime
from typing import Any

from flask import Response, request
from marshmallow import Schema, ValidationError, fields, post_load, validate

from gateway.domain.errors import Invalid
from gateway.http.answers import send
from gateway.http.arguments import Blueprint
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, once
from gateway.http.invoice_input import Day
from gateway.http.pagination import PageQuery, page
from gateway.http.snapshot_answer import (
    RecomputeAnswer,
    SnapshotPage,
    cells,
    columns,
    snapshot_answer,
)
from gateway.http.spreadsheet import CSV, send_rows
from gateway.usecases import snapshots
from gateway.usecases.idempotency import Answer

blueprint = Blueprint(
    "snapshots", __name__, url_prefix="/api/v1/snapshots", description="The figures of each day"
)
JSON = "application/json"
_RANGE: tuple[str, ...] = ("from_", "to")
_AS_CSV = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}


def _in_order(data: dict[str, Any]) -> dict[str, Any]:
    if "from_" in data and "to" in data and data["from_"] > data["to"]:
        raise ValidationError("must not lie after to", "from")
    return dict(data)


class SnapshotQuery(PageQuery):
    """Which days."""

    from_ = Day(data_key="from", metadata={"description": "the first day"})
    to = Day(metadata={"description": "the last day, itself among them"})
    format = fields.String(
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` as `Accept: text/csv`: all of up to 366 days, no pages"},
    )

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return _in_order(data)


class RecomputeInput(Schema):
    """Which days to count again, both among them."""

    from_ = Day(data_key="from", required=True)
    to = Day(required=True)

    @post_load
    def _wanted(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return _in_order(data)


@blueprint.route("", methods=["GET"])
@requires("snapshots:read", query=True)
@blueprint.doc(operationId="listSnapshots", summary="List days, newest first", responses=_AS_CSV)
@blueprint.arguments(SnapshotQuery, location="query")
@blueprint.response(200, SnapshotPage)
def list_days(query: dict[str, Any]) -> Response:
    """Counted an hour after the end of each of the organization's days, and again when there was
    news about one that is counted already."""
    wanted = query.pop("format", None)
    if wanted == "csv" or (wanted is None and _prefers_csv()):
        answer = _csv(query)
    else:
        rows, following = page(
            caller(),
            "snapshots",
            query,
            lambda filters, limit, before: snapshots.search(caller(), filters, limit, before),
            lambda row: (row.starts_at, row.id),
        )
        shown = [snapshot_answer(row) for row in rows]
        answer = send(200, {"data": shown, "next_cursor": following})
    answer.headers["Vary"] = "Accept"
    return answer


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match([JSON, CSV], JSON) == CSV


def _csv(query: dict[str, Any]) -> Response:
    if "cursor" in query:
        raise Invalid("is for JSON", "cursor")
    first, last = query.get("from_"), query.get("to")
    if first and last and (last - first).days >= snapshots.MOST_DAYS:
        raise Invalid(f"must be at most {snapshots.MOST_DAYS} days before to", "from")
    days: dict[str, date] = {name: query[name] for name in _RANGE if name in query}
    found = snapshots.search(caller(), days, snapshots.MOST_DAYS)
    lines = [cells(row) for row in found]
    return send_rows(lines, columns(lines), _file_name(lines))


def _file_name(lines: list[dict[str, Any]]) -> str:
    span = f"-{lines[-1]['day']}-{lines[0]['day']}" if lines else ""
    return f"snapshots{span}"


@blueprint.route("/recompute", methods=["POST"])
@requires("snapshots:write")
@blueprint.doc(operationId="recomputeSnapshots", summary="Count days again", parameters=[HEADER])
@blueprint.arguments(RecomputeInput, example={"from": "2026-11-01", "to": "2026-11-30"})
@blueprint.response(202, RecomputeAnswer, headers=REPLAYED)
def recompute(asked: dict[str, date]) -> Response:
    """In the background, one after the other. Without news about a day the same figures come
    out."""

    def work(now: datetime) -> Answer:
        days = snapshots.recompute(caller(), asked["from_"], asked["to"], now)
        return Answer(202, {"days": days})

    return once(work)
