"""A POST that is repeated with the same Idempotency-Key has one effect and one answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.errors import AnswerErased, Invalid, StillRunning
from gateway.failpoints import hit
from gateway.models.base import atomic
from gateway.models.records import IdempotencyRecord
from gateway.usecases.accounts import Caller
from gateway.usecases.schedule import Ring

KEPT = timedelta(hours=24)


@dataclass
class Answer:
    """What a request came to. `ring` names claimed notifications that the caller hands
    to the broker once this returns."""

    status: int
    body: dict[str, Any]
    ring: list[Ring] = field(default_factory=list)
    replayed: bool = False


def once(
    caller: Caller, key: str | None, fingerprint: str, now: datetime, work: Callable[[], Answer]
) -> Answer:
    """Do the work in one transaction with the record of its key. The same key and fingerprint
    again gives the first answer, marked as replayed. A fault keeps nothing, and leaves the key
    free. Raises Invalid when the key came with another request before, StillRunning when the
    first one has not finished, AnswerErased when its answer named a person who was erased."""
    with atomic():
        if key is None:
            answer = work()
        else:
            mine = _claim(caller, key, fingerprint, now)
            if isinstance(mine, Answer):
                return mine
            hit("api.after_key_insert")
            answer = work()
            kept = json.dumps(answer.body, ensure_ascii=False)
            IdempotencyRecord.answer(mine, answer.status, kept)
        hit("api.before_commit")
    hit("api.after_commit")
    return answer


def _claim(caller: Caller, key: str, fingerprint: str, now: datetime) -> str | Answer:
    record, made = IdempotencyRecord.claim(
        caller.organization_id, caller.mode, key, fingerprint, now, forget=now - KEPT
    )
    if record is None or (not made and record.status is None):
        raise StillRunning
    if made:
        return str(record.id)
    if record.fingerprint != fingerprint:
        raise Invalid("was used for another request before", "Idempotency-Key")
    if record.body is None:
        raise AnswerErased
    return Answer(record.status or 200, json.loads(record.body), replayed=True)
