"""Organizations and the API keys that act for them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, IntegrityError, JSONField

from gateway.models.base import Row, UTCField, atomic, id_field
from gateway.models.prepared import Given, Prepared


class Organization(Row):
    """A customer of the gateway. Every other row belongs to exactly one."""

    id = id_field("or")
    name = CharField(max_length=200, unique=True)
    time_zone = CharField(max_length=64)
    reminders = JSONField(default=list)  # the rules of a booking that brings none
    repeats = JSONField(default=dict)  # {"busy": [seconds, ...], "no_answer": [...]}
    policy = JSONField(default=dict)  # what differs from the usual: domain/policy.py
    locale = CharField(max_length=35, default="en")
    retention = JSONField(default=dict)  # what differs from the usual: domain/retention.py
    created_at = UTCField()

    @classmethod
    def listed(cls) -> "list[Organization]":
        """All organizations by name."""
        return list(cls.select().order_by(cls.name))

    @classmethod
    def add(
        cls, name: str, time_zone: str, reminders: list[Any], now: datetime
    ) -> "Organization | None":
        """A row of this name; None when the name is taken."""
        made = cls.insert(name=name, time_zone=time_zone, reminders=reminders, created_at=now)
        return next(iter(made.on_conflict_ignore().returning(cls).execute()), None)

    @classmethod
    def change(cls, organization_id: str, values: Mapping[str, Any]) -> bool:
        """Write these columns of an organization; False when another one has the name."""
        try:
            with atomic():
                cls.update(**values).where(cls.id == organization_id).execute()
        except IntegrityError:
            return False
        return True

    @classmethod
    def repeats_of(cls, organization_id: str) -> dict[str, Any]:
        """The organization's plan of further calls, empty when it has none."""
        row = cls.select(cls.repeats).where(cls.id == organization_id).get()
        plan: dict[str, Any] = row.repeats
        return plan


class ApiKey(Row):
    """A secret that acts for one organization in one mode. Only its hash is kept."""

    id = id_field("ak")
    organization = ForeignKeyField(Organization, backref="keys")
    organization_id: str
    name = CharField(max_length=200)  # may be a person's, so that audits name a person
    mode = CharField(max_length=4)
    scopes = JSONField(default=list)
    secret_hash = CharField(max_length=64)
    created_at = UTCField()
    expires_at = UTCField(null=True)
    revoked_at = UTCField(null=True)
    last_used_at = UTCField(null=True)

    @classmethod
    def usable(cls, key_id: str, now: datetime) -> "ApiKey | None":
        """The key with its organization, unless it is unknown, revoked or expired."""
        return next(iter(_USABLE.rows(id=key_id, now=now)), None)

    @classmethod
    def listed(cls, organization_id: str | None) -> "list[ApiKey]":
        """The keys of one organization, or of all, newest first."""
        found = cls.select().order_by(cls.created_at.desc(), cls.id.desc())
        return list(
            found if organization_id is None else found.where(cls.organization == organization_id)
        )

    @classmethod
    def touch(cls, key_id: str, now: datetime, before: datetime) -> None:
        """Note the use of a key, unless a use since `before` is noted already."""
        cls.update(last_used_at=now).where(
            cls.id == key_id, cls.last_used_at.is_null() | (cls.last_used_at < before)
        ).execute()

    @classmethod
    def revoke(cls, key_id: str, now: datetime) -> bool:
        """True when this call revoked it, False when it was unknown or revoked before."""
        changed = cls.update(revoked_at=now).where(cls.id == key_id, cls.revoked_at.is_null())
        return bool(changed.execute())


_USABLE = Prepared(
    lambda: (
        ApiKey.select(ApiKey, Organization)
        .join(Organization)
        .where(
            ApiKey.id == Given("id"),
            ApiKey.revoked_at.is_null(),
            ApiKey.expires_at.is_null() | (ApiKey.expires_at > Given("now")),
        )
    )
)
