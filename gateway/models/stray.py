"""Where a person is named in rows that no key links to them: events that could not be applied, and
answers that are kept to be replayed."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import quote

from peewee import fn

from gateway.domain.callback import EventKind
from gateway.models import attempts
from gateway.models.base import lock
from gateway.models.dead_letter import DISCARDED, EVENT, DeadLetter
from gateway.models.event_search import DISCARDED as GIVEN_UP
from gateway.models.event_search import unapplied
from gateway.models.person import chunks, table_of
from gateway.models.provider_event import ProviderEvent
from gateway.models.records import IdempotencyRecord

_ID = re.compile(r"\b[a-z]{2}_[0-9a-z]{26}\b")
_BATCH = 200
_SAID = (EventKind.INBOUND, EventKind.DIGITS, EventKind.OPT_OUT)  # it may end a consent


def spellings(address: str) -> list[str]:
    """How an address may stand in what a carrier sends: a number by its digits alone, whatever is
    before them; an e-mail address as it is and percent-encoded."""
    if "@" not in address:
        return [address.lstrip("+")]
    low = address.lower()
    return sorted({low, quote(low, safe="")})


def forget_events(addresses: Iterable[str], now: datetime) -> int:
    """Empty the events that name one of these addresses and belong to nobody: given up are those
    that still waited for something to be about. Returns how many. Those that somebody is applying
    at this moment are passed over, and so is what a person says that was not read yet."""
    wanted = [spelled for address in addresses for spelled in spellings(address)]
    if not wanted:
        return 0
    text = fn.LOWER(ProviderEvent.body.concat(" ").concat(ProviderEvent.query))
    named = reduce(or_, [text.contains(one) for one in wanted])
    loose = ProviderEvent.select().where(
        ProviderEvent.organization.is_null(),
        ProviderEvent.body.is_null(False),
        (ProviderEvent.state != "received") | ProviderEvent.kind.not_in(_SAID),
        named,
    )
    found = lock(loose.order_by(ProviderEvent.id), skip_locked=True)
    ids = [row.id for row in found if row.state != "received" or not _known(row)]
    for some in chunks(ids):
        mine = ProviderEvent.id.in_(some)
        waits = ProviderEvent.update(state=GIVEN_UP, next_attempt_at=None)
        waits.where(mine, unapplied() | (ProviderEvent.state == "received")).execute()
        ProviderEvent.update(body=None, query="").where(mine).execute()
        letters = (DeadLetter.object == EVENT, DeadLetter.object_id.in_(some))
        open_ = DeadLetter.update(resolved_at=now, resolution=DISCARDED)
        open_.where(*letters, DeadLetter.resolved_at.is_null()).execute()
        DeadLetter.update(history=[]).where(*letters).execute()
    return len(ids)


def _known(event: ProviderEvent) -> bool:
    """Whether an event that waits to be applied is about a call or message that is known."""
    if event.attempt_hint and table_of(event.attempt_hint).get_or_none(id=event.attempt_hint):
        return True
    external_id = event.external_id or ""
    return attempts.owner(event.provider, event.account, external_id) is not None


def forget_answers(
    organization_id: str, mode: str, ids: Iterable[str], addresses: Sequence[str]
) -> int:
    """Empty the kept answers that name one of these rows or addresses; their keys stay, so that
    nothing is done twice. Returns how many."""
    row, known, forgotten, last = IdempotencyRecord, set(ids), 0, ""
    mine = (row.organization == organization_id, row.mode == mode, row.body.is_null(False))
    while True:
        batch: list[Any] = list(
            row.select(row.id, row.body).where(*mine, row.id > last).order_by(row.id).limit(_BATCH)
        )
        named = [one.id for one in batch if _names(one.body, known, addresses)]
        if named:
            row.update(body=None).where(row.id.in_(named)).execute()
        forgotten += len(named)
        if len(batch) < _BATCH:
            return forgotten
        last = batch[-1].id


def _names(answer: str, ids: set[str], addresses: Sequence[str]) -> bool:
    found = not ids.isdisjoint(_ID.findall(answer))
    return found or any(address in answer for address in addresses)
