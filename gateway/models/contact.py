"""People who are reached: customers and staff. Their addresses stand here once."""

from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField

from gateway.models.base import Row, UTCField, dialect, id_field
from gateway.models.organization import Organization
from gateway.models.prepared import Prepared, adding, same


class Contact(Row):
    """A person of one organization. `phone_hash` is keyed, and is what other rows look up by."""

    id = id_field("ct")
    organization = ForeignKeyField(Organization, index=False, backref="contacts")
    organization_id: str
    mode = CharField(max_length=4)
    role = CharField(max_length=10, default="contact")  # contact | staff
    external_id = CharField(max_length=200, null=True)
    name = CharField(max_length=200, null=True)
    phone = CharField(max_length=20, null=True)
    phone_hash = CharField(max_length=64, null=True, index=True)
    email = CharField(max_length=320, null=True)
    email_hash = CharField(max_length=64, null=True, index=True)
    locale = CharField(max_length=35, default="en")
    time_zone = CharField(max_length=64, null=True)
    created_at = UTCField()
    updated_at = UTCField()
    erased_at = UTCField(null=True)  # nothing personal is left in it since then

    class Meta:
        indexes = ((("organization", "mode", "role", "external_id"), True),)

    @classmethod
    def keep(
        cls,
        organization_id: str,
        mode: str,
        role: str,
        now: datetime,
        **known: Any,
    ) -> "Contact":
        """The row of this person: one with the same external id is brought up to date, otherwise
        one with the very same details is taken again, otherwise one is made."""
        row = cls.met(organization_id, mode, role, known)
        if row is None:
            made = cls.unknown(organization_id, mode, role, now, **known)
            values = dict(made.__data__)
            if adding(cls, tuple(values)).run(**values):
                return made
            row = cls.met(organization_id, mode, role, known)
            assert row is not None, "the external id is taken by a row that is there"
        row.bring_up(now, known)
        return row

    def bring_up(self, now: datetime, known: dict[str, Any]) -> None:
        """Bring up to date what is told of this person; nothing is written where all is so."""
        changed = {name: value for name, value in known.items() if getattr(self, name) != value}
        if changed:
            table = type(self)
            table.update(updated_at=now, **changed).where(table.id == self.id).execute()
            for name, value in changed.items():
                setattr(self, name, value)

    @classmethod
    def unknown(
        cls, organization_id: str, mode: str, role: str, now: datetime, **known: Any
    ) -> "Contact":
        """The row of somebody who was never heard of, yet to be written."""
        whose = {"organization": organization_id, "mode": mode, "role": role}
        return cls.made({**whose, "created_at": now, "updated_at": now, **known})

    @classmethod
    def met(
        cls, organization_id: str, mode: str, role: str, known: dict[str, Any]
    ) -> "Contact | None":
        """The row that is known, which nobody erases before this transaction ends; whoever erases
        it now is waited for, and it is not known any more then."""
        whose = {"organization": organization_id, "mode": mode, "role": role}
        if known.get("external_id") is not None:
            found = _KNOWN.rows(**whose, external_id=known["external_id"])
            return next(iter(found), None)
        alike: dict[str, Any] = dict.fromkeys(("external_id", "name", "phone", "email"))
        alike |= {"time_zone": None, "locale": "en", **known, **whose}
        conditions = [cls.erased_at.is_null()]
        for name, value in alike.items():
            column = getattr(cls, name)
            conditions.append(column.is_null() if value is None else column == value)
        return next(iter(_kept(cls.select().where(*conditions).limit(1))), None)

    @classmethod
    def change(cls, contact_id: str, now: datetime, **values: Any) -> bool:
        """Write columns of a person who is not erased (by now); whether that was so."""
        changed = cls.update(updated_at=now, **values)
        return bool(changed.where(cls.id == contact_id, cls.erased_at.is_null()).execute())

    @classmethod
    def at_address(cls, organization_id: str, mode: str, hashed: str) -> list[str]:
        """The ids of all that are reached at an address, by its keyed hash."""
        theirs = (cls.phone_hash == hashed) | (cls.email_hash == hashed)
        mine = (cls.organization == organization_id, cls.mode == mode)
        return [row.id for row in cls.select(cls.id).where(theirs, *mine)]


def _kept(query: Any) -> Any:
    """The query with its rows kept from being erased; on SQLite all is locked anyway."""
    return query if dialect() == "sqlite" else query.for_update("FOR KEY SHARE")


def _known() -> Any:
    names = ("organization", "mode", "role", "external_id")
    still = Contact.erased_at.is_null()
    return _kept(Contact.select().where(*same(Contact, names), still).limit(1))


_KNOWN = Prepared(_known)
