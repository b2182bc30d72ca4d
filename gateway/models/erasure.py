"""Who was erased: ids alone, never rewritten."""

from collections.abc import Iterable
from datetime import datetime

from peewee import CharField, ForeignKeyField

from gateway.models.base import Row, UTCField, id_field
from gateway.models.organization import Organization


class Erasure(Row):
    """One contact that was erased, because it is the person whom the contact `named_id` stands
    for; by whose key."""

    id = id_field("er")
    organization = ForeignKeyField(Organization, index=False)
    mode = CharField(max_length=4)
    # Plain ids: this outlives whom it is about.
    contact_id = CharField(max_length=40)
    named_id = CharField(max_length=40, index=True)
    key = CharField(max_length=40, null=True)
    request_id = CharField(max_length=64, null=True)
    at = UTCField()

    class Meta:
        indexes = ((("organization", "mode", "at"), False),)

    @classmethod
    def note(
        cls,
        organization_id: str,
        mode: str,
        named_id: str,
        contact_ids: Iterable[str],
        now: datetime,
        key: str | None = None,
        request_id: str | None = None,
    ) -> None:
        """Write down that these contacts were erased as one person. Call it in that transaction."""
        of = {"organization": organization_id, "mode": mode, "named_id": named_id, "at": now}
        by = {"key": key, "request_id": request_id}
        cls.insert_many([{**of, **by, "contact_id": one} for one in contact_ids]).execute()

    @classmethod
    def of_person(cls, contact_id: str) -> "list[Erasure]":
        """The contacts that were erased with this one, itself among them; none if it was not."""
        named = cls.select(cls.named_id).where(cls.contact_id == contact_id)
        return list(cls.select().where(cls.named_id.in_(named)).order_by(cls.id))
