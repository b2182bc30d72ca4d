"""Small ledgers: answers kept for idempotency, and who read or changed what by hand."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

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
    organization = ForeignKeyField(Organization, null=True, index=False)  # null: all of them
    organization_id: str | None
    at = UTCField()
    key = CharField(max_length=40, null=True)  # of an API key, or of somebody of the staff
    person = CharField(max_length=200, null=True)
    action = CharField(max_length=40)
    objects = JSONField(default=list)
    request_id = CharField(max_length=64, null=True)
    reason = CharField(max_length=40, null=True)

    class Meta:
        indexes = ((("organization", "at"), False),)

    @classmethod
    def page(
        cls,
        organization_id: str | None,
        filters: Mapping[str, Any],
        before: tuple[datetime, int] | None,
        limit: int,
    ) -> "list[AuditEntry]":
        """At most `limit` entries of an organization (None: those of all at once), newest first,
        from before a position (at, id). Filters: person (whole name), action (how it begins),
        from_ and to."""
        found = cls.select().where(
            cls.organization.is_null()
            if organization_id is None
            else cls.organization == organization_id
        )
        conditions: dict[str, Callable[[Any], Any]] = {
            "person": lambda value: cls.person == value,
            "action": cls.action.startswith,
            "from_": lambda value: cls.at >= value,
            "to": lambda value: cls.at < value,
        }
        for name, value in filters.items():
            found = found.where(conditions[name](value))
        if before is not None:
            at, last = before
            found = found.where(cls.at <= at, (cls.at < at) | (cls.id < last))
        return list(found.order_by(cls.at.desc(), cls.id.desc()).limit(limit))

    @classmethod
    def beginning_with(cls, action: str, organization_id: str) -> "list[AuditEntry]":
        """What was done in an organization under names that begin so, oldest first."""
        mine = (cls.organization == organization_id, cls.action.startswith(action))
        return list(cls.select().where(*mine).order_by(cls.at, cls.id))
