"""A further call of one attempt: the carrier placed twice what was asked for once."""

from datetime import datetime

import structlog

from gateway.domain.lifecycle import CallState
from gateway.domain.outcomes import FailureClass, Reason
from gateway.models.call_log import CallLog

log = structlog.get_logger(__name__)

SUSPECTED = "call.duplicate_suspected"


def adopt(call: CallLog, external_id: str, look_up_at: datetime | None, now: datetime) -> CallLog:
    """Make the further call a call log of its own that belongs to no notification, flag both in the
    feed, and have it ended. Call it with the attempt's call locked, and only for an id that no call
    has."""
    extra = CallLog.open(
        organization=call.organization_id,
        mode=call.mode,
        booking=call.booking_id,
        step=call.step,
        attempt=call.attempt,
        provider=call.provider,
        account=call.account,
        external_id=external_id,
        from_address=call.from_address,
        to_address=call.to_address,
        to_hash=call.to_hash,
        state=CallState.QUEUED,
        failure_class=FailureClass.TECHNICAL,
        reason=Reason.DUPLICATE,
        created_at=now,
        lookup_at=look_up_at,
        end_at=now,
    )
    if extra is None:  # another worker was faster
        extra = CallLog.locked(
            provider=call.provider, account=call.account, external_id=external_id
        )
        assert extra is not None
        return extra
    for one in (call, extra):
        one.tell(now, SUSPECTED)
    log.error("duplicate call suspected", call_id=call.id, duplicate_id=extra.id)
    return extra
