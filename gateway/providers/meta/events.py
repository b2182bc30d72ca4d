"""Meta's webhooks in the gateway's words: batches at three levels, each thing in them for itself
(https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gateway.domain.callback import Callback, EventKind, ProviderEvent, Unreadable, Verified
from gateway.domain.outcomes import Failure
from gateway.providers.meta import codes, received
from gateway.providers.meta.accounts import Account
from gateway.providers.meta.sending import is_message_id
from gateway.providers.reading import attempt_id, dedup_key

_THINGS = ("statuses", "messages", "errors", "calls")


def parse(
    callback: Callback, verified: Verified, accounts: tuple[Account, ...]
) -> Sequence[ProviderEvent]:
    """Every status and message of a delivery, and a notice for whatever else is in it. One that
    can't be read becomes an event of which only its part is known. Raises Unreadable for a body
    that is no delivery, and for one with nothing else in it."""
    account = next((known for known in accounts if known.name in verified.accounts), None)
    if account is None:  # it was configured when this was stored
        raise Unreadable("a sender that is not configured")
    try:
        things = list(_things(_object(callback.body)))
        if not things:
            raise Unreadable("a delivery with nothing in it")
        if len(things) == 1:
            return [_event(*things[0], account)]
        return [_readable(*thing, account) for thing in things]
    except RecursionError:
        raise Unreadable("nested too deep") from None


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    if not isinstance(found, dict):
        raise Unreadable("the body is no JSON object")
    return found


def _things(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Any, Mapping[str, Any]]]:
    """Each thing with its field, its kind and what is said about its sender. The names of people
    that come along (`contacts`) are left behind."""
    for entry in _list(body.get("entry")):
        changes = entry.get("changes") if isinstance(entry, dict) else None
        for change in changes if isinstance(changes, list) else [entry]:
            if not isinstance(change, dict) or not isinstance(change.get("value"), dict):
                yield "", "", change, {}
                continue
            value, field = change["value"], change.get("field", "messages")
            metadata = value.get("metadata")
            about = metadata if isinstance(metadata, dict) else {}
            found = [(kind, thing) for kind in _THINGS for thing in _list(value.get(kind))]
            word = field if isinstance(field, str) else ""
            for kind, thing in found:
                yield word, kind, thing, about
            if not found:
                yield word, "", value, about


def _readable(
    field: str, kind: str, thing: Any, about: Mapping[str, Any], account: Account
) -> ProviderEvent:
    try:
        return _event(field, kind, thing, about, account)
    except Unreadable:
        part = _part(field, kind, thing, about)
        key = dedup_key("unread", part)
        return ProviderEvent(EventKind.MESSAGE_STATUS, key, "", account.name, part=part)


def _event(
    field: str, kind: str, thing: Any, about: Mapping[str, Any], account: Account
) -> ProviderEvent:
    """One thing. Raises Unreadable, naming what is wrong with it."""
    part = _part(field, kind, thing, about)
    ours = about.get("phone_number_id", account.name) == account.name
    if not field and not kind:
        raise Unreadable("a change without a value")
    if field == "messages" and kind == "statuses" and ours:
        return replace(_status(thing, account), part=part)
    if field == "messages" and kind == "messages" and ours and not received.is_aside(thing):
        return replace(received.message(thing, account), part=part)
    return ProviderEvent(
        kind=EventKind.NOTICE,
        dedup_key=dedup_key("notice", part),
        external_id="",
        account=account.name,
        provider_status=(field or kind)[:64],
        part=part,
    )


def _status(thing: Any, account: Account) -> ProviderEvent:
    """A step of a message that we sent. They come in any order, and more than once."""
    if not isinstance(thing, dict):
        raise Unreadable("a status is no JSON object")
    identity, word = thing.get("id"), thing.get("status")
    if not isinstance(identity, str) or not is_message_id(identity):
        raise Unreadable("a status without a message's id")
    if not isinstance(word, str) or not 0 < len(word) <= 64 or not word.isprintable():
        raise Unreadable("status is no word")
    opaque, reader = thing.get("biz_opaque_callback_data"), thing.get("recipient_participant_id")
    return ProviderEvent(
        kind=EventKind.MESSAGE_STATUS,
        dedup_key=dedup_key("status", identity, word, reader if isinstance(reader, str) else ""),
        external_id=identity,
        account=account.name,
        attempt_id=attempt_id(opaque if isinstance(opaque, str) else None),
        state=codes.STATES.get(word),
        provider_status=word,
        occurred_at=received.moment(thing.get("timestamp")),
        failure=_failure(thing) if word == "failed" else None,
    )


def _failure(status: Mapping[str, Any]) -> Failure | None:
    """Why a message failed, by the first error that has a code."""
    for error in _list(status.get("errors")):
        code = error.get("code") if isinstance(error, dict) else None
        if type(code) is int and 0 <= code < 10**9:
            return codes.failure(code)
    return None


def _part(field: str, kind: str, thing: Any, about: Mapping[str, Any]) -> str:
    """A delivery with this thing alone."""
    value: Any = {"metadata": dict(about), kind: [thing]} if kind else thing
    change = {"value": value, "field": field} if field or kind else thing
    return json.dumps({"entry": [{"changes": [change]}]}, separators=(",", ":"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
