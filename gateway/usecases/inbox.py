"""The inbox: verify, store once, acknowledge; apply later."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.domain.errors import NotFound
from gateway.domain.provider import (
    Acknowledgement,
    Callback,
    Provider,
    Unreadable,
    Verified,
)
from gateway.domain.provider import ProviderEvent as Told
from gateway.failpoints import hit
from gateway.models.base import atomic
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import DeadLetter
from gateway.providers import get, route
from gateway.usecases import ending, happenings, outcomes

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
    """Apply a stored event to its call, once. An event whose call is not known (yet) is parked
    and tried again later. Safe to run any number of times."""
    with atomic():
        event = ProviderEvent.locked(event_id)
        if event is None:
            return
        told = _retold(event)
        call, objection = _call_of(event, told)
        if call is None:
            _park(event, objection, now)
            return
        happenings.apply(call, told, now)
        hit("inbox.mid_apply")
        ProviderEvent.settle(event, call, now)
    log.info("provider event processed", event_id=event_id, call_id=call.id, kind=event.kind)
    ending.end_if_canceled(call.id)


def _retold(event: ProviderEvent) -> Told:
    """What the stored bytes say, read again by the code of today."""
    headers = {"content-type": event.content_type}
    body = (event.body or "").encode()
    callback = Callback("POST", event.path, "", event.query, headers, body)
    verified = Verified((event.account,), event.secret, event.digest)
    return get(event.provider).parse(callback, verified)


def _call_of(event: ProviderEvent, told: Told) -> tuple[CallLog | None, str]:
    """The call an event is about, locked: the one its address names, else the one that has the
    provider's id. The second value says why there is none."""
    owner = {"provider": event.provider, "account": event.account}
    call = CallLog.locked(external_id=told.external_id, **owner)
    if call is not None:
        return call, ""
    named = CallLog.locked(id=told.attempt_id) if told.attempt_id else None
    if named is None:
        return None, "no call is known by this id"
    if (named.provider, named.account) != (event.provider, event.account):
        return None, "the call named belongs to another account"
    if not CallLog.name(named, told.external_id):
        return None, "the call named has another id at the provider"
    return named, ""


def _park(event: ProviderEvent, reason: str, now: datetime) -> None:
    tries = event.tries + 1
    then = outcomes.backoff().next_try("event", tries, now)
    ProviderEvent.park(event, reason, tries, then)
    if then is None:
        DeadLetter.create(
            object="event", object_id=event.id, reason=reason,
            history=[{"tries": tries}], created_at=now,
        )  # fmt: skip
    log.warning("provider event parked", event_id=event.id, reason=reason, tries=tries)


def park(event_id: str, error: BaseException, now: datetime) -> None:
    """Put off an event whose application failed; after its last try it is a dead letter."""
    with atomic():
        event = ProviderEvent.locked(event_id)
        if event is not None:
            _park(event, f"could not be applied: {type(error).__name__}", now)
