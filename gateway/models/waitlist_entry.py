"""Who waits for what."""

from datetime import datetime
from typing import Any

from peewee import JOIN, CharField, ForeignKeyField, JSONField, ModelSelect

from gateway.domain.lifecycle import sources
from gateway.domain.waitlist_lifecycle import ENTRY_MOVES, EntryState
from gateway.models.base import Row, UTCField, id_field
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.organization import Organization
from gateway.models.prepared import changing

OPEN = (EntryState.WAITING, EntryState.OFFERED)


class WaitlistEntry(Row):
    """A person who waits for a service, of one staff member or of any, with a start from `since` to
    before `until`."""

    id = id_field("we")
    organization = ForeignKeyField(Organization, index=False, backref="waitlist")
    organization_id: str
    mode = CharField(max_length=4)
    contact = ForeignKeyField(Contact, backref="waits")
    contact_id: str
    service = JSONField(default=dict)
    service_id = CharField(max_length=200)
    staff = ForeignKeyField(Contact, index=False, null=True)
    staff_id: str | None
    since = UTCField()
    until = UTCField()
    state = CharField(max_length=12, default=EntryState.WAITING)
    created_at = UTCField()
    updated_at = UTCField()

    @classmethod
    def with_people(cls, organization_id: str, mode: str) -> "ModelSelect[WaitlistEntry]":
        """The entries of this organization and mode, each with its people loaded."""
        staff = Contact.alias()
        query: ModelSelect[WaitlistEntry] = (
            cls.select(cls, Contact, staff)
            .join(Contact, on=cls.contact)
            .switch(cls)
            .join(staff, JOIN.LEFT_OUTER, on=cls.staff, attr="staff")
        )
        return query.where(cls.organization == organization_id, cls.mode == mode)

    @classmethod
    def add(cls, now: datetime, **values: Any) -> "WaitlistEntry":
        """Insert an entry at the end of the line, with its feed entry."""
        row: WaitlistEntry = cls.create(
            state=EntryState.WAITING, created_at=now, updated_at=now, **values
        )
        FeedEntry.append([told(row, now)])
        return row

    @classmethod
    def open_of(cls, contact_id: str) -> "list[WaitlistEntry]":
        """The entries of a person that are not at their end."""
        found = cls.select().where(cls.contact == contact_id, cls.state.in_(OPEN))
        return list(found.order_by(cls.created_at, cls.id))

    @classmethod
    def move(cls, row: "WaitlistEntry", to: EntryState, now: datetime) -> bool:
        """One legal move, as one conditional UPDATE with its feed entry. `row` is brought up to
        date."""
        values: dict[str, Any] = {"state": to, "updated_at": now}
        change = changing(cls, tuple(values), sources(ENTRY_MOVES, to))
        if not change.run(of=row.id, **values):
            return False
        row.state, row.updated_at = to, now
        FeedEntry.append([told(row, now)])
        return True


def told(row: WaitlistEntry, now: datetime) -> dict[str, Any]:
    """What the feed says of its last move."""
    return entry(
        row.organization_id, row.mode, now, "waitlist_entry", row.id, str(row.state)
    )  # fmt: skip
