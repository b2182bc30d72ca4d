"""People enrolled in sequences: how far each has come."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, JSONField, ModelSelect, fn

from gateway.domain.lifecycle import ENROLMENT_MOVES, EnrolmentState, sources
from gateway.models.base import Row, UTCField, atomic, id_field, lock
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.listing import Position, page
from gateway.models.organization import Organization
from gateway.models.sequence import Sequence

E = EnrolmentState
SUBJECT = "enrolment"
RUNNING = frozenset({E.SCHEDULED, E.ACTIVE})
LIVE = (E.SCHEDULED, E.ACTIVE, E.PAUSED)


class Enrolment(Row):
    """One person in one sequence. `done` are the ids of the steps that became notifications, in
    that order, and `since` the moment of the last of them; `next_at` is when the course is looked
    at again: the next step is not due before. A person is in a sequence once at a time."""

    id = id_field("en")
    organization = ForeignKeyField(Organization, index=False, backref="enrolments")
    organization_id: str
    mode = CharField(max_length=4)
    sequence = ForeignKeyField(Sequence, index=False, backref="enrolments")
    sequence_id: str
    contact = ForeignKeyField(Contact, backref="enrolments")
    contact_id: str
    variables = JSONField(default=dict)
    done = JSONField(default=list)
    state = CharField(max_length=12)
    reason = CharField(max_length=40, null=True)
    since = UTCField()
    next_at = UTCField(null=True)
    enrolled_at = UTCField()
    updated_at = UTCField()
    paused_at = UTCField(null=True)
    ended_at = UTCField(null=True)

    class Meta:
        indexes = ((("sequence", "enrolled_at", "id"), False),)

    @classmethod
    def add(cls, **values: Any) -> "Enrolment | None":
        """Enrol, and tell the feed; None when this person is in the sequence already. Call it
        inside a transaction."""
        made = cls.insert(**values).on_conflict_ignore().returning(cls).execute()
        row: Enrolment | None = next(iter(made), None)
        if row is not None:
            row.tell(values["enrolled_at"])
        return row

    @classmethod
    def of(cls, organization_id: str, mode: str, enrolment_id: str) -> "Enrolment | None":
        """One of this organization and mode, its contact and sequence loaded with it."""
        query = cls.with_all(organization_id, mode).where(cls.id == enrolment_id)
        return next(iter(query.limit(1)), None)

    @classmethod
    def with_all(cls, organization_id: str, mode: str) -> "ModelSelect[Enrolment]":
        """Those of this organization and mode, each with its contact and sequence."""
        query: ModelSelect[Enrolment] = (
            cls.select(cls, Contact, Sequence)
            .join(Contact)
            .switch(cls)
            .join(Sequence)
            .where(cls.organization == organization_id, cls.mode == mode)
        )
        return query

    @classmethod
    def locked(cls, enrolment_id: str) -> "Enrolment | None":
        """One, locked until the transaction ends. It is locked before its notifications and their
        calls are."""
        return next(iter(lock(cls.select().where(cls.id == enrolment_id))), None)

    @classmethod
    def live(cls, sequence_id: str, contact_id: str) -> "Enrolment | None":
        """The one of a person in a sequence that has not ended."""
        found: Enrolment | None = cls.get_or_none(
            cls.sequence == sequence_id, cls.contact == contact_id, cls.ended_at.is_null()
        )
        return found

    @classmethod
    def live_after(cls, sequence_id: str, last: str, limit: int) -> list[str]:
        """Ids of those in a sequence that have not ended, after an id, in their order."""
        rows = cls.select(cls.id).where(
            cls.sequence == sequence_id, cls.ended_at.is_null(), cls.id > last
        )
        return [row.id for row in rows.order_by(cls.id).limit(limit)]

    @classmethod
    def live_of_person(
        cls, organization_id: str, mode: str, hashes: Collection[str]
    ) -> "list[Enrolment]":
        """Those that have not ended of whoever has one of these addresses, by id; each with its
        sequence."""
        known = list(hashes)
        theirs = Contact.phone_hash.in_(known) | Contact.email_hash.in_(known)
        query = cls.with_all(organization_id, mode).where(theirs, cls.ended_at.is_null())
        return list(query.order_by(cls.id))

    @classmethod
    def move(
        cls,
        row: "Enrolment",
        to: EnrolmentState,
        now: datetime,
        *,
        from_: Iterable[EnrolmentState] | None = None,
        **changes: Any,
    ) -> bool:
        """One legal move of the lifecycle as one conditional UPDATE with its feed entry; False when
        the row was in no state from which it may be made. `row` is brought up to date."""
        legal = sources(ENROLMENT_MOVES, to)
        before = legal if from_ is None else legal & frozenset(from_)
        ended = {} if to in LIVE else {"ended_at": now, "next_at": None, "paused_at": None}
        values = {"state": to, "updated_at": now, **ended, **changes}
        with atomic():
            if not cls.update(**values).where(cls.id == row.id, cls.state.in_(before)).execute():
                return False
            for name, value in values.items():
                setattr(row, name, value)
            row.tell(now)
        return True

    @classmethod
    def write(cls, row: "Enrolment", **values: Any) -> None:
        """Write columns that are no move of a locked row; it is brought up to date."""
        cls.update(**values).where(cls.id == row.id).execute()
        for name, value in values.items():
            setattr(row, name, value)

    @classmethod
    def counted(cls, sequence_id: str) -> dict[str, int]:
        """How many enrolments of a sequence are in each state."""
        rows: Any = cls.select(cls.state, fn.COUNT(cls.id)).where(cls.sequence == sequence_id)
        return dict.fromkeys(map(str, E), 0) | dict(rows.group_by(cls.state).tuples())

    @classmethod
    def search(
        cls,
        organization_id: str,
        mode: str,
        filters: Mapping[str, Any],
        limit: int,
        before: Position | None,
    ) -> "list[Enrolment]":
        """A page of them, newest first. Filters: sequence_id, contact_id, state."""
        query = cls.with_all(organization_id, mode)
        return page(query, filters, _CONDITIONS, (cls.enrolled_at, cls.id), before, limit)

    def tell(self, now: datetime) -> None:
        """Append where it stands to the feed."""
        reason = str(self.reason) if self.reason else None
        said = entry(
            self.organization_id, self.mode, now, SUBJECT, self.id, str(self.state), reason
        )
        FeedEntry.append([said])


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "sequence_id": lambda value: Enrolment.sequence == value,
    "contact_id": lambda value: Enrolment.contact == value,
    "state": lambda value: Enrolment.state == value,
}
