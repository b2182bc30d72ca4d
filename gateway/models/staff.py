"""People who sign in to the pages, their sessions, and how often somebody tried in vain."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, IntegerField, JSONField

from gateway.models.base import Row, UTCField, atomic, id_field, lock
from gateway.models.organization import Organization


class Staff(Row):
    """One person. Without an organization they may choose any; who is disabled can't sign in."""

    id = id_field("st")
    email = CharField(max_length=254, unique=True)  # lower case
    name = CharField(max_length=100)
    role = CharField(max_length=10)
    organization = ForeignKeyField(Organization, null=True, index=False)
    organization_id: str | None
    password = CharField(max_length=200)  # scrypt, in werkzeug's notation
    created_at = UTCField()
    disabled_at = UTCField(null=True)

    @classmethod
    def add(cls, values: Mapping[str, Any]) -> "Staff | None":
        """A new row; None when the e-mail address is taken."""
        made = cls.insert(**values).on_conflict_ignore().returning(cls)
        return next(iter(made.execute()), None)

    @classmethod
    def by_email(cls, email: str) -> "Staff | None":
        """The person with this address, in lower case."""
        row: Staff | None = cls.get_or_none(cls.email == email)
        return row

    @classmethod
    def listed(cls) -> "list[Staff]":
        """Everybody, with their organizations, by e-mail address."""
        found = cls.select(cls, Organization).left_outer_join(Organization)
        return list(found.order_by(cls.email))

    @classmethod
    def change(cls, staff_id: str, values: Mapping[str, Any]) -> None:
        """Write these columns."""
        cls.update(**values).where(cls.id == staff_id).execute()


class StaffSession(Row):
    """Somebody who is signed in. The cookie holds a random token, the row its SHA-256."""

    id = CharField(max_length=64, primary_key=True)
    staff = ForeignKeyField(Staff)
    staff_id: str
    organization = ForeignKeyField(Organization, null=True, index=False)
    organization_id: str | None
    mode = CharField(max_length=4)
    csrf = CharField(max_length=64)
    notice = CharField(max_length=300, null=True)  # what the next page tells, once
    searches = JSONField(default=dict)  # terms that no address may have: models/search_terms.py
    created_at = UTCField()
    seen_at = UTCField()
    ends_at = UTCField()

    @classmethod
    def living(cls, session_id: str, now: datetime, seen_since: datetime) -> "StaffSession | None":
        """The session with its person and organization, unless it ended, was not used since, or
        its person is disabled."""
        found = (
            cls.select(cls, Staff, Organization)
            .join(Staff)
            .switch(cls)
            .left_outer_join(Organization, on=(cls.organization == Organization.id))
            .where(
                cls.id == session_id,
                cls.ends_at > now,
                cls.seen_at > seen_since,
                Staff.disabled_at.is_null(),
            )
        )
        return next(iter(found), None)

    @classmethod
    def of(cls, staff_id: str, now: datetime, seen_since: datetime) -> "list[StaffSession]":
        """A person's living sessions, newest first."""
        mine = (cls.staff == staff_id, cls.ends_at > now, cls.seen_at > seen_since)
        return list(cls.select().where(*mine).order_by(cls.created_at.desc()))

    @classmethod
    def change(cls, session_id: str, **values: Any) -> None:
        """Write these columns."""
        cls.update(**values).where(cls.id == session_id).execute()

    @classmethod
    def take_notice(cls, session_id: str) -> str | None:
        """What the next page is to tell, at most once."""
        with atomic():
            row = lock(cls.select(cls.notice).where(cls.id == session_id)).first()
            if row is None or row.notice is None:
                return None
            cls.change(session_id, notice=None)
        return str(row.notice)

    @classmethod
    def end(cls, session_id: str) -> None:
        """End one."""
        cls.delete().where(cls.id == session_id).execute()

    @classmethod
    def end_all(cls, staff_id: str) -> int:
        """End all of a person; returns how many."""
        return int(cls.delete().where(cls.staff == staff_id).execute())

    @classmethod
    def forget(cls, now: datetime) -> None:
        """Delete those whose time is over."""
        cls.delete().where(cls.ends_at <= now).execute()


class StaffThrottle(Row):
    """How often somebody tried in vain to sign in, by a keyed hash of what they are counted by: an
    account, known or not, or a client's address."""

    id = CharField(max_length=64, primary_key=True)
    failures = IntegerField()
    at = UTCField(index=True)
    blocked_until = UTCField(null=True)

    @classmethod
    def held(cls, key: str, now: datetime) -> "StaffThrottle":
        """The row of a key, locked until the transaction ends; made when there is none."""
        fresh = cls.insert(id=key, failures=0, at=now, blocked_until=None)
        fresh.on_conflict_ignore().execute()
        row: StaffThrottle = lock(cls.select().where(cls.id == key)).get()
        return row

    @classmethod
    def put(cls, key: str, failures: int, now: datetime, blocked_until: datetime | None) -> None:
        """Write a count."""
        values = {"failures": failures, "at": now, "blocked_until": blocked_until}
        cls.update(**values).where(cls.id == key).execute()

    @classmethod
    def clear(cls, key: str) -> None:
        """Forget a count."""
        cls.delete().where(cls.id == key).execute()

    @classmethod
    def forget(cls, before: datetime) -> None:
        """Delete counts that were not touched since."""
        cls.delete().where(cls.at < before).execute()
