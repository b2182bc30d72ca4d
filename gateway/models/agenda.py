"""What falls due next, for each kind of work that a clock hands out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from peewee import Field, Select

from gateway.domain import lanes
from gateway.models.base import UTCField, db
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.cron_job import CronJob
from gateway.models.hold import Hold
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.prepared import Prepared
from gateway.models.provider_event import ProviderEvent
from gateway.models.turns import ONE

LANES = tuple(lane for queue in lanes.SENDING for lane in lanes.lanes(queue))
JOB_LANES = tuple(lane for queue in lanes.WORKING for lane in lanes.lanes(queue))


MOMENTS = (
    "lease", "event", "look_up", "ending", "check", "step", "overdue", "job_lease", "cron"
)  # fmt: skip


@dataclass(frozen=True)
class Agenda:
    """The earliest moment of each kind, None where nothing waits."""

    claims: Mapping[str, datetime] = field(default_factory=dict)  # by lane: a row falls due
    lease: datetime | None = None  # a worker should be through with one
    event: datetime | None = None  # a stored provider event is to be applied
    look_up: datetime | None = None  # a provider is to be asked about a call
    ending: datetime | None = None  # a call is to be ended
    check: datetime | None = None  # a paused provider is to be asked how it is
    step: datetime | None = None  # the next step of a plan begins
    overdue: datetime | None = None  # an appointment should have begun
    job_lease: datetime | None = None  # a worker should be through with a job
    cron: datetime | None = None  # a slot of a cron job comes
    held: bool = False  # whether anything waits for a hold or a busy sender
    # Whether anything may be held back at all; what is, only a look at the holds tells.
    holds: bool = field(default=True, compare=False)

    @property
    def next(self) -> datetime | None:
        """The earliest of all."""
        moments = [self.claim, self.lease, self.event, self.look_up, self.ending, self.check]
        moments += [self.step, self.overdue, self.job_lease, self.cron]
        return min(filter(None, moments), default=None)

    @property
    def claim(self) -> datetime | None:
        """When the next row of any lane falls due."""
        return min(self.claims.values(), default=None)


def everything(now: datetime) -> Agenda:
    """The agenda on which all there can be is due."""
    moments = dict.fromkeys(MOMENTS, now)
    return Agenda(dict.fromkeys((*LANES, *JOB_LANES), now), **moments, held=True, holds=True)


def read() -> Agenda:
    """The agenda of this moment, in one query that takes the head of each index."""
    [(*raw, held, job_held, hold)] = _AGENDA.rows()
    moments = [UTCField().python_value(value) for value in raw]
    every = (*LANES, *JOB_LANES)
    claims = dict(zip(every, moments, strict=False))
    lease, event, call, message, ending, check, step, overdue, job_lease, cron = moments[
        len(every) :
    ]
    return Agenda(
        {lane: at for lane, at in claims.items() if at is not None},
        lease, event, min(filter(None, (call, message)), default=None), ending, check, step,
        overdue, job_lease, cron, held is not None or job_held is not None, hold is not None,
    )  # fmt: skip


def _heads() -> Any:
    named = CallLog.external_id.is_null(False)  # only these can be ended
    due = Notification.next_attempt_at
    heads = [_head(due).where(Notification.lane == lane) for lane in LANES]
    heads += [_head(Job.next_attempt_at).where(Job.lane == lane) for lane in JOB_LANES]
    heads += [
        _head(Notification.lease_until),
        _head(ProviderEvent.next_attempt_at),
        _head(CallLog.lookup_at),
        _head(MessageLog.lookup_at),
        _head(CallLog.end_at).where(named),
        _head(Hold.check_at).where(Hold.until.is_null()),
        _head(Notification.step_until),
        _head(Booking.overdue_at),
        _head(Job.lease_until),
        _head(CronJob.next_at),
        _head(Notification.held_by),
        _head(Job.held_by),
        _head(Hold.scope),
    ]
    return Select(columns=heads).bind(db.obj).tuples()


_AGENDA = Prepared(_heads)


def _head(field: Field) -> Any:
    # Ordered even where any row would do: it is what makes PostgreSQL take the index.
    return field.model.select(field).where(field.is_null(False)).order_by(field).limit(ONE)
