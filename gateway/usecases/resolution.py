"""Asking the carrier: whether a call of unknown fate was placed, and what became of one that it
has but tells nothing about."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain.lifecycle import CallState, advances, is_final
from gateway.domain.provider import CallRequest, EventKind, Found, LookupFailed
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.providers import get
from gateway.usecases import ending, outcomes

log = structlog.get_logger(__name__)

EARLY, LATE = timedelta(seconds=5), timedelta(seconds=45)  # around the attempt, clocks included
AFTER_EXPIRY = timedelta(hours=1)
AGAIN = timedelta(seconds=30)
SILENT_FOR = timedelta(hours=72)


def look_up(call_id: str, number: int, now: datetime) -> None:
    """Ask the carrier about an unknown or silent call, for the `number`th time (from 1). Found
    further on, it goes on as if that news had come; after the last look-up of its schedule without
    any it is not confirmed. A carrier that can't be asked leaves it to callbacks until an hour
    after the notification expired. Safe to repeat."""
    call = CallLog.watched(call_id, number)
    if call is None:
        return
    try:
        found = get(call.provider).find(_request(call))
    except LookupFailed:
        log.warning("look-up failed", call_id=call.id)
        _put_off(call, now + AGAIN, now)
        return
    if found is None:
        _wait_for_callback(call, now)
        return
    known = call.external_id
    hits = [hit for hit in found if (hit.external_id == known if known else _may_be(call, hit))]
    if not (hits and _found(call, hits, now)):
        _no_news(call, now)
    else:
        ending.end_if_canceled(call.id)


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


def _found(call: CallLog, hits: list[Found], now: datetime) -> bool:
    """Move the call to where the carrier has it; False when that is no news."""
    first = min(hits, key=lambda hit: (str(hit.created_at), hit.external_id))
    with atomic():
        kept = CallLog.locked(id=call.id)
        if kept is None or not advances(CallState(kept.state), first.state):
            return False
        if not CallLog.name(kept, first.external_id):
            return False
        failure = outcomes.REASONS.get(first.state)
        facts: dict[str, Any] = {"provider_status": first.provider_status}
        if failure:
            facts |= {"failure_class": failure.failure_class, "reason": failure.reason}
        ended = is_final(first.state)
        facts |= {"ended_at": now} if ended else {"lookup_at": outcomes.first_look(now)}
        CallLog.move(kept, first.state, now, **facts)
        _note(kept, first, now)
        if len(hits) > 1:
            kept.tell(now, "call.duplicate_suspected")
            log.error("more than one call may be this attempt", call_id=call.id, hits=len(hits))
        outcomes.call_moved(kept, now, failure)
    log.info("call found by look-up", call_id=call.id, external_id=first.external_id)
    return True


def _note(call: CallLog, found: Found, now: datetime) -> None:
    """Put what was seen into the call's timeline, beside what the carrier told."""
    key = f"lookup|{found.external_id}|{found.provider_status}"
    ProviderEvent.keep(
        provider=call.provider, account=call.account, kind=EventKind.CALL_STATUS, dedup_key=key,
        digest=hashlib.sha256(key.encode()).hexdigest(), external_id=found.external_id,
        organization=call.organization_id, call=call.id, source="lookup", path="",
        status=found.provider_status, received_at=now, applied_at=now, state="applied",
    )  # fmt: skip


def _no_news(call: CallLog, now: datetime) -> None:
    configured, done = settings.current(), call.lookups + 1
    unknown = call.state == CallState.UNKNOWN
    waits = configured.unknown_lookup_seconds if unknown else configured.silent_call_lookup_seconds
    if done >= len(waits):
        outcomes.not_confirmed(call, now)
        log.warning("call not confirmed", call_id=call.id)
        return
    since = call.created_at if unknown else now
    CallLog.look_up_again(call, since + timedelta(seconds=waits[done]), done)


def _wait_for_callback(call: CallLog, now: datetime) -> None:
    _put_off(call, _deadline(call), now)


def _deadline(call: CallLog) -> datetime:
    """Until when news of a call is waited for that the carrier can't be asked about."""
    if call.state != CallState.UNKNOWN:
        since: datetime = call.created_at
        return since + SILENT_FOR
    expires: datetime = Notification.get_by_id(call.notification_id).expires_at
    return expires + AFTER_EXPIRY


def _put_off(call: CallLog, again: datetime, now: datetime) -> None:
    """Try again later without counting this look-up, or give up when the deadline has passed."""
    if now >= _deadline(call):
        outcomes.not_confirmed(call, now)
        log.warning("call not confirmed", call_id=call.id)
    else:
        CallLog.look_up_again(call, again, call.lookups)
