"""Finding out whether a call of unknown fate was placed."""

from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.provider import CallRequest, Found, LookupFailed
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.providers import get
from gateway.usecases import outcomes

log = structlog.get_logger(__name__)

EARLY, LATE = timedelta(seconds=5), timedelta(seconds=45)  # around the attempt, clocks included
AFTER_EXPIRY = timedelta(hours=1)
AGAIN = timedelta(seconds=30)


def look_up(call_id: str, now: datetime) -> None:
    """Ask the carrier about an unknown call. Found, it goes on as if its answer had come; after
    the last look-up of the schedule without a trace it is not confirmed. A carrier that can't be
    asked leaves it to callbacks until an hour after the notification expired. Safe to repeat."""
    call = CallLog.unresolved(call_id)
    if call is None:
        return
    try:
        found = get(call.provider).find(_request(call))
    except LookupFailed:
        CallLog.look_up_again(call, now + AGAIN, call.lookups)
        log.warning("look-up failed", call_id=call.id)
        return
    if found is None:
        _wait_for_callback(call, now)
        return
    hits = [hit for hit in found if _may_be(call, hit)]
    if hits:
        _found(call, hits, now)
    else:
        _no_trace(call, now)


def _request(call: CallLog) -> CallRequest:
    return CallRequest(
        attempt_id=call.id, account=call.account, to=call.to_address, from_=call.from_address,
        say="", locale="en", callback_base_url="", transcribe=False,
    )  # fmt: skip


def _may_be(call: CallLog, hit: Found) -> bool:
    if hit.created_at is None:
        return False
    if not call.created_at - EARLY <= hit.created_at <= call.created_at + LATE:
        return False
    owner = CallLog.owner(call.provider, call.account, hit.external_id)
    return owner is None or bool(owner.id == call.id)


def _found(call: CallLog, hits: list[Found], now: datetime) -> None:
    first = min(hits, key=lambda hit: (hit.created_at, hit.external_id))
    with atomic():
        kept = CallLog.locked(id=call.id)
        if kept is None or kept.state != CallState.UNKNOWN:
            return
        if not CallLog.name(kept, first.external_id):
            return
        failure = outcomes.REASONS.get(first.state)
        facts: dict[str, Any] = {"provider_status": first.provider_status}
        if failure:
            facts |= {"failure_class": failure.failure_class, "reason": failure.reason}
        if is_final(first.state):
            facts["ended_at"] = now
        CallLog.move(kept, first.state, now, **facts)
        if len(hits) > 1:
            kept.tell(now, "call.duplicate_suspected")
            log.error("more than one call may be this attempt", call_id=call.id, hits=len(hits))
        outcomes.call_moved(kept, now, failure)
    log.info("unknown call found", call_id=call.id, external_id=first.external_id)


def _no_trace(call: CallLog, now: datetime) -> None:
    waits = settings.current().unknown_lookup_seconds
    done = call.lookups + 1
    if done >= len(waits):
        outcomes.not_confirmed(call, now)
        log.warning("call not confirmed", call_id=call.id)
    else:
        CallLog.look_up_again(call, call.created_at + timedelta(seconds=waits[done]), done)


def _wait_for_callback(call: CallLog, now: datetime) -> None:
    row = Notification.get_by_id(call.notification_id)
    deadline = row.expires_at + AFTER_EXPIRY
    if now >= deadline:
        outcomes.not_confirmed(call, now)
    else:
        CallLog.look_up_again(call, deadline, call.lookups)
