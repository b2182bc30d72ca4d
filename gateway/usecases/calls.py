"""Reading call logs: who was called, what was said, why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.errors import Invalid, NotFound
from gateway.models import call_search
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import AuditEntry
from gateway.models.transcript import Transcript, TranscriptSegment, searchable
from gateway.usecases import people
from gateway.usecases.accounts import Caller


@dataclass(frozen=True)
class CallView:
    """A call with what was said (its segments in spoken order) and, where asked for, its
    timeline."""

    call: CallLog
    transcript: Transcript | None
    segments: list[TranscriptSegment]
    events: list[ProviderEvent]


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[CallView]:
    """Calls newest first, at most `limit`, older than `before` (created_at, id), without their
    timelines. Filters: phone (E.164), booking_id, booking_external_id, state, provider,
    external_id, from_ and to (by creation, UTC, from included, to not), q (all these words in the
    transcript). Raises Invalid for a q without a word."""
    if filters.get("q") is not None and not searchable(filters["q"]):
        raise Invalid("needs at least one word", "q")
    wanted = people.by_hash(filters)
    return _views(call_search.find(caller.organization_id, caller.mode, wanted, limit, before))


def show(caller: Caller, call_id: str) -> CallView:
    """One call with its timeline. Raises NotFound."""
    call = CallLog.of(caller.organization_id, caller.mode, call_id)
    if call is None:
        raise NotFound
    view = _views([call])[0]
    return CallView(call, view.transcript, view.segments, ProviderEvent.timeline([call.id]))


def _views(calls: list[CallLog]) -> list[CallView]:
    transcripts = Transcript.of_calls([call.id for call in calls])
    segments = TranscriptSegment.of_transcripts([row.id for row in transcripts.values()])
    views = []
    for call in calls:
        transcript = transcripts.get(call.id)
        spoken = segments.get(transcript.id, []) if transcript else []
        _count_from_start(call, spoken)
        views.append(CallView(call, transcript, spoken, []))
    return views


def _count_from_start(call: CallLog, spoken: list[TranscriptSegment]) -> None:
    """Fill start_seconds from the moment of answering, or of the first utterance."""
    timed = [segment.spoken_at for segment in spoken if segment.spoken_at]
    if not timed:
        return
    start = min([*timed, *([call.started_at] if call.started_at else [])])
    for segment in spoken:
        if segment.start_seconds is None and segment.spoken_at is not None:
            segment.start_seconds = round((segment.spoken_at - start).total_seconds(), 3)


def read(caller: Caller, views: list[CallView], now: datetime, request_id: str) -> None:
    """Note who was shown the transcripts among these calls."""
    shown = [view.call.id for view in views if view.transcript is not None]
    if shown:
        AuditEntry.create(
            organization=caller.organization_id,
            at=now,
            key=caller.key_id,
            person=caller.person,
            action="read-transcript",
            objects=shown,
            request_id=request_id,
        )
