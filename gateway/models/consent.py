"""Who agreed to be reached and who said stop: a ledger that only grows."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from peewee import BooleanField, CharField, ForeignKeyField

from gateway.models.base import Row, UTCField, id_field
from gateway.models.feed import FeedEntry, entry
from gateway.models.listing import Position, page
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared, same

ALL = "all"  # the purpose that covers every one


class Consent(Row):
    """One statement. The latest for (organization, mode, channel, purpose, address) counts; `at` is
    when the person made it, whenever we came to read it."""

    id = id_field("cs")
    organization = ForeignKeyField(Organization, index=False, backref="consents")
    organization_id: str
    channel = CharField(max_length=10)
    purpose = CharField(max_length=20)
    address_hash = CharField(max_length=64)
    granted = BooleanField()
    source = CharField(max_length=40)
    mode = CharField(max_length=4, default="live")
    # Plain ids: the ledger outlives whom it is about, and what was heard of them.
    contact_id = CharField(max_length=40, null=True)
    event_id = CharField(max_length=40, null=True)
    at = UTCField()

    class Meta:
        indexes = ((("address_hash", "organization", "channel", "purpose", "at"), False),)

    @classmethod
    def withdrawn(
        cls, organization_id: str, mode: str, channel: str, purpose: str, address_hash: str
    ) -> bool:
        """Whether this person said stop, for this purpose or for all ("all") of the channel."""
        said = _OF_PURPOSE.rows(
            organization=organization_id, mode=mode, channel=channel, purpose=purpose,
            address_hash=address_hash,
        )  # fmt: skip
        return bool(said) and not said[0].granted

    @classmethod
    def newest_granted(
        cls, row: Any, channel: Any, address_hash: Any
    ) -> Any:  # fmt: skip
        """What the statement that counts for a notification's row says, as a part of a query over
        it: given or withdrawn, NULL where there is none."""
        said = cls.alias()
        counts = said.select(said.granted).where(
            said.address_hash == address_hash,
            said.organization == row.organization,
            said.mode == row.mode,
            said.channel == channel,
            (said.purpose == row.purpose) | (said.purpose == ALL),
        )
        return counts.order_by(said.at.desc(), said.id.desc()).limit(1)

    @classmethod
    def latest(
        cls,
        organization_id: str,
        mode: str,
        channel: str,
        address_hash: str,
        purposes: Collection[str] | None = None,
    ) -> "Consent | None":
        """The newest statement on a channel, of these purposes or of any."""
        query = cls.select().where(
            cls.address_hash == address_hash,
            cls.organization == organization_id,
            cls.mode == mode,
            cls.channel == channel,
        )
        if purposes is not None:
            query = query.where(cls.purpose.in_(list(purposes)))
        return next(iter(query.order_by(cls.at.desc(), cls.id.desc()).limit(1)), None)

    @classmethod
    def add(cls, now: datetime, **values: Any) -> "Consent":
        """Append a statement, and tell the feed. Call it inside a transaction."""
        row = cls.create(**values)
        said = "granted" if row.granted else "withdrawn"
        told = entry(row.organization_id, row.mode, now, "consent", row.id, said)
        FeedEntry.append([told])
        return row

    @classmethod
    def heard(
        cls, organization_id: str, mode: str, channel: str, address_hash: str, event_id: str
    ) -> bool:
        """Whether an event made its statement already."""
        same = cls.select(cls.id).where(
            cls.address_hash == address_hash,
            cls.organization == organization_id,
            cls.mode == mode,
            cls.channel == channel,
            cls.event_id == event_id,
        )
        return bool(same.exists())

    @classmethod
    def history(
        cls,
        organization_id: str,
        mode: str,
        hashes: Collection[str],
        filters: dict[str, Any],
        limit: int,
        before: Position | None,
    ) -> "list[Consent]":
        """A page of the statements about these addresses, newest first. Filters: channel,
        purpose."""
        query = cls.select().where(
            cls.address_hash.in_(list(hashes)),
            cls.organization == organization_id,
            cls.mode == mode,
        )
        return page(query, filters, _CONDITIONS, (cls.at, cls.id), before, limit)


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "channel": lambda value: Consent.channel == value,
    "purpose": lambda value: Consent.purpose == value,
}
_OF_PURPOSE = Prepared(
    lambda: (
        Consent.select(Consent.granted)
        .where(
            *same(Consent, ("address_hash", "organization", "mode", "channel")),
            (Consent.purpose == Given("purpose")) | (Consent.purpose == ALL),
        )
        .order_by(Consent.at.desc(), Consent.id.desc())
        .limit(1)
    )
)
