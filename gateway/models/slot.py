"""Times that became free, to be offered to those who wait."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import JOIN, CharField, ForeignKeyField, IntegerField, JSONField, ModelSelect

from gateway.domain.lifecycle import sources
from gateway.domain.waitlist_lifecycle import SLOT_MOVES, SlotState
from gateway.models.base import Row, UTCField, id_field
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared, changing

FREE = (SlotState.OPEN, SlotState.OFFERED)


class Slot(Row):
    """A start that somebody could have. `service` is kept as a booking keeps it, its price among
    it; `freed_by` is the booking that left it, `booking` the one that took it. `closes_at` is when
    it is too near to be offered, `look_at` when the next offer of it may be made while nobody can
    be told before."""

    id = id_field("sl")
    organization = ForeignKeyField(Organization, index=False, backref="slots")
    organization_id: str
    mode = CharField(max_length=4)
    starts_at = UTCField()
    time_zone = CharField(max_length=64)
    duration_minutes = IntegerField(null=True)
    service = JSONField(default=dict)
    service_id = CharField(max_length=200)
    staff = ForeignKeyField(Contact, backref="free_slots", null=True)
    staff_id: str | None
    freed_by = ForeignKeyField(Booking, index=False, null=True)
    freed_by_id: str | None
    booking = ForeignKeyField(Booking, index=False, null=True)
    booking_id: str | None
    state = CharField(max_length=12, default=SlotState.OPEN)
    reason = CharField(max_length=40, null=True)
    closes_at = UTCField()
    look_at = UTCField(null=True)
    created_at = UTCField()
    updated_at = UTCField()

    @classmethod
    def with_staff(cls, organization_id: str, mode: str) -> "ModelSelect[Slot]":
        """The slots of this organization and mode, each with its staff member loaded."""
        query: ModelSelect[Slot] = cls.select(cls, Contact).join(
            Contact, JOIN.LEFT_OUTER, on=cls.staff
        )
        return query.where(cls.organization == organization_id, cls.mode == mode)

    @classmethod
    def add(cls, now: datetime, **values: Any) -> "Slot | None":
        """Insert an open slot, with its feed entry; None when the same staff member has one at the
        same start already."""
        made = cls.insert(state=SlotState.OPEN, created_at=now, updated_at=now, **values)
        row: Slot | None = next(iter(made.on_conflict_ignore().returning(cls).execute()), None)
        if row is not None:
            FeedEntry.append([told(row, now)])
        return row

    @classmethod
    def free_of_staff(
        cls, organization_id: str, mode: str, staff_id: str, states: Iterable[str] = FREE
    ) -> "list[Slot]":
        """What is free of one staff member, earliest start first."""
        found = cls.select().where(
            cls.organization == organization_id, cls.mode == mode, cls.staff == staff_id,
            cls.state.in_(list(states)),
        )  # fmt: skip
        return list(found.order_by(cls.starts_at, cls.id))

    @classmethod
    def open_for(
        cls, organization_id: str, mode: str, service_id: str, since: datetime, until: datetime
    ) -> "list[Slot]":
        """What is open of a service with a start from `since` to before `until`, earliest first."""
        return _OPEN_FOR.rows(
            organization=organization_id, mode=mode, service=service_id, since=since, until=until
        )

    @classmethod
    def move(cls, row: "Slot", to: SlotState, now: datetime, **changes: Any) -> bool:
        """One legal move, as one conditional UPDATE with its feed entry. `row` is brought up to
        date."""
        values = {"state": to, "updated_at": now, "look_at": None, **changes}
        change = changing(cls, tuple(values), sources(SLOT_MOVES, to))
        if not change.run(of=row.id, **values):
            return False
        for name, value in values.items():
            setattr(row, name, value)
        FeedEntry.append([told(row, now)])
        return True

    @classmethod
    def look_later(cls, row: "Slot", at: datetime | None) -> None:
        """Note when the next offer of it may be made."""
        cls.update(look_at=at).where(cls.id == row.id).execute()
        row.look_at = at


def told(row: Slot, now: datetime) -> dict[str, Any]:
    """What the feed says of its last move."""
    reason = str(row.reason) if row.reason else None
    return entry(
        row.organization_id, row.mode, now, "slot", row.id, str(row.state), reason
    )  # fmt: skip


def _open_for() -> Any:
    found = Slot.select().where(
        Slot.organization == Given("organization"), Slot.mode == Given("mode"),
        Slot.state == SlotState.OPEN, Slot.service_id == Given("service"),
        Slot.starts_at >= Given("since"), Slot.starts_at < Given("until"),
    )  # fmt: skip
    return found.order_by(Slot.starts_at, Slot.id)


_OPEN_FOR = Prepared(_open_for)
