"""Planning what is to be done at a moment, or in the background, without telling anybody."""

from datetime import datetime
from typing import Any

from gateway import settings
from gateway.domain import lanes
from gateway.domain.jobs import KIND_OF
from gateway.models.job import Job
from gateway.models.many import Statement


def plan(
    name: str,
    key: str,
    due_at: datetime,
    now: datetime,
    organization_id: str | None = None,
    mode: str | None = None,
) -> None:
    """Have the job of this name be done for `key` at `due_at` (UTC), never before. There is one for
    each name and key: one that waits is moved to the new moment, one that is finished is done
    again, one that is being done is done once more afterwards. Call it inside your transaction;
    after its commit the clock wakes by itself. Name and kind stand in domain/jobs.py, what it does
    in usecases/job_handlers.py. Raises KeyError for a name that stands in neither."""
    Job.plan(name, key, due_at, now, **_of(name, organization_id, mode))


def planning(
    name: str, key: str, due_at: datetime, now: datetime, organization_id: str, mode: str
) -> Statement:
    """The same as a statement, to be sent at once and with others, for what is in no hurry: no
    clock is woken for it."""
    return Job.planning(name, key, due_at, now, **_of(name, organization_id, mode))


def plan_once(
    name: str,
    key: str,
    due_at: datetime,
    now: datetime,
    organization_id: str | None = None,
    mode: str | None = None,
) -> bool:
    """The same, but where there is a job of this name and key already, whatever became of it,
    nothing changes; whether it was planned."""
    return Job.add_once(name, key, due_at, now, **_of(name, organization_id, mode))


def cancel(name: str, key: str, now: datetime) -> bool:
    """Take a job back; True when it had not begun and never will. One that is being done is
    finished, but not done once more."""
    return Job.cancel(name, key, now)


def _of(name: str, organization_id: str | None, mode: str | None) -> dict[str, Any]:
    kind = KIND_OF[name]
    lane = lanes.job_lane(kind, settings.current().kind_priorities)
    return {"organization": organization_id, "mode": mode, "kind": kind, "lane": lane}
