"""What a provider event does to a call: in any order, the same events make the same call log."""

from datetime import datetime
from typing import Any

from gateway.domain.lifecycle import CallState, advances, is_final
from gateway.domain.outcomes import Reason
from gateway.domain.provider import EventKind, ProviderEvent
from gateway.models.call_log import CallLog
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.usecases import outcomes


def apply(call: CallLog, event: ProviderEvent, now: datetime) -> None:
    """Apply an event to a locked call and to its notification. A status never moves backwards;
    facts fill what is empty and blank nothing."""
    if event.kind == EventKind.CALL_STATUS and event.state is not None:
        _status(call, event, event.state, now)
    CallLog.answered(call, event.answered_by)
    if event.kind == EventKind.RECORDING:
        CallLog.recorded(call, event.source_id, event.provider_status)
    if event.text and not _outdated(call, event):
        Transcript.hold(call, event.source_id or event.external_id, event.text, now)
    if event.segments:
        _utterances(call, event, now)


def _outdated(call: CallLog, event: ProviderEvent) -> bool:
    """Whether a text came with a status before the end, and the call is over by now: the text
    that came with its end is the whole one."""
    return event.state is not None and not is_final(event.state) and is_final(CallState(call.state))


def _status(call: CallLog, event: ProviderEvent, state: CallState, now: datetime) -> None:
    at = event.occurred_at or now
    news = advances(CallState(call.state), state) or _corrects(call, event, state)
    if call.guessed and state == CallState.FAILED:
        CallLog.confirm(call, now, **_facts(call, event, state, at, now))
        outcomes.call_moved(call, now, event.failure)
    elif news or call.guessed:
        CallLog.move(call, state, now, **_facts(call, event, state, at, now))
        outcomes.call_moved(call, now, event.failure)
    elif call.state == state:
        CallLog.fill(
            call, duration_seconds=event.duration_seconds, provider_status=event.provider_status
        )
        _explain(call, event)
    if state == CallState.IN_PROGRESS and not event.looked_up:
        CallLog.fill(call, started_at=at)


def _corrects(call: CallLog, event: ProviderEvent, state: CallState) -> bool:
    """Another ending counts only when the provider numbered it later than the one we have, or when
    it was asked and said so."""
    if not (is_final(CallState(call.state)) and is_final(state)) or call.state == state:
        return False
    if event.looked_up:
        return True
    if event.sequence is None or call.sequence is None:
        return False
    return bool(event.sequence > call.sequence)


def _explain(call: CallLog, event: ProviderEvent) -> None:
    """The same ending told again with the provider's code: a look-up tells none."""
    failure = event.failure
    if failure is not None and failure.provider_code and call.reason != Reason.DUPLICATE:
        CallLog.explain(call, failure)


def _facts(
    call: CallLog, event: ProviderEvent, state: CallState, at: datetime, now: datetime
) -> dict[str, Any]:
    facts: dict[str, Any] = {"provider_status": event.provider_status}
    if event.sequence is not None:
        facts["sequence"] = event.sequence
    elif event.looked_up and is_final(state):
        facts["sequence"] = None  # no callback corrects it, whatever its number
    if call.reason == Reason.DUPLICATE:
        return facts | _moments(event, state, at, now)
    failure = None
    if is_final(state) and state != CallState.COMPLETED:
        failure = event.failure or outcomes.REASONS[state]
    return (
        facts
        | _moments(event, state, at, now)
        | {
            "failure_class": failure.failure_class if failure else None,
            "reason": failure.reason if failure else None,
            "provider_code": failure.provider_code if failure else None,
        }
    )


def _moments(event: ProviderEvent, state: CallState, at: datetime, now: datetime) -> dict[str, Any]:
    if is_final(state):
        return {"ended_at": at, "duration_seconds": event.duration_seconds}
    return {"ended_at": None, "lookup_at": outcomes.first_look(now)}


def _utterances(call: CallLog, event: ProviderEvent, now: datetime) -> None:
    transcript = Transcript.growing(call, event.source_id or event.external_id, now)
    for segment in event.segments:
        TranscriptSegment.hold(
            transcript, segment.position, segment.speaker,
            text=segment.text, spoken_at=segment.spoken_at,
        )  # fmt: skip
    transcript.retell(now)
