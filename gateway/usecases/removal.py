"""Taking a single job out of its queue by hand."""

from datetime import datetime

import structlog

from gateway.domain.errors import Conflict
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models.base import atomic
from gateway.models.job import WAITING, Job
from gateway.models.notification import Notification
from gateway.usecases import consequences, dead_letters, queues
from gateway.usecases.operators import Operator

log = structlog.get_logger(__name__)


def removable(row: Notification | Job) -> bool:
    """Whether a job that `queues.job` found can be removed. A timer that waits can't: what it is to
    end would never end."""
    if isinstance(row, Notification):
        return N(row.state) in PENDING or bool(getattr(row, "dead", False))
    waits = row.state in WAITING and row.kind != "timer"
    return waits or bool(getattr(row, "dead", False))


def remove(operator: Operator, job_id: str, now: datetime) -> None:
    """Take a job out of its queue: one that waits is canceled and never done, the dead letter of
    one that failed is discarded. Raises NotFound, Conflict when it is at work or over. Whoever
    calls it writes the ledger."""
    with atomic():
        row = queues.job(operator, job_id, now)
        if not removable(row) or not _gone(operator, row, now):
            raise Conflict("it is at work or over: there is nothing to remove")
    log.warning("job removed by hand", job_id=job_id, key_id=operator.key_id)


def _gone(operator: Operator, row: Notification | Job, now: datetime) -> bool:
    if getattr(row, "dead", False):
        filters = {"object_id": row.id, "resolved": False}
        done = dead_letters.discard(operator, filters, now, dry_run=False, limit=1)
        return bool(done.ids)
    if isinstance(row, Notification):
        held = Notification.locked(row.id)
        waits = N(held.state) in PENDING
        return waits and consequences.finish(held, N.CANCELED, now, reason=Reason.CANCELED)
    return Job.cancel(row.name, row.key, now)
