"""/console/audit: who read a number or a transcript, and who changed what; for admins."""

from datetime import datetime
from typing import Any

from flask import Response, request

from gateway.http import pagination
from gateway.http.console.group import blueprint
from gateway.http.staff_answers import page
from gateway.http.staff_pages import caller, staff
from gateway.models.records import AuditEntry

SHOWN = 50
_LONGEST = 200


@blueprint.get("/audit")
@staff("admin")
def audit() -> Response:
    """The organization's ledger, newest first; `person` and `action` narrow it."""
    given = {name: request.args.get(name, "").strip()[:_LONGEST] for name in ("person", "action")}
    filters = {name: value for name, value in given.items() if value}
    query: dict[str, Any] = {"limit": SHOWN, **filters}
    if request.args.get("cursor"):
        query["cursor"] = request.args["cursor"]
    rows, onward = pagination.page(caller(), "console audit", query, _find, _key)
    following = {**filters, "cursor": onward} if onward else None
    return page("audit.html", rows=rows, following=following, given=given)


def _find(
    filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[AuditEntry]:
    position = (before[0], int(before[1])) if before else None
    return AuditEntry.page(caller().organization_id, filters, position, limit)


def _key(row: AuditEntry) -> tuple[datetime, str]:
    return row.at, str(row.id)
