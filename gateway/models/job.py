"""Jobs: one row for each thing to be done at one moment without telling anybody."""

from datetime import datetime
from typing import Any

from peewee import EXCLUDED, Case, CharField, ForeignKeyField, IntegerField, fn

from gateway.domain.lifecycle import JOB_MOVES, JobState, sources
from gateway.models.base import Row, UTCField, id_field, lock, new_id
from gateway.models.many import Statement, at_once
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared
from gateway.models.upcoming import wrote

J = JobState
WAITING = frozenset({J.SCHEDULED, J.DUE})


class Job(Row):
    """One job. `next_attempt_at` is set while it waits for its moment, `lease_until` while a clock
    or a worker holds it, `again_at` when it was planned anew while a worker was at it: then it is
    done once more. One that belongs to no organization is the house's own; one without a mode
    concerns both."""

    id = id_field("jb")
    organization = ForeignKeyField(Organization, index=False, null=True)
    organization_id: str | None
    mode = CharField(max_length=4, null=True)
    name = CharField(max_length=60)
    key = CharField(max_length=120)
    kind = CharField(max_length=20)
    lane = CharField(max_length=14)
    due_at = UTCField()
    next_attempt_at = UTCField(null=True)
    again_at = UTCField(null=True)
    lease_until = UTCField(null=True)
    claim = IntegerField(default=0)
    failures = IntegerField(default=0)
    state = CharField(max_length=12)
    reason = CharField(max_length=200, null=True)  # why it failed last
    held_by = CharField(max_length=160, null=True)
    created_at = UTCField()
    finished_at = UTCField(null=True)

    class Meta:
        indexes = ((("name", "key"), True), (("organization", "mode", "state"), False))

    @classmethod
    def plan(cls, name: str, key: str, due_at: datetime, now: datetime, **of: Any) -> None:
        """Write a job, or move the one of this name and key to this moment: one that waits waits
        for the new one, one that is finished is opened again, one that a worker is at is done once
        more. `of`: organization, mode, kind, lane."""
        at_once([cls.planning(name, key, due_at, now, **of)])
        wrote(due_at)

    @classmethod
    def planning(
        cls, name: str, key: str, due_at: datetime, now: datetime, **of: Any
    ) -> Statement:  # fmt: skip
        """The same as a statement, to be sent at once. No clock is woken for it: the job begins
        when one looks by itself."""
        plan = _PLAN.told(id=new_id("jb"), name=name, key=key, due_at=due_at, now=now, **of)
        return Statement(*plan)

    @classmethod
    def add_once(cls, name: str, key: str, due_at: datetime, now: datetime, **of: Any) -> bool:
        """Write a job unless there is one of this name and key already, whatever became of it;
        whether it was written. `of` as in `plan`."""
        fresh = {"due_at": due_at, "next_attempt_at": due_at, "state": J.SCHEDULED}
        made = cls.insert(name=name, key=key, created_at=now, **fresh, **of)
        if not list(made.on_conflict_ignore().returning(cls.id).execute()):
            return False
        wrote(due_at)
        return True

    @classmethod
    def cancel(cls, name: str, key: str, now: datetime) -> bool:
        """Take a job back; True when it waited and will not be done. One that a worker is at is
        finished, but not done once more."""
        taken = _CANCEL.rows(name=name, key=key, now=now)
        return any(row.state == J.CANCELED for row in taken)

    @classmethod
    def begin(cls, job_id: str, claim: int, lease_until: datetime) -> "Job | None":
        """Take up a job that this claim holds; None when it was taken up, taken back or moved."""
        begun = _BEGIN.rows(id=job_id, claim=claim, lease_until=lease_until)
        return next(iter(begun), None)

    @classmethod
    def held(cls, job_id: str, claim: int) -> "Job | None":
        """The row that this claim holds, claimed or active, locked; None when it does not any
        more."""
        mine = cls.select().where(
            cls.id == job_id, cls.claim == claim, cls.state.in_([J.DUE, J.ACTIVE])
        )
        return next(iter(lock(mine)), None)

    @classmethod
    def move(cls, row: "Job", to: JobState, now: datetime, **changes: Any) -> bool:
        """One legal move of a job's lifecycle, unless somebody claimed it since it was read. `row`
        is brought up to date."""
        stands = {"next_attempt_at": None, "lease_until": None, "held_by": None}
        over = now if to in (J.DONE, J.FAILED, J.CANCELED) else None
        values = {"state": to, "finished_at": over, **stands, **changes}
        moved = cls.update(**values).where(
            cls.id == row.id, cls.claim == row.claim, cls.state.in_(sources(JOB_MOVES, to))
        )
        if not moved.execute():
            return False
        for name, value in values.items():
            setattr(row, name, value)
        wrote(row.next_attempt_at)
        return True

    @classmethod
    def overdue_leases(cls, now: datetime, limit: int = 500) -> "list[Job]":
        """Jobs whose holder did not finish in time."""
        late = cls.select().where(cls.lease_until < now)
        return list(late.order_by(cls.lease_until).limit(limit))

    @classmethod
    def standing(cls, name: str, organization_id: str | None) -> dict[str, int]:
        """How many jobs of a name are not done, by state: of an organization or all of them."""
        mine = [] if organization_id is None else [cls.organization == organization_id]
        left = cls.select(cls.state, fn.COUNT(cls.id)).where(
            cls.name == name, cls.state.not_in([J.DONE, J.CANCELED]), *mine
        )
        counted: Any = left.group_by(cls.state).tuples()
        return dict(counted)


def _planning() -> Any:
    due = Given("due_at", Job.due_at)
    fresh = {
        "due_at": due,
        "next_attempt_at": due,
        "failures": 0,
        "state": J.SCHEDULED,
        "held_by": None,
        "finished_at": None,
        "lease_until": None,
    }
    given = {name: Given(name) for name in ("id", "name", "key", "organization", "mode")}
    of_kind = {name: Given(name) for name in ("kind", "lane")}
    made = Job.insert(**given, **of_kind, **fresh, created_at=Given("now", Job.created_at))
    active = Job.state == J.ACTIVE
    moved = {
        field: Case(None, [(active, field)], getattr(EXCLUDED, field.column_name))
        for field in (getattr(Job, name) for name in fresh)
    }
    moved[Job.again_at] = Case(None, [(active, EXCLUDED.due_at)], None)
    moved |= {getattr(Job, name): getattr(EXCLUDED, name) for name in of_kind}
    return made.on_conflict(conflict_target=[Job.name, Job.key], update=moved)


def _beginning() -> Any:
    mine = (Job.id == Given("id"), Job.claim == Given("claim"), Job.state == J.DUE)
    begun = Job.update(state=J.ACTIVE, lease_until=Given("lease_until", Job.lease_until))
    return begun.where(*mine).returning(Job)


def ending(now: Any) -> dict[Any, Any]:
    """What is written when a job is done, or to be done once more."""
    again = Job.again_at.is_null(False)
    return {
        Job.state: Case(None, [(again, J.SCHEDULED)], J.DONE),
        Job.next_attempt_at: Job.again_at,
        Job.due_at: Case(None, [(again, Job.again_at)], Job.due_at),
        Job.finished_at: Case(None, [(again, Job.finished_at)], now),
        Job.again_at: None,
        Job.lease_until: None,
        Job.failures: 0,
        Job.reason: None,
    }


def _canceling() -> Any:
    active = Job.state == J.ACTIVE
    taken = Job.update(
        state=Case(None, [(active, Job.state)], J.CANCELED),
        lease_until=Case(None, [(active, Job.lease_until)], None),
        finished_at=Case(None, [(active, Job.finished_at)], Given("now", Job.finished_at)),
        next_attempt_at=None,
        held_by=None,
        again_at=None,
    )
    mine = (Job.name == Given("name"), Job.key == Given("key"))
    return taken.where(*mine, Job.state.in_([*WAITING, J.ACTIVE])).returning(Job.state)


_PLAN, _BEGIN, _CANCEL = Prepared(_planning), Prepared(_beginning), Prepared(_canceling)
