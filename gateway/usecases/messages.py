"""Reading message logs: what was written to whom, and what came in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.errors import NotFound
from gateway.models import message_search
from gateway.models.message_log import MessageLog
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import people
from gateway.usecases.accounts import Caller


@dataclass(frozen=True)
class MessageView:
    """A message and, where asked for, what was heard about it."""

    message: MessageLog
    events: list[ProviderEvent] = field(default_factory=list)


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[MessageView]:
    """Messages newest first, at most `limit`, older than `before` (created_at, id), without their
    timelines. Filters: phone (E.164) and email of the person, booking_id, booking_external_id,
    state, channel, provider, direction, external_id, from_ and to (by creation, UTC, from
    included, to not)."""
    wanted = people.by_hash(filters)
    found = message_search.find(caller.organization_id, caller.mode, wanted, limit, before)
    return [MessageView(message) for message in found]


def show(caller: Caller, message_id: str) -> MessageView:
    """One message with its timeline. Raises NotFound."""
    message = MessageLog.of(caller.organization_id, caller.mode, message_id)
    if message is None:
        raise NotFound
    return MessageView(message, ProviderEvent.timeline([message.id]))
