"""What a provider event does to a call or a message: in any order, the same events end the same."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from gateway.domain.callback import EventKind
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.lifecycle import CallState, advances, is_final
from gateway.domain.outcomes import Reason
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.transcript import Transcript, TranscriptSegment
from gateway.usecases import consents, consequences, message_reports, outcomes, replies


def apply(about: AnyAttempt, event: ProviderEvent, told: Told, now: datetime) -> None:
    """Apply an event to a locked attempt and to its notification. A status never moves backwards;
    facts fill what is empty and blank nothing."""
    if isinstance(about, CallLog):
        apply_to_call(about, told if about.erased_at is None else _wordless(told), now)
        if told.kind == EventKind.DIGITS and told.digits:
            replies.pressed(about, told.digits, now)
        return
    opted_out = told.failure is not None and told.failure.reason == Reason.OPTED_OUT
    if told.kind == EventKind.OPT_OUT or opted_out:
        # Before the notification is locked: what ends with it is locked first.
        consents.refused_by_carrier(about, event.id, now)
    if told.kind == EventKind.MESSAGE_STATUS:
        message_reports.apply(about, told, now)


def _wordless(told: Told) -> Told:
    """What an event tells of the call of an erased person: how it went, not what was said."""
    return replace(told, text=None, segments=(), digits=None)


def apply_to_call(call: CallLog, event: Told, now: datetime) -> None:
    """Apply an event to a locked call."""
    over = is_final(call.standing)
    # First: what an end means may depend on who picked up.
    if call.answered(event.answered_by) and over:
        consequences.attempt_moved(call, now, None)
    if event.kind == EventKind.CALL_STATUS and isinstance(event.state, CallState):
        _status(call, event, event.state, now)
    call.fill(digits=event.digits)
    if event.kind == EventKind.RECORDING:
        call.recorded(event.source_id, event.provider_status)
    if event.text and not _outdated(call, event):
        Transcript.hold(call, event.source_id or event.external_id, event.text, now)
    if event.segments:
        _utterances(call, event, now)


def _outdated(call: CallLog, event: Told) -> bool:
    """Whether a text came with a status before the end, and the call is over by now: the text
    that came with its end is the whole one."""
    return event.state is not None and not is_final(event.state) and is_final(CallState(call.state))


def _status(call: CallLog, event: Told, state: CallState, now: datetime) -> None:
    at = event.occurred_at or now
    news = advances(CallState(call.state), state) or _corrects(call, event, state)
    if call.guessed and state == CallState.FAILED:
        call.confirm(now, **_facts(call, event, state, at, now))
        consequences.attempt_moved(call, now, event.failure)
    elif news or call.guessed:
        call.move(state, now, **_facts(call, event, state, at, now))
        consequences.attempt_moved(call, now, event.failure)
    elif call.state == state:
        call.fill(duration_seconds=event.duration_seconds, provider_status=event.provider_status)
        _explain(call, event)
    if state == CallState.IN_PROGRESS and not event.looked_up:
        call.fill(started_at=at)


def _corrects(call: CallLog, event: Told, state: CallState) -> bool:
    """Another ending counts only when the provider numbered it later than the one we have, or when
    it was asked and said so."""
    if not (is_final(CallState(call.state)) and is_final(state)) or call.state == state:
        return False
    if event.looked_up:
        return True
    if event.sequence is None or call.sequence is None:
        return False
    return bool(event.sequence > call.sequence)


def _explain(call: CallLog, event: Told) -> None:
    """The same ending told again with the provider's code: a look-up tells none."""
    failure = event.failure
    if failure is not None and failure.provider_code and call.reason != Reason.DUPLICATE:
        call.explain(failure)


def _facts(
    call: CallLog, event: Told, state: CallState, at: datetime, now: datetime
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
        failure = event.failure or consequences.REASONS[state]
    return (
        facts
        | _moments(event, state, at, now)
        | {
            "failure_class": failure.failure_class if failure else None,
            "reason": failure.reason if failure else None,
            "provider_code": failure.provider_code if failure else None,
        }
    )


def _moments(event: Told, state: CallState, at: datetime, now: datetime) -> dict[str, Any]:
    if is_final(state):
        return {"ended_at": at, "duration_seconds": event.duration_seconds}
    return {"ended_at": None, "lookup_at": outcomes.first_look(now)}


def _utterances(call: CallLog, event: Told, now: datetime) -> None:
    transcript = Transcript.growing(call, event.source_id or event.external_id, now)
    for segment in event.segments:
        TranscriptSegment.hold(
            transcript, segment.position, segment.speaker,
            text=segment.text, spoken_at=segment.spoken_at,
        )  # fmt: skip
    transcript.retell(now)
