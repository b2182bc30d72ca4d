"""Finding calls."""

from typing import Any

from gateway.models import attempt_search
from gateway.models.call_log import CallLog
from gateway.models.listing import Position
from gateway.models.transcript import Transcript


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: Position | None,
) -> list[CallLog]:
    """Calls of one organization and mode, newest first; `q` is words of the transcript."""
    further = {"q": Transcript.saying}
    return attempt_search.find(CallLog, organization_id, mode, filters, limit, before, further)
