"""Finding messages."""

from typing import Any

from gateway.models import attempt_search
from gateway.models.listing import Position
from gateway.models.message_log import MessageLog


def find(
    organization_id: str,
    mode: str,
    filters: dict[str, Any],
    limit: int,
    before: Position | None,
) -> list[MessageLog]:
    """Messages of one organization and mode, in and out, newest first."""
    further = {"channel": lambda value: MessageLog.channel == value}
    return attempt_search.find(MessageLog, organization_id, mode, filters, limit, before, further)
