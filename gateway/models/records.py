"""Small ledgers: answers kept for idempotency, and who read or changed what by hand."""

from datetime import datetime

from peewee import BigAutoField, CharField, ForeignKeyField, IntegerField, JSONField, TextField

from gateway.models.base import Row, UTCField, id_field, patience
from gateway.models.organization import Organization


class IdempotencyRecord(Row):
    """The answer to a POST with an Idempotency-Key, kept for 24 hours."""

    id = id_field("ir")
    organization = ForeignKeyField(Organization, index=False)
    mode = CharField(max_length=4)
    key = CharField(max_length=255)
    fingerprint = CharField(max_length=64)
    status = IntegerField(null=True)
    body = TextField(null=True)
    created_at = UTCField(index=True)

    class Meta:
        indexes = ((("organization", "mode", "key"), True),)

    @classmethod
    def claim(
        cls,
        organization_id: str,
        mode: str,
        key: str,
        fingerprint: str,
        now: datetime,
        forget: datetime,
    ) -> "tuple[IdempotencyRecord | None, bool]":
        """The record of a key, and whether this call made it. One from before `forget` does not
        count. A second transaction with the same key waits here for the first to end; raises
        StillRunning when that takes longer than a second."""
        same = (cls.organization == organization_id, cls.mode == mode, cls.key == key)
        cls.delete().where(*same, cls.created_at < forget).execute()
        fresh = cls.insert(
            organization=organization_id,
            mode=mode,
            key=key,
            fingerprint=fingerprint,
            created_at=now,
        )
        with patience(1.0):
            made = list(fresh.on_conflict_ignore().returning(cls).execute())
        if made:
            return made[0], True
        return cls.get_or_none(*same), False

    @classmethod
    def answer(cls, record_id: str, status: int, body: str) -> None:
        """Keep the answer to a record's request."""
        cls.update(status=status, body=body).where(cls.id == record_id).execute()

    @classmethod
    def forget(cls, before: datetime) -> int:
        """Delete what is older than `before`; returns how many."""
        return int(cls.delete().where(cls.created_at < before).execute())


class AuditEntry(Row):
    """Who read a transcript or an address, or changed something by hand. Never rewritten."""

    id = BigAutoField()
    organization = ForeignKeyField(Organization, index=False)
    organization_id: str
    at = UTCField()
    key = CharField(max_length=40, null=True)
    person = CharField(max_length=200, null=True)
    action = CharField(max_length=40)
    objects = JSONField(default=list)
    request_id = CharField(max_length=64, null=True)

    class Meta:
        indexes = ((("organization", "at"), False),)

    @classmethod
    def beginning_with(cls, action: str, organization_id: str) -> "list[AuditEntry]":
        """What was done in an organization under names that begin so, oldest first."""
        mine = (cls.organization == organization_id, cls.action.startswith(action))
        return list(cls.select().where(*mine).order_by(cls.at, cls.id))
