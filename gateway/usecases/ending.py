"""Ending a call that was canceled after it had left."""

import structlog

from gateway.domain.lifecycle import CallState, is_final
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.providers import get

log = structlog.get_logger(__name__)


def end_if_canceled(call_id: str) -> None:
    """End a call at its carrier if its notification was canceled after it had left. Best effort:
    each further event of the call tries again. Safe to repeat."""
    call = CallLog.get_or_none(CallLog.id == call_id)
    if call is None or call.external_id is None or is_final(CallState(call.state)):
        return
    row = Notification.get_or_none(Notification.id == call.notification_id)
    if row is not None and (row.cancel_requested_at is not None or row.state == N.CANCELED):
        over = get(call.provider).hang_up(call.account, call.external_id)
        log.info("call ended on cancel", call_id=call.id, over=over)
