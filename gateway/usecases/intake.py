"""The intake of the inbox: verify, store once, acknowledge. What was stored is applied later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain.callback import Acknowledgement, Callback, Unreadable, Verified
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.errors import NotFound
from gateway.domain.provider import Provider
from gateway.failpoints import hit
from gateway.models import event_store
from gateway.models.base import atomic
from gateway.models.dead_letter import DeadLetter
from gateway.models.provider_event import UNREADABLE, ProviderEvent
from gateway.providers import route

log = structlog.get_logger(__name__)

HANDED_OVER = timedelta(seconds=5)  # until then the nudge is trusted, afterwards the clock sees it


@dataclass(frozen=True)
class Kept:
    """The carrier's acknowledgement; `event_ids` are what to hand to a worker, none when there is
    nothing to apply; `known` says that all of it was stored before."""

    acknowledgement: Acknowledgement
    event_ids: tuple[str, ...]
    known: bool


def keep(callback: Callback, now: datetime) -> Kept:
    """Store the events of an authentic callback, each once. When this returns, they are durable.
    Raises NotFound for an address no carrier has, Forbidden when it is not authentic, Malformed
    when it is not an event of this carrier at all, StoreUnavailable when it could not be
    stored."""
    target = route(callback.path)
    if target is None:
        raise NotFound
    provider, address = target
    verified = provider.verify(callback, now)
    hit("hook.after_verify")
    told, objection = _read(provider, callback, verified)
    came = {
        "provider": provider.name,
        "digest": verified.digest,
        "secret": verified.key,
        "path": callback.path,
        "query": callback.query,
        "content_type": callback.headers.get("content-type", "")[:100],
        "received_at": now,
    }
    whole = callback.body.decode("utf-8", "replace")
    if len(told) == 1:
        ids, known = _one(came, whole, told[0], now)
    elif _seen(provider.name, verified.digest, readable=bool(told)):
        ids, known = (), True
    elif told:
        ids, known = _several(came, whole, told, now)
    else:
        ids, known = (), not _unread(came, whole, verified, objection, now)
    return Kept(address.acknowledgement, ids, known)


def _one(
    came: Mapping[str, Any], whole: str, told: Told, now: datetime
) -> tuple[tuple[str, ...], bool]:
    """The usual: one event, stored by one statement."""
    values = {**came, "body": _body(whole, told), **columns(told, now)}
    hit("hook.before_commit")
    stored = event_store.keep(**values)
    hit("hook.after_commit")
    return ((stored,), False) if stored is not None else ((), True)


def _several(
    came: Mapping[str, Any], whole: str, told: Sequence[Told], now: datetime
) -> tuple[tuple[str, ...], bool]:
    with atomic():
        stored = [
            ProviderEvent.keep(**came, body=_body(whole, one), **columns(one, now)) for one in told
        ]
        hit("hook.before_commit")
    hit("hook.after_commit")
    ids = tuple(event_id for event_id in stored if event_id is not None)
    return ids, not ids


def _unread(
    came: Mapping[str, Any], whole: str, verified: Verified, objection: str | None, now: datetime
) -> bool:
    """Keep what can't be read; False when it was kept before."""
    with atomic():
        unread = ProviderEvent.keep(
            **came, body=_text(whole), account=verified.accounts[0], kind=UNREADABLE,
            dedup_key=f"{UNREADABLE}|{verified.digest}", state="parked", reason=objection,
        )  # fmt: skip
        if unread is not None:
            DeadLetter.bury(ProviderEvent.get_by_id(unread), str(objection), now)
            log.warning("provider event parked", event_id=unread, reason=objection)
        hit("hook.before_commit")
    hit("hook.after_commit")
    return unread is not None


def _body(whole: str, told: Told) -> str:
    return _text(whole if told.part is None else told.part)


def _text(body: str) -> str:
    return body.replace("\x00", "")


def _read(
    provider: Provider, callback: Callback, verified: Verified
) -> tuple[Sequence[Told], str | None]:
    try:
        return provider.parse(callback, verified), None
    except Unreadable as objection:
        return (), str(objection)[:200]


def _seen(provider: str, digest: str, *, readable: bool) -> bool:
    """Whether the same signed content was stored before, however it was cut into parameters. One
    that could not be read does not stand in the way of one that can."""
    same = ProviderEvent.by_digest(provider, digest)
    return any(not readable or event.kind != UNREADABLE for event in same)


def columns(told: Told, now: datetime) -> dict[str, Any]:
    """The columns of an event that say what it tells."""
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
