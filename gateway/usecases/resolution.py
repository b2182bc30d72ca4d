"""Asking the carrier: whether a call of unknown fate was placed, and what became of one that it
has but tells nothing about. What it shows enters through the inbox, as its callbacks do."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain.provider import (
    CallRequest,
    Found,
    LookupFailed,
    MessageRequest,
    Provider,
    Request,
)
from gateway.domain.rendering import Rendered
from gateway.models import attempts
from gateway.models.attempts import AnyAttempt
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.providers import get
from gateway.usecases import inbox, intake, outcomes, sightings, steps

log = structlog.get_logger(__name__)

EARLY, LATE = timedelta(seconds=5), timedelta(seconds=45)  # around the attempt, clocks included
AFTER_EXPIRY = timedelta(hours=1)
AGAIN, SELDOM = timedelta(seconds=30), timedelta(minutes=30)  # after a look-up that failed
SILENT_FOR = timedelta(hours=72)


def look_up(attempt_id: str, number: int, now: datetime) -> None:
    """Ask the carrier about an unknown or silent attempt, for the `number`th time (from 1). What it
    shows is stored and applied as an event; after the last look-up of its schedule without news it
    is not confirmed. A look-up that failed counts for nothing and is made again. A carrier that
    can't be asked leaves it to callbacks until an hour after the notification expired. Safe to
    repeat."""
    attempt = attempts.table_with(attempt_id).watched(attempt_id, number)
    if attempt is None:
        return
    try:
        carrier = get(attempt.provider)
        seen = _ask(carrier, attempt) if carrier.can_be_asked else None
    except Exception as fault:  # noqa: BLE001 - whatever broke, nothing may be concluded from it
        _failed(attempt, fault, now)
        return
    if seen is None:
        _put_off(attempt, _deadline(attempt), now)
    elif not _news(attempt, seen, now):
        _no_news(attempt, now, absent=not seen)


def _ask(carrier: Provider, attempt: AnyAttempt) -> Sequence[Found]:
    """What the carrier has of this attempt, the earliest first. Raises LookupFailed."""
    if attempt.external_id is not None:
        known = carrier.fetch(attempt.account, attempt.external_id)
        if known is not None and known.external_id != attempt.external_id:
            raise LookupFailed("another call than the one asked for")
        return [known] if known is not None else []
    listed = carrier.find(_request(attempt)) or ()
    mine = [hit for hit in listed if _is_free(attempt, hit)]
    if any(hit.created_at is None for hit in mine):
        raise LookupFailed("a call that does not say when it was made")
    window = attempt.created_at - EARLY, attempt.created_at + LATE
    # Carriers tell the second only; what they list first is the newest of it.
    near = [
        hit for hit in reversed(mine) if hit.created_at and window[0] <= hit.created_at <= window[1]
    ]
    return sorted(near, key=lambda hit: str(hit.created_at))


def _request(attempt: AnyAttempt) -> Request:
    where = {
        "attempt_id": attempt.id, "account": attempt.account, "to": attempt.to_address,
        "from_": attempt.from_address, "locale": "en", "callback_base_url": "",
    }  # fmt: skip
    if isinstance(attempt, MessageLog):
        return MessageRequest(**where, channel=attempt.channel, content=Rendered(""))
    return CallRequest(**where, say="", transcribe=False)


def _is_free(attempt: AnyAttempt, hit: Found) -> bool:
    """Whether a call that the carrier lists may be this attempt: none has its id, or this one."""
    owner = type(attempt).owner(attempt.provider, attempt.account, hit.external_id)
    return owner is None or bool(owner.id == attempt.id)


def _news(attempt: AnyAttempt, seen: Sequence[Found], now: datetime) -> bool:
    """Have what was seen applied; whether that changed anything. The earliest of several becomes
    the attempt's attempt, the inbox makes the others calls of their own."""
    if len(seen) > 1:
        log.error("more than one may be this attempt", attempt_id=attempt.id, hits=len(seen))
    for found in seen:
        event_id = sightings.keep(attempt, found, now + intake.HANDED_OVER, now)
        if event_id is not None:
            inbox.apply_each([event_id], now)
    after = type(attempt).get_by_id(attempt.id)
    return (after.state, after.external_id) != (attempt.state, attempt.external_id)


def _failed(attempt: AnyAttempt, fault: Exception, now: datetime) -> None:
    """Nothing is known; ask again, the more seldom the older the call is."""
    reason = str(fault) if isinstance(fault, LookupFailed) else type(fault).__name__
    log.warning("look-up failed", attempt_id=attempt.id, reason=reason)
    pause = min(max(AGAIN, (now - attempt.created_at) / 8), SELDOM)
    _put_off(attempt, now + pause, now)


def _no_news(attempt: AnyAttempt, now: datetime, *, absent: bool) -> None:
    configured, done = settings.current(), attempt.lookups + 1
    unknown = attempt.state == attempt.UNKNOWN
    waits = configured.unknown_lookup_seconds if unknown else configured.silent_call_lookup_seconds
    if done >= len(waits):
        outcomes.not_confirmed(attempt, now, absent=absent)
        log.warning("not confirmed", attempt_id=attempt.id)
        return
    since = attempt.created_at if unknown else now
    attempt.look_up_again(since + timedelta(seconds=waits[done]), done)


def _deadline(attempt: AnyAttempt) -> datetime:
    """Until when news of an attempt is waited for that the carrier can't be asked about; where
    another step of its plan follows, as long as that waits."""
    since: datetime = attempt.created_at
    if attempt.state != attempt.UNKNOWN or attempt.notification_id is None:
        return since + SILENT_FOR
    row = Notification.get_by_id(attempt.notification_id)
    follows = steps.patience(row, since) if attempt.step == row.step else None
    expires: datetime = row.expires_at
    return follows if follows is not None and follows < expires else expires + AFTER_EXPIRY


def _put_off(attempt: AnyAttempt, again: datetime, now: datetime) -> None:
    """Try again later without counting this look-up, or give up when the deadline has passed."""
    if now >= _deadline(attempt):
        outcomes.not_confirmed(attempt, now)
        log.warning("not confirmed", attempt_id=attempt.id)
    else:
        attempt.look_up_again(again, attempt.lookups)
