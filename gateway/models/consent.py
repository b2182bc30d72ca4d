"""Who agreed to be reached and who said stop: a ledger that only grows."""

from peewee import BooleanField, CharField, ForeignKeyField

from gateway.models.base import Row, UTCField, id_field
from gateway.models.organization import Organization


class Consent(Row):
    """One statement. The latest for (organization, channel, purpose, address) counts."""

    id = id_field("cs")
    organization = ForeignKeyField(Organization, index=False, backref="consents")
    channel = CharField(max_length=10)
    purpose = CharField(max_length=20)
    address_hash = CharField(max_length=64)
    granted = BooleanField()
    source = CharField(max_length=40)
    at = UTCField()

    class Meta:
        indexes = ((("address_hash", "organization", "channel", "purpose", "at"), False),)

    @classmethod
    def withdrawn(cls, organization_id: str, channel: str, purpose: str, address_hash: str) -> bool:
        """Whether this person said stop, for this purpose or for all ("all") of the channel."""
        latest = (
            cls.select(cls.granted)
            .where(
                cls.address_hash == address_hash,
                cls.organization == organization_id,
                cls.channel == channel,
                cls.purpose.in_([purpose, "all"]),
            )
            .order_by(cls.at.desc(), cls.id.desc())
            .first()
        )
        return latest is not None and not latest.granted
