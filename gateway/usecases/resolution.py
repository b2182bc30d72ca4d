"""Asking the carrier: whether a call of unknown fate was placed, and what became of one that it
has but tells nothing about. What it shows enters through the inbox, as its callbacks do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain.lifecycle import CallState
from gateway.domain.provider import CallRequest, Found, LookupFailed, Provider
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.providers import get
from gateway.usecases import inbox, outcomes, sightings

log = structlog.get_logger(__name__)

EARLY, LATE = timedelta(seconds=5), timedelta(seconds=45)  # around the attempt, clocks included
AFTER_EXPIRY = timedelta(hours=1)
AGAIN, SELDOM = timedelta(seconds=30), timedelta(minutes=30)  # after a look-up that failed
SILENT_FOR = timedelta(hours=72)


def look_up(call_id: str, number: int, now: datetime) -> None:
    """Ask the carrier about an unknown or silent call, for the `number`th time (from 1). What it
    shows is stored and applied as an event; after the last look-up of its schedule without news it
    is not confirmed. A look-up that failed counts for nothing and is made again. A carrier that
    can't be asked leaves it to callbacks until an hour after the notification expired. Safe to
    repeat."""
    call = CallLog.watched(call_id, number)
    if call is None:
        return
    try:
        carrier = get(call.provider)
        seen = _ask(carrier, call) if carrier.can_be_asked else None
    except Exception as fault:  # noqa: BLE001 - whatever broke, nothing may be concluded from it
        _failed(call, fault, now)
        return
    if seen is None:
        _put_off(call, _deadline(call), now)
    elif not _news(call, seen, now):
        _no_news(call, now, absent=not seen)


def _ask(carrier: Provider, call: CallLog) -> Sequence[Found]:
    """What the carrier has of this attempt, the earliest first. Raises LookupFailed."""
    if call.external_id is not None:
        known = carrier.fetch(call.account, call.external_id)
        if known is not None and known.external_id != call.external_id:
            raise LookupFailed("another call than the one asked for")
        return [known] if known is not None else []
    listed = carrier.find(_request(call)) or ()
    mine = [hit for hit in listed if _is_free(call, hit)]
    if any(hit.created_at is None for hit in mine):
        raise LookupFailed("a call that does not say when it was made")
    window = call.created_at - EARLY, call.created_at + LATE
    # Carriers tell the second only; what they list first is the newest of it.
    near = [
        hit for hit in reversed(mine) if hit.created_at and window[0] <= hit.created_at <= window[1]
    ]
    return sorted(near, key=lambda hit: str(hit.created_at))


def _request(call: CallLog) -> CallRequest:
    return CallRequest(
        attempt_id=call.id, account=call.account, to=call.to_address, from_=call.from_address,
        say="", locale="en", callback_base_url="", transcribe=False,
    )  # fmt: skip


def _is_free(call: CallLog, hit: Found) -> bool:
    """Whether a call that the carrier lists may be this attempt: none has its id, or this one."""
    owner = CallLog.owner(call.provider, call.account, hit.external_id)
    return owner is None or bool(owner.id == call.id)


def _news(call: CallLog, seen: Sequence[Found], now: datetime) -> bool:
    """Have what was seen applied; whether that changed anything. The earliest of several becomes
    the attempt's call, the inbox makes the others calls of their own."""
    if len(seen) > 1:
        log.error("more than one call may be this attempt", call_id=call.id, hits=len(seen))
    for found in seen:
        event_id = sightings.keep(call, found, now + inbox.HANDED_OVER, now)
        if event_id is not None:
            inbox.apply_each([event_id], now)
    after: CallLog = CallLog.get_by_id(call.id)
    return (after.state, after.external_id) != (call.state, call.external_id)


def _failed(call: CallLog, fault: Exception, now: datetime) -> None:
    """Nothing is known; ask again, the more seldom the older the call is."""
    reason = str(fault) if isinstance(fault, LookupFailed) else type(fault).__name__
    log.warning("look-up failed", call_id=call.id, reason=reason)
    pause = min(max(AGAIN, (now - call.created_at) / 8), SELDOM)
    _put_off(call, now + pause, now)


def _no_news(call: CallLog, now: datetime, *, absent: bool) -> None:
    configured, done = settings.current(), call.lookups + 1
    unknown = call.state == CallState.UNKNOWN
    waits = configured.unknown_lookup_seconds if unknown else configured.silent_call_lookup_seconds
    if done >= len(waits):
        outcomes.not_confirmed(call, now, absent=absent)
        log.warning("call not confirmed", call_id=call.id)
        return
    since = call.created_at if unknown else now
    CallLog.look_up_again(call, since + timedelta(seconds=waits[done]), done)


def _deadline(call: CallLog) -> datetime:
    """Until when news of a call is waited for that the carrier can't be asked about."""
    if call.state != CallState.UNKNOWN or call.notification_id is None:
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
