"""Sightings: what a look-up saw of a call, kept as an event of the inbox and applied like a
callback. The stored body is JSON of our own and holds no personal data."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from gateway.domain.callback import EventKind
from gateway.domain.callback import ProviderEvent as Told
from gateway.domain.lifecycle import CallState, MessageState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Found
from gateway.models.attempts import AnyAttempt
from gateway.models.provider_event import ProviderEvent
from gateway.providers.reading import dedup_key

SOURCE = "lookup"
_KINDS = {"call": EventKind.CALL_STATUS, "message": EventKind.MESSAGE_STATUS}


def keep(attempt: AnyAttempt, found: Found, until: datetime, now: datetime) -> str | None:
    """Store what was seen as an event that waits to be applied, at the latest at `until`; its id.
    None when the carrier showed the very same before, which is no news."""
    body = json.dumps(_plain(found))
    return ProviderEvent.keep(
        provider=attempt.provider,
        account=attempt.account,
        kind=_KINDS[attempt.OBJECT],
        dedup_key=_key(found),
        digest=hashlib.sha256(f"{SOURCE} {attempt.provider} {body}".encode()).hexdigest(),
        external_id=found.external_id,
        attempt_hint=attempt.id,
        source=SOURCE,
        path="",
        content_type="application/json",
        body=body,
        status=found.provider_status,
        occurred_at=found.ended_at,
        received_at=now,
        next_attempt_at=until,
    )


def retold(event: ProviderEvent) -> Told:
    """The event of a stored sighting. A call seen in a state whose word we don't know is at least
    in the carrier's hands."""
    kept = json.loads(event.body or "")
    states = MessageState if event.kind == EventKind.MESSAGE_STATUS else CallState
    state = states(kept["state"])
    return Told(
        kind=EventKind(event.kind),
        dedup_key=event.dedup_key,
        external_id=kept["external_id"],
        account=event.account,
        attempt_id=event.attempt_hint,
        state=states.QUEUED if state == states.UNKNOWN else state,
        provider_status=kept["provider_status"],
        occurred_at=_moment(kept["ended_at"]),
        duration_seconds=kept["duration_seconds"],
        answered_by=kept["answered_by"],
        failure=_failure(kept["failure"]),
        looked_up=True,
    )


def _key(found: Found) -> str:
    return dedup_key(SOURCE, found.external_id, found.provider_status)


def _plain(found: Found) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(found).items()
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _failure(kept: Mapping[str, Any] | None) -> Failure | None:
    if kept is None:
        return None
    kind, why = FailureClass(kept["failure_class"]), Reason(kept["reason"])
    return Failure(kind, why, kept["provider_code"])
