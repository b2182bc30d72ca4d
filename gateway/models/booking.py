"""Appointments, as the booking system told them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import (
    JOIN,
    BooleanField,
    CharField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
)

from gateway.models.base import Row, UTCField, id_field, lock, take_due
from gateway.models.contact import Contact
from gateway.models.organization import Organization
from gateway.models.upcoming import wrote


class Booking(Row):
    """An appointment. `version` counts every edit; `schedule_version` those that move or re-plan
    its reminders, and only that one is compared when a reminder is sent."""

    id = id_field("bk")
    organization = ForeignKeyField(Organization, index=False, backref="bookings")
    organization_id: str
    mode = CharField(max_length=4)
    external_id = CharField(max_length=200, null=True)
    contact = ForeignKeyField(Contact, backref="bookings")
    contact_id: str
    staff = ForeignKeyField(Contact, backref="assignments", null=True)
    staff_id: str | None
    service = JSONField(null=True)
    starts_at = UTCField()
    starts_at_text = CharField(max_length=64)  # as received: the instant may need re-reading
    time_zone = CharField(max_length=64)
    duration_minutes = IntegerField(null=True)
    state = CharField(max_length=12)
    overdue = BooleanField(default=False)
    overdue_at = UTCField(null=True)  # when it is marked so, unless it has begun by then
    move_requested_at = UTCField(null=True)  # the contact asked for another time
    policy = JSONField(default=dict)  # what differs from the organization's: domain/policy.py
    version = IntegerField(default=1)
    schedule_version = IntegerField(default=1)
    reminders = JSONField(default=list)  # the rules in force
    metadata = JSONField(default=dict)
    fingerprint = CharField(max_length=64)  # of the request that made it
    booked_at = UTCField()
    updated_at = UTCField()
    canceled_at = UTCField(null=True)
    erased_at = UTCField(null=True)  # nothing personal is left in it since then

    class Meta:
        indexes = (
            (("organization", "mode", "external_id"), True),
            (("organization", "mode", "starts_at"), False),
            (("organization", "mode", "booked_at", "id"), False),
        )

    @classmethod
    def expect(cls, row: "Booking", overdue_at: datetime | None) -> None:
        """Set when a booking is overdue, which it is not for now; None for never."""
        cls.update(overdue_at=overdue_at, overdue=False).where(cls.id == row.id).execute()
        row.overdue_at, row.overdue = overdue_at, False
        wrote(overdue_at)

    @classmethod
    def claim_overdue(cls, now: datetime, limit: int, pause: timedelta) -> list[str]:
        """Ids of those that should have begun by now, put off by `pause` so that they are not
        handed out again at once."""
        return [row.id for row in take_due(cls.overdue_at, now, limit, pause)]

    @classmethod
    def mark_overdue(
        cls, booking_id: str, started_by: datetime, states: Iterable[str]
    ) -> "Booking | None":
        """Mark one that was to be looked at, was to start by then and is in one of these states
        still; None when there is nothing to mark (any more)."""
        row: Booking | None = next(iter(lock(cls.select().where(cls.id == booking_id))), None)
        if row is None or row.overdue_at is None or row.starts_at > started_by:
            return None
        late = row.state in tuple(states)
        cls.update(overdue_at=None, overdue=late).where(cls.id == booking_id).execute()
        return row if late else None

    @classmethod
    def with_people(cls, organization_id: str, mode: str) -> "ModelSelect[Booking]":
        """The bookings of this organization and mode, each with its people loaded."""
        staff = Contact.alias()
        query: ModelSelect[Booking] = (
            cls.select(cls, Contact, staff)
            .join(Contact, on=cls.contact)
            .switch(cls)
            .join(staff, JOIN.LEFT_OUTER, on=cls.staff, attr="staff")
            .where(cls.organization == organization_id, cls.mode == mode)
        )
        return query

    @classmethod
    def of(cls, organization_id: str, mode: str, **where: Any) -> "Booking | None":
        """One booking of this organization and mode, its people loaded with it."""
        query = cls.with_people(organization_id, mode)
        for name, value in where.items():
            query = query.where(getattr(cls, name) == value)
        return next(iter(query.limit(1)), None)

    @classmethod
    def take_turn(cls, organization_id: str, mode: str, booking_id: str) -> None:
        """Wait for whoever changes this booking; the next one waits until the transaction ends."""
        mine = (cls.organization == organization_id) & (cls.mode == mode)
        lock(cls.select(cls.id).where(cls.id == booking_id, mine)).execute()

    @classmethod
    def near(
        cls, organization_id: str, mode: str, staff_id: str, until: datetime
    ) -> "list[Booking]":
        """Those of a staff member that start before `until`, at most two weeks before it."""
        mine = (cls.organization == organization_id, cls.mode == mode, cls.staff == staff_id)
        week = (cls.starts_at < until, cls.starts_at > until - timedelta(days=14))
        return list(cls.select().where(*mine, *week))

    @classmethod
    def edit(cls, booking_id: str, version: int, now: datetime, **changes: Any) -> bool:
        """Write an edit over the version that was read. False when somebody was faster."""
        edited = cls.update(version=version + 1, updated_at=now, **changes).where(
            cls.id == booking_id, cls.version == version
        )
        return bool(edited.execute())
