"""Slots held for somebody who waits, until they take it or their time is over."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, ModelSelect

from gateway.domain.lifecycle import sources
from gateway.domain.waitlist_lifecycle import OFFER_MOVES, OfferState
from gateway.models.base import Row, UTCField, id_field
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.listed import among, listed
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.prepared import Prepared, changing
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry

OFFER = "offer"  # the type of its notifications' subject, and the rule of the one that tells of it


class Offer(Row):
    """One slot, held for one entry until `expires_at`. Of a slot, and of an entry, at most one is
    offered or accepted; the same slot is never offered to the same person twice."""

    id = id_field("of")
    organization = ForeignKeyField(Organization, index=False, backref="offers")
    organization_id: str
    mode = CharField(max_length=4)
    slot = ForeignKeyField(Slot, index=False, backref="offers")
    slot_id: str
    waitlist_entry = ForeignKeyField(WaitlistEntry, index=False, backref="offers")
    waitlist_entry_id: str
    contact = ForeignKeyField(Contact, backref="offers")
    contact_id: str
    booking = ForeignKeyField(Booking, index=False, null=True)
    booking_id: str | None
    state = CharField(max_length=12, default=OfferState.OFFERED)
    reason = CharField(max_length=40, null=True)
    offered_at = UTCField()
    expires_at = UTCField()
    ended_at = UTCField(null=True)

    class Meta:
        indexes = ((("slot", "contact"), True),)

    @classmethod
    def add(cls, now: datetime, **values: Any) -> "Offer":
        """Insert an offer, with its feed entry. Raises IntegrityError where another one holds the
        slot or the entry."""
        row: Offer = cls.create(state=OfferState.OFFERED, offered_at=now, **values)
        FeedEntry.append([told(row, now)])
        return row

    @classmethod
    def open_on(cls, **where: Any) -> "Offer | None":
        """The open offer of a `slot` or of a `waitlist_entry`."""
        query = cls.select().where(cls.state == OfferState.OFFERED)
        for name, value in where.items():
            query = query.where(getattr(cls, name) == value)
        return next(iter(query.limit(1)), None)

    @classmethod
    def still_open(cls, ids: Collection[str]) -> "list[tuple[str, str, str]]":
        """Which of these are open: id, organization and mode."""
        return _STILL_OPEN.rows(ids=listed(ids))

    @classmethod
    def overdue(cls, since: datetime, limit: int = 500) -> "list[Offer]":
        """Offers that are open, and should not be since then."""
        late = cls.select().where(cls.state == OfferState.OFFERED, cls.expires_at < since)
        return list(late.order_by(cls.expires_at).limit(limit))

    @classmethod
    def move(
        cls, row: "Offer", to: OfferState, now: datetime, reason: str | None = None, **changes: Any
    ) -> bool:
        """Its one move, as one conditional UPDATE with its feed entry. `row` is brought up to
        date."""
        values = {"state": to, "ended_at": now, "reason": reason, **changes}
        change = changing(cls, tuple(values), sources(OFFER_MOVES, to))
        if not change.run(of=row.id, **values):
            return False
        for name, value in values.items():
            setattr(row, name, value)
        FeedEntry.append([told(row, now)])
        return True

    @classmethod
    def told_by(cls, notification_id: str | None) -> "Offer | None":
        """The offer that a notification tells of, if it tells of one."""
        row = Notification.get_or_none(Notification.id == notification_id)
        if row is None or row.subject_type != OFFER:
            return None
        found: Offer | None = cls.get_or_none(cls.id == row.subject_id)
        return found

    @classmethod
    def with_parts(cls, rows: "list[Offer]") -> "list[Offer]":
        """The same, all of one organization and mode, with their slots and entries loaded, and the
        people of those: three queries for any number."""
        if not rows:
            return rows
        whose = (rows[0].organization_id, rows[0].mode)
        slots = Slot.with_staff(*whose).where(Slot.id.in_([row.slot_id for row in rows]))
        entries = WaitlistEntry.with_people(*whose).where(
            WaitlistEntry.id.in_([row.waitlist_entry_id for row in rows])
        )
        by_id = {one.id: one for one in (*slots, *entries)}
        for row in rows:
            row.slot, row.waitlist_entry = by_id[row.slot_id], by_id[row.waitlist_entry_id]
        return rows

    @classmethod
    def of(cls, organization_id: str, mode: str) -> "ModelSelect[Offer]":
        """The offers of this organization and mode."""
        query: ModelSelect[Offer] = cls.select().where(
            cls.organization == organization_id, cls.mode == mode
        )
        return query


_STILL_OPEN = Prepared(
    lambda: (
        Offer.select(Offer.id, Offer.organization, Offer.mode)
        .where(among(Offer.id, "ids"), Offer.state == OfferState.OFFERED)
        .order_by(Offer.id)
        .tuples()
    )
)


def told(row: Offer, now: datetime) -> dict[str, Any]:
    """What the feed says of its last move."""
    reason = str(row.reason) if row.reason else None
    return entry(
        row.organization_id, row.mode, now, OFFER, row.id, str(row.state), reason
    )  # fmt: skip
