"""Calls that must not go on: canceled after they had left, given up before the carrier told of
them, or the second one of a single attempt."""

from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import attempts
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.providers import get

log = structlog.get_logger(__name__)

LOOK_AFTER = timedelta(seconds=2)  # what became of a call that the carrier says it ended


def veto(call: CallLog, row: Notification, now: datetime) -> None:
    """Have a call ended that turns out to be under way though its notification was canceled, given
    up or tried again meanwhile. Call it with the call locked, before its news changes the row."""
    if call.end_at is None and not is_final(CallState(call.state)) and _unwanted(call, row, now):
        CallLog.stop([call.id], now)
        call.end_at = now


def _unwanted(call: CallLog, row: Notification, now: datetime) -> bool:
    if row.cancel_requested_at is not None or row.state == N.CANCELED:
        return True
    if row.finished_at is not None and now >= row.expires_at:
        return True
    if call.attempt >= row.tries or call.step != row.step:
        return False
    later = attempts.latest(row)
    if not isinstance(later, CallLog) or later.id == call.id:
        return False
    return later.state == CallState.COMPLETED or not is_final(later.standing)


def is_due(call: CallLog) -> bool:
    """Whether the carrier has to be asked to end this call and was not yet."""
    return (
        call.end_at is not None
        and call.ends == 0
        and call.external_id is not None
        and not is_final(CallState(call.state))
    )


def end(call_id: str, now: datetime) -> None:
    """Ask the carrier to end a call, if it is to be ended and not over. The row says when that is
    asked again, until news of its end comes. Safe to repeat."""
    call = CallLog.to_end(call_id)
    if call is None:
        return
    carrier = get(call.provider)
    if not carrier.can_end:
        log.warning("call can't be ended", call_id=call.id, provider=call.provider)
        call.end_again(None)
        return
    assert call.external_id is not None
    over = carrier.hang_up(call.account, call.external_id)
    waits = settings.current().end_call_seconds or (60.0,)
    again = now + timedelta(seconds=waits[min(call.ends, len(waits) - 1)])
    call.end_again(again, look=now + LOOK_AFTER if over else None)
    log.info("call to be ended", call_id=call.id, over=over, asked=call.ends + 1)
