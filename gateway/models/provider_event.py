"""The inbox: every authentic provider event, stored once before it is acknowledged."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

from peewee import SQL, CharField, ForeignKeyField, IntegerField, Select, TextField, fn

from gateway.domain.callback import EventKind
from gateway.models.attempt import Attempt
from gateway.models.base import (
    Row,
    UTCField,
    WordField,
    atomic,
    dialect,
    id_field,
    lock,
    take_due,
)
from gateway.models.call_log import CallLog
from gateway.models.message_log import MessageLog
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared, adding

UNREADABLE = "unreadable"  # the kind of those that their provider's code could not read


class ProviderEvent(Row):
    """One event. `state` is received, applied, parked (kept for a later try) or dead;
    `next_attempt_at` is set while it still waits to be applied."""

    id = id_field("ev")
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    kind = CharField(max_length=20)
    dedup_key = CharField(max_length=400)
    digest = CharField(max_length=64, index=True)
    external_id = CharField(max_length=200, null=True)
    attempt_hint = CharField(max_length=40, null=True)
    organization = ForeignKeyField(Organization, index=False, null=True)
    organization_id: str | None
    call = ForeignKeyField(CallLog, backref="events", null=True)
    call_id: str | None
    message = ForeignKeyField(MessageLog, backref="+", null=True)
    message_id: str | None
    source = CharField(max_length=10, default="webhook")  # webhook | lookup
    secret = CharField(max_length=10, default="current")
    path = CharField(max_length=200)
    query = TextField(default="")
    content_type = CharField(max_length=100, default="")
    body = TextField(null=True)
    status = WordField(max_length=64, null=True)  # the provider's word, for the timeline
    sequence = IntegerField(null=True)
    occurred_at = UTCField(null=True)
    received_at = UTCField()
    state = CharField(max_length=10, default="received")
    reason = WordField(max_length=200, null=True)
    tries = IntegerField(default=0)
    next_attempt_at = UTCField(null=True)
    applied_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("provider", "account", "dedup_key"), True),
            (("organization", "state"), False),
        )

    @classmethod
    def keep(cls, **values: object) -> str | None:
        """Store an event; its id, or None when the same event is there already."""
        row = cls(**values)
        told = dict(row.__data__)
        return str(row.id) if adding(cls, tuple(told)).run(**told) else None

    @classmethod
    def keep_unseen(cls, **values: object) -> str | None:
        """The same, and None as well when anything readable of the same signed content is there:
        one statement, that is durable when this returns."""
        row = cls(**values)
        told = dict(row.__data__)
        with at_once():
            kept = _keeping(tuple(told)).run(**told)
        return str(row.id) if kept else None

    @classmethod
    def by_digest(cls, provider: str, digest: str) -> list["ProviderEvent"]:
        """Events of the same signed content."""
        same = cls.select(cls.id, cls.kind).where(cls.digest == digest, cls.provider == provider)
        return list(same)

    @classmethod
    def settle(cls, row: "ProviderEvent", about: Attempt, now: datetime) -> None:
        """The event did its work; it belongs to this call or message. Of one about a person who
        was erased only its key is kept."""
        bare = {} if about.erased_at is None else {"body": None, "query": ""}
        cls.update(
            state="applied", reason=None, next_attempt_at=None, applied_at=now,
            organization=about.organization_id, **{about.OBJECT: about.id}, **bare,
        ).where(cls.id == row.id).execute()  # fmt: skip

    @classmethod
    def noted(cls, row: "ProviderEvent", now: datetime) -> None:
        """The event asks for nothing."""
        done = cls.update(state="applied", reason=None, next_attempt_at=None, applied_at=now)
        done.where(cls.id == row.id).execute()

    @classmethod
    def park(
        cls,
        row: "ProviderEvent",
        reason: str,
        tries: int,
        until: datetime | None,
        state: str | None = None,
    ) -> None:
        """Keep an event for a later try, or as dead when there is none, or in the given state."""
        now_is = state or ("dead" if until is None else "parked")
        cls.update(state=now_is, reason=reason, tries=tries, next_attempt_at=until).where(
            cls.id == row.id
        ).execute()

    @classmethod
    def reread(cls, row: "ProviderEvent", **columns: object) -> bool:
        """Write down what an event says that could not be read at first. False when the same news
        was stored from another delivery."""
        known = cls.select(cls.id).where(
            cls.provider == row.provider,
            cls.account == columns["account"],
            cls.dedup_key == columns["dedup_key"],
        )
        if known.exists():
            return False
        cls.update(**columns).where(cls.id == row.id).execute()
        for name, value in columns.items():
            setattr(row, name, value)
        return True

    @classmethod
    def requeue(cls, event_id: str, now: datetime) -> bool:
        """Let a parked or dead event wait to be applied again, from the first try on; False when it
        is neither."""
        again = cls.update(state="received", reason=None, tries=0, next_attempt_at=now)
        again = again.where(cls.id == event_id, cls.state.in_(["parked", "dead"]))
        return bool(again.execute())

    @classmethod
    def locked(cls, event_id: str) -> "ProviderEvent | None":
        """An event that waits to be applied, locked; None when it does not wait (any more)."""
        query = cls.select().where(cls.id == event_id, cls.next_attempt_at.is_null(False))
        return next(iter(lock(query, skip_locked=True)), None)

    @classmethod
    def claim_waiting(cls, now: datetime, limit: int, pause: timedelta) -> list[str]:
        """Ids of events that wait and are due, put off by `pause` so that they are not handed out
        again at once."""
        return [row.id for row in take_due(cls.next_attempt_at, now, limit, pause)]

    @classmethod
    def timeline(cls, ids: list[str]) -> list["ProviderEvent"]:
        """What was heard about these calls or messages, in the order in which it happened."""
        if not ids:
            return []
        about = cls.message if ids[0].startswith("ml_") else cls.call
        statuses = (EventKind.CALL_STATUS, EventKind.MESSAGE_STATUS)
        return list(
            cls.select()
            .where(about.in_(ids), cls.kind.in_(statuses), cls.state == "applied")
            .order_by(fn.COALESCE(cls.occurred_at, cls.received_at), cls.sequence, cls.received_at)
        )


@contextmanager
def at_once() -> Iterator[None]:
    """Around one statement: on PostgreSQL it is a transaction of its own, and on SQLite it waits
    for its turn."""
    if dialect() == "postgresql":
        yield
        return
    with atomic():
        yield


@cache
def _keeping(names: tuple[str, ...]) -> Prepared:
    fields = [ProviderEvent._meta.fields[name] for name in names]
    same = ProviderEvent.select(SQL("1")).where(
        ProviderEvent.digest == Given("digest"),
        ProviderEvent.provider == Given("provider"),
        ProviderEvent.kind != UNREADABLE,
    )
    row = Select(columns=[Given(field.name, field) for field in fields])
    new = row.where(~fn.EXISTS(same))
    return Prepared(lambda: ProviderEvent.insert_from(new, fields).on_conflict_ignore())
