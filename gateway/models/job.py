"""Jobs: one row for each thing to be done at one moment without telling anybody."""

from datetime import datetime
from typing import Any

from peewee import EXCLUDED, Case, CharField, ForeignKeyField, IntegerField, fn

from gateway.domain.lifecycle import JOB_MOVES, JobState, sources
from gateway.models.base import Row, UTCField, id_field, lock
from gateway.models.organization import Organization
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
        active = cls.state == J.ACTIVE
        fresh = {
            "due_at": due_at,
            "next_attempt_at": due_at,
            "failures": 0,
            "state": J.SCHEDULED,
            "held_by": None,
            "finished_at": None,
            "lease_until": None,
        }
        moved = {
            field: Case(None, [(active, field)], getattr(EXCLUDED, field.column_name))
            for field in (getattr(cls, name) for name in fresh)
        }
        again = Case(None, [(active, EXCLUDED.due_at)], None)
        of_kind = {cls.kind: EXCLUDED.kind, cls.lane: EXCLUDED.lane}
        made = cls.insert(name=name, key=key, created_at=now, **fresh, **of).on_conflict(
            conflict_target=[cls.name, cls.key], update={**moved, cls.again_at: again, **of_kind}
        )
        made.execute()
        wrote(due_at)

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
        mine = (cls.name == name, cls.key == key)
        gone = {"next_attempt_at": None, "lease_until": None, "held_by": None, "finished_at": now}
        taken = cls.update(state=J.CANCELED, **gone).where(*mine, cls.state.in_(WAITING))
        if taken.execute():
            return True
        cls.update(again_at=None).where(*mine, cls.state == J.ACTIVE).execute()
        return False

    @classmethod
    def begin(cls, job_id: str, claim: int, lease_until: datetime) -> "Job | None":
        """Take up a job that this claim holds; None when it was taken up, taken back or moved."""
        begun = cls.update(state=J.ACTIVE, lease_until=lease_until).where(
            cls.id == job_id, cls.claim == claim, cls.state == J.DUE
        )
        return next(iter(begun.returning(cls).execute()), None)

    @classmethod
    def finish(cls, row: "Job", now: datetime) -> bool:
        """Write down that an active job is done, or that it is to be done once more. False when it
        is not this claim's any more."""
        again = cls.again_at.is_null(False)
        done = cls.update(
            state=Case(None, [(again, J.SCHEDULED)], J.DONE),
            next_attempt_at=cls.again_at,
            due_at=Case(None, [(again, cls.again_at)], cls.due_at),
            finished_at=Case(None, [(again, cls.finished_at)], cls.finished_at.to_value(now)),
            again_at=None,
            lease_until=None,
            failures=0,
            reason=None,
        ).where(cls.id == row.id, cls.claim == row.claim, cls.state == J.ACTIVE)
        ended = list(done.returning(cls.next_attempt_at).execute())
        for one in ended:
            wrote(one.next_attempt_at)
        return bool(ended)

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
