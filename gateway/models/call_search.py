"""Finding calls."""

from collections.abc import Callable
from typing import Any

from peewee import SQL, Select, fn

from gateway.models import attempt_search
from gateway.models.base import dialect
from gateway.models.call_log import CallLog
from gateway.models.listing import Position
from gateway.models.transcript import Transcript

# Whoever asks for these, asks for few calls, which are then looked through for words.
_FEW = {"phone_hash", "email_hash", "booking_id", "booking_external_id", "external_id"}
DEAR = 4  # how many calls found by the index of words cost as much as one that is looked through
PATIENCE = 4  # how many times as many calls are looked through as should be needed


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: Position | None,
) -> list[CallLog]:
    """Calls of one organization and mode, newest first; `q` is words of the transcript."""

    def search(says: Callable[[str], Any]) -> list[CallLog]:
        further = {"q": says}
        mine = (organization_id, mode)
        return attempt_search.find(CallLog, *mine, filters, limit, before, further)

    if filters.get("q") is None or dialect() == "sqlite" or _FEW & filters.keys():
        return search(Transcript.saying)
    visits = _visits(filters["q"], limit)
    if visits is not None:
        oldest = _newest(organization_id, mode, visits, before)
        found = search(lambda words: (CallLog.created_at >= oldest) & Transcript.heard_in(words))
        if len(found) == limit:
            return found
    return search(lambda words: Transcript.listed(organization_id, words))


def _visits(words: str, limit: int) -> int | None:
    """How many calls to look through, newest first, for a page of those in which the words were
    said; None where it is quicker to list all of these. By the database's statistics, without
    looking: it can be wrong."""
    said = Transcript.expected(words)
    if said <= limit * DEAR or not (everything := Transcript.known()):
        return None
    needed = limit * everything / said
    return int(needed * PATIENCE) if needed * DEAR < said else None


def _newest(organization_id: str, mode: str, number: int, before: Position | None) -> Any:
    """The moment of the call that so many are newer than, below the position `before`."""
    mine = CallLog.select(CallLog.created_at, CallLog.id).where(
        CallLog.organization == organization_id, CallLog.mode == mode
    )
    if before is not None:
        mine = mine.where(CallLog.created_at <= before[0])
    newest = mine.order_by(CallLog.created_at.desc(), CallLog.id.desc()).limit(SQL(str(number)))
    counted = newest.alias("newest")
    return Select([counted], [fn.MIN(counted.c.created_at)])
