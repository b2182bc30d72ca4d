"""A further call of one attempt: the carrier placed twice what was asked for once."""

from datetime import datetime
from typing import Any

import structlog

from gateway.domain.outcomes import FailureClass, Reason
from gateway.models.attempts import AnyAttempt
from gateway.models.call_log import CallLog
from gateway.models.tally import Tally

log = structlog.get_logger(__name__)


def adopt(
    attempt: AnyAttempt, external_id: str, look_up_at: datetime | None, now: datetime
) -> AnyAttempt:
    """Give the further call or message a row of its own that belongs to no notification, flag both
    in the feed, and have a call ended. Call it with the attempt locked, and only for an id that
    none has."""
    table = type(attempt)
    kind: dict[str, Any] = (
        {"end_at": now} if isinstance(attempt, CallLog) else {"channel": attempt.channel}
    )
    extra = table.write(
        organization=attempt.organization_id,
        mode=attempt.mode,
        booking=attempt.booking_id,
        step=attempt.step,
        attempt=attempt.attempt,
        provider=attempt.provider,
        account=attempt.account,
        external_id=external_id,
        from_address=attempt.from_address,
        to_address=attempt.to_address,
        to_hash=attempt.to_hash,
        erased_at=attempt.erased_at,
        state=table.TAKEN,
        failure_class=FailureClass.TECHNICAL,
        reason=Reason.DUPLICATE,
        created_at=now,
        lookup_at=look_up_at,
        **kind,
    )
    if extra is None:  # another worker was faster
        extra = table.locked(
            provider=attempt.provider, account=attempt.account, external_id=external_id
        )
        assert extra is not None
        return extra
    _flag(attempt, extra, now)
    return extra


def _flag(attempt: AnyAttempt, extra: AnyAttempt, now: datetime) -> None:
    for one in (attempt, extra):
        one.tell(now, f"{attempt.OBJECT}.duplicate_suspected")
    Tally.add({("duplicates",): 1})
    log.error("duplicate suspected", attempt_id=attempt.id, duplicate_id=extra.id)
