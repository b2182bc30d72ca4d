"""The inbox: what was stored is applied, once, in any order."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from gateway.domain.callback import Callback, EventKind, Malformed, Unreadable, Verified
from gateway.domain.callback import ProviderEvent as Told
from gateway.failpoints import hit
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic, is_lost
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.message_log import MessageLog
from gateway.models.provider_event import UNREADABLE, ProviderEvent
from gateway.providers import get
from gateway.usecases import duplicates, ending, happenings, inbound, outcomes, replies, sightings
from gateway.usecases.intake import columns
from gateway.usecases.work import backoff

log = structlog.get_logger(__name__)

_MESSAGES = (EventKind.MESSAGE_STATUS, EventKind.OPT_OUT)


def apply(event_id: str, now: datetime) -> None:
    """Apply a stored event to its call or message, once; a call that must not go on is ended. An
    event whose attempt is not known (yet) is parked and tried again later; one that can't be read
    waits for other code. Safe to run any number of times."""
    with atomic():
        event = ProviderEvent.locked(event_id)
        if event is None:
            return
        told = _readable(event, now)
        if told is None:
            return
        about, objection = _about(event, told, now)
        if about is None:
            if told.kind == EventKind.NOTICE:
                ProviderEvent.noted(event, now)
            else:
                _park(event, objection, now)
            return
        happenings.apply(about, event, told, now)
        hit("inbox.mid_apply")
        ProviderEvent.settle(event, about, now)
    log.info("provider event processed", event_id=event_id, attempt_id=about.id, kind=event.kind)
    if isinstance(about, CallLog) and ending.is_due(about):
        ending.end(about.id, now)


def apply_each(event_ids: Iterable[str], now: datetime) -> None:
    """Apply several events, each for itself: one whose application fails is put off and stops no
    other. Raises only when the database is away."""
    for event_id in event_ids:
        try:
            apply(event_id, now)
        except Exception as fault:
            if is_lost(fault):
                raise
            log.warning("event not applied", event_id=event_id, error=type(fault).__name__)
            park(event_id, fault, now)


def replay(event_id: str, now: datetime) -> bool:
    """Put a parked or dead event back in line, as if it had just come; False for any other."""
    return ProviderEvent.requeue(event_id, now)


def _readable(event: ProviderEvent, now: datetime) -> Told | None:
    """What an event says. None when it can't be read, or when it could not be read at first, now
    can, and was sent again in the meantime; the row says which."""
    try:
        told = _retold(event)
    except (Unreadable, Malformed) as objection:
        reason = str(objection)[:200]
        ProviderEvent.park(event, reason, event.tries, None, state="parked")
        DeadLetter.bury(event, reason, now)
        log.warning("provider event parked", event_id=event.id, reason=reason)
        return None
    if event.kind == UNREADABLE and not ProviderEvent.reread(event, **columns(told, now)):
        ProviderEvent.park(event, "known by another delivery", event.tries, None, state="applied")
        return None
    return told


def plain(event: ProviderEvent) -> Told | None:
    """What an event of a webhook says that was readable when it came; None where it has to be
    looked at more closely."""
    if event.source != "webhook":
        return None
    try:
        return _retold(event)
    except (Unreadable, Malformed):
        return None


def _retold(event: ProviderEvent) -> Told:
    """What the stored bytes say, read again by the code of today."""
    if event.source == sightings.SOURCE:
        return sightings.retold(event)
    headers = {"content-type": event.content_type}
    body = (event.body or "").encode()
    callback = Callback("POST", event.path, "", event.query, headers, body)
    verified = Verified((event.account,), event.secret, event.digest)
    first, *_ = get(event.provider).parse(callback, verified)
    return first


def _about(event: ProviderEvent, told: Told, now: datetime) -> tuple[AnyAttempt | None, str]:
    """What an event is about, locked: a message that it brings, or the attempt it tells of. The
    second value says why there is none."""
    if told.inbound is not None:
        return inbound.receive(event, told, now), "nobody has written from this sender"
    return _attempt_of(event, told, now)


def _attempt_of(event: ProviderEvent, told: Told, now: datetime) -> tuple[AnyAttempt | None, str]:
    """The attempt that has the provider's id, else the one its address names; if that has another
    id, it was placed twice."""
    replies.take_turn(event, told)
    table: type[CallLog] | type[MessageLog] = MessageLog if told.kind in _MESSAGES else CallLog
    owner = {"provider": event.provider, "account": event.account}
    known = table.locked(external_id=told.external_id, **owner)
    if known is not None:
        return known, ""
    named = table.locked(id=told.attempt_id) if told.attempt_id else None
    if named is None:
        return None, f"no {table.OBJECT} is known by this id"
    if (named.provider, named.account) != (event.provider, event.account):
        return None, f"the {table.OBJECT} named belongs to another account"
    if named.name(told.external_id):
        return named, ""
    if named.external_id is None:
        return None, f"another {table.OBJECT} was given this id just now"
    return duplicates.adopt(named, told.external_id, outcomes.first_look(now), now), ""


def _park(event: ProviderEvent, reason: str, now: datetime) -> None:
    tries = event.tries + 1
    then = backoff().next_try("event", tries, now)
    ProviderEvent.park(event, reason, tries, then)
    if then is None:
        DeadLetter.bury(event, reason, now)
    log.warning("provider event parked", event_id=event.id, reason=reason, tries=tries)


def park(event_id: str, error: BaseException, now: datetime) -> None:
    """Put off an event whose application failed; after its last try it is a dead letter."""
    with atomic():
        event = ProviderEvent.locked(event_id)
        if event is not None:
            _park(event, f"could not be applied: {type(error).__name__}", now)
