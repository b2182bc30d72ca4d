"""The inbox: verify, store once, acknowledge; apply later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NotFound
from gateway.domain.provider import (
    Acknowledgement,
    Callback,
    Malformed,
    Provider,
    Unreadable,
    Verified,
)
from gateway.domain.provider import ProviderEvent as Told
from gateway.failpoints import hit
from gateway.models.base import atomic, is_lost
from gateway.models.call_log import CallLog
from gateway.models.dead_letter import DeadLetter
from gateway.models.provider_event import ProviderEvent
from gateway.providers import get, route
from gateway.usecases import duplicates, ending, happenings, outcomes, sightings

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable"
HANDED_OVER = timedelta(seconds=5)  # until then the nudge is trusted, afterwards the clock sees it


@dataclass(frozen=True)
class Kept:
    """The carrier's acknowledgement; `event_id` is what to hand to a worker, None when there is
    nothing to apply; `known` says that it was stored before."""

    acknowledgement: Acknowledgement
    event_id: str | None
    known: bool


def keep(callback: Callback, now: datetime) -> Kept:
    """Store an authentic callback once. When this returns, it is durable. Raises NotFound for an
    address no carrier has, Forbidden when it is not authentic, Malformed when it is not an event
    of this carrier at all, StoreUnavailable when it could not be stored."""
    target = route(callback.path)
    if target is None:
        raise NotFound
    provider, address = target
    verified = provider.verify(callback, now)
    hit("hook.after_verify")
    told, objection = _read(provider, callback, verified)
    if _seen(provider.name, verified.digest, readable=told is not None):
        return Kept(address.acknowledgement, None, known=True)
    with atomic():
        event_id = ProviderEvent.keep(
            provider=provider.name,
            digest=verified.digest,
            secret=verified.key,
            path=callback.path,
            query=callback.query,
            content_type=callback.headers.get("content-type", "")[:100],
            body=callback.body.decode("utf-8", "replace").replace("\x00", ""),
            received_at=now,
            **(_columns(told, now) if told else _unread(verified, objection)),
        )
        if event_id is not None and told is None:
            DeadLetter.bury(ProviderEvent.get_by_id(event_id), str(objection), now)
        hit("hook.before_commit")
    hit("hook.after_commit")
    if event_id is not None and told is None:
        log.warning("provider event parked", event_id=event_id, reason=objection)
    return Kept(address.acknowledgement, event_id if told else None, known=event_id is None)


def _read(
    provider: Provider, callback: Callback, verified: Verified
) -> tuple[Told | None, str | None]:
    try:
        return provider.parse(callback, verified), None
    except Unreadable as objection:
        return None, str(objection)[:200]


def _seen(provider: str, digest: str, *, readable: bool) -> bool:
    """Whether the same signed content was stored before, however it was cut into parameters. One
    that could not be read does not stand in the way of one that can."""
    same = ProviderEvent.by_digest(provider, digest)
    return any(not readable or event.kind != UNREADABLE for event in same)


def _columns(told: Told, now: datetime) -> dict[str, object]:
    return {
        "account": told.account,
        "kind": told.kind,
        "dedup_key": told.dedup_key,
        "external_id": told.external_id,
        "attempt_hint": told.attempt_id,
        "status": told.provider_status,
        "sequence": told.sequence,
        "occurred_at": told.occurred_at,
        "next_attempt_at": now + HANDED_OVER,
    }


def _unread(verified: Verified, objection: str | None) -> dict[str, object]:
    return {
        "account": verified.accounts[0],
        "kind": UNREADABLE,
        "dedup_key": f"{UNREADABLE}|{verified.digest}",
        "state": "parked",
        "reason": objection,
    }


def apply(event_id: str, now: datetime) -> None:
    """Apply a stored event to its call, once; a call that must not go on is ended. An event whose
    call is not known (yet) is parked and tried again later; one that can't be read waits for other
    code. Safe to run any number of times."""
    with atomic():
        event = ProviderEvent.locked(event_id)
        if event is None:
            return
        told = _readable(event, now)
        if told is None:
            return
        call, objection = _call_of(event, told, now)
        if call is None:
            _park(event, objection, now)
            return
        happenings.apply(call, told, now)
        hit("inbox.mid_apply")
        ProviderEvent.settle(event, call, now)
    log.info("provider event processed", event_id=event_id, call_id=call.id, kind=event.kind)
    if ending.is_due(call):
        ending.end(call.id, now)


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
    """Put an event that is parked or dead back in line, as if it had just come; False when it is
    neither."""
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
    if event.kind == UNREADABLE and not ProviderEvent.reread(event, **_columns(told, now)):
        ProviderEvent.park(event, "known by another delivery", event.tries, None, state="applied")
        return None
    return told


def _retold(event: ProviderEvent) -> Told:
    """What the stored bytes say, read again by the code of today."""
    if event.source == sightings.SOURCE:
        return sightings.retold(event)
    headers = {"content-type": event.content_type}
    body = (event.body or "").encode()
    callback = Callback("POST", event.path, "", event.query, headers, body)
    verified = Verified((event.account,), event.secret, event.digest)
    return get(event.provider).parse(callback, verified)


def _call_of(event: ProviderEvent, told: Told, now: datetime) -> tuple[CallLog | None, str]:
    """The call an event is about, locked: the one that has the provider's id, else the one its
    address names; if that has another id, it was placed twice. The second value says why there is
    none."""
    owner = {"provider": event.provider, "account": event.account}
    call = CallLog.locked(external_id=told.external_id, **owner)
    if call is not None:
        return call, ""
    named = CallLog.locked(id=told.attempt_id) if told.attempt_id else None
    if named is None:
        return None, "no call is known by this id"
    if (named.provider, named.account) != (event.provider, event.account):
        return None, "the call named belongs to another account"
    if CallLog.name(named, told.external_id):
        return named, ""
    if named.external_id is None:
        return None, "another call was given this id just now"
    return duplicates.adopt(named, told.external_id, outcomes.first_look(now), now), ""


def _park(event: ProviderEvent, reason: str, now: datetime) -> None:
    tries = event.tries + 1
    then = outcomes.backoff().next_try("event", tries, now)
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
