"""/console/export: what a search found, for a spreadsheet."""

from typing import Any

from flask import Response

from gateway.domain import times
from gateway.domain.errors import NotAllowed
from gateway.http import spreadsheet
from gateway.http.console import telling
from gateway.http.console.group import blueprint
from gateway.http.console.search_query import PERSONAL, PLAIN, given, wanted
from gateway.http.staff_pages import caller, form, recorded, staff
from gateway.http.staff_words import masked, may
from gateway.models.attempts import AnyAttempt
from gateway.usecases import console_search

MOST = 5000
COLUMNS = (
    "at", "channel", "direction", "number", "state", "outcome", "provider", "provider_code",
    "external_id", "booking_id", "id",
)  # fmt: skip


@blueprint.post("/export")
@staff()
def export() -> Response:
    """The newest 5,000 rows of a search as CSV; with numbers only for who may see them, and that is
    noted with every row's id."""
    sent = form()
    told = given(sent, (*PERSONAL, *PLAIN))
    numbers = sent.get("numbers") == "yes"
    if (numbers or told.get("words")) and not may("support"):
        raise NotAllowed("your role does not allow this")
    found = console_search.find(caller(), wanted(told))
    rows = []
    if found.filters is not None:
        rows = console_search.attempts(caller(), found.filters, MOST, None)
    if not numbers:
        return _file(rows, numbers=False)
    ids = [row.id for row in rows]
    with recorded("export-numbers", *ids, reason=sent.get("reason", "")):
        return _file(rows, numbers=True)


def _file(rows: list[AnyAttempt], *, numbers: bool) -> Response:
    sent = spreadsheet.send_rows([_row(row, numbers) for row in rows], COLUMNS, "ringback")
    sent.headers["Cache-Control"] = "no-store"
    return sent


def _row(row: AnyAttempt, numbers: bool) -> dict[str, Any]:
    theirs = row.from_address if row.direction == "inbound" else row.to_address
    return {
        "at": times.shown(row.created_at),
        "channel": telling.in_words(row.channel),
        "direction": row.direction,
        "number": theirs if numbers else masked(theirs),
        "state": str(row.state),
        "outcome": telling.outcome(row),
        "provider": row.provider,
        "provider_code": row.provider_code,
        "external_id": row.external_id,
        "booking_id": row.booking_id,
        "id": row.id,
    }
