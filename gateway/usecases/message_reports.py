"""What a carrier's report does to a message: the one of the highest rank counts, so that any order
of the same reports ends the same."""

from datetime import datetime
from typing import Any

from gateway.domain.callback import ProviderEvent
from gateway.domain.lifecycle import MessageState, advances, arrived, is_final
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.models.message_log import MessageLog
from gateway.usecases import consequences, outcomes

_MOMENTS = {
    MessageState.SENT: "sent_at",
    MessageState.DELIVERED: "delivered_at",
    MessageState.READ: "read_at",
}
UNEXPLAINED = Failure(FailureClass.TEMPORARY, Reason.UNREACHABLE)


def apply(message: MessageLog, event: ProviderEvent, now: datetime) -> None:
    """Apply a report to a locked message and to its notification."""
    state = event.state
    if not isinstance(state, MessageState):
        return
    at = event.occurred_at or now
    moments = {_MOMENTS[state]: at} if state in _MOMENTS else {}
    if advances(message.standing, state) or message.guessed:
        message.move(state, now, **_facts(message, event, state, at, now))
        consequences.attempt_moved(message, now, event.failure)
    elif message.state == state and event.failure is not None and event.failure.provider_code:
        message.explain(event.failure)
    message.fill(**moments)


def _facts(
    message: MessageLog, event: ProviderEvent, state: MessageState, at: datetime, now: datetime
) -> dict[str, Any]:
    failed = is_final(state) and not arrived(state)
    # Of one that arrives after all nothing stays of the failure that was told before.
    facts: dict[str, Any] = {
        "provider_status": event.provider_status, "ended_at": at if failed else None,
    }  # fmt: skip
    if not is_final(state):
        facts["lookup_at"] = outcomes.first_look(now)
    if message.reason == Reason.DUPLICATE:
        return facts
    failure = (event.failure or UNEXPLAINED) if failed else None
    return facts | {
        "failure_class": failure.failure_class if failure else None,
        "reason": failure.reason if failure else None,
        "provider_code": failure.provider_code if failure else None,
    }
