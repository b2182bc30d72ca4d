"""What a call and a message have in common: one row for each attempt, committed before the provider
is asked."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Self

from peewee import SQL, CharField, ForeignKeyField, IntegerField, TextField, fn

from gateway.domain.lifecycle import AttemptState, is_final, sources
from gateway.domain.outcomes import Failure, Reason
from gateway.models import gathering
from gateway.models.base import UTCField, WordField, locking, whole
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry, entry
from gateway.models.look_ups import Watched
from gateway.models.notification import Notification
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared, adding, changing, equal, same


class Attempt(Watched):
    """One attempt. While it is not known whether the provider has it, `open_key` is (provider,
    account, from, to): the unique index on it allows one such attempt at a time, so that a look-up
    can't confuse two."""

    OBJECT: ClassVar[str]  # what the feed calls it
    STATES: ClassVar[type[StrEnum]]
    MOVES: ClassVar[dict[Any, frozenset[Any]]]
    BEGUN: ClassVar[AttemptState]  # written, and perhaps not asked for yet
    UNKNOWN: ClassVar[AttemptState]
    TAKEN: ClassVar[AttemptState]  # the provider has it
    FAILED: ClassVar[AttemptState]
    just_taken = False  # by the last move of this object: a carrier has it since then

    organization = ForeignKeyField(Organization, index=False, backref="+")
    organization_id: str
    mode = CharField(max_length=4)
    notification = ForeignKeyField(Notification, index=False, null=True, backref="+")
    notification_id: str | None
    booking = ForeignKeyField(Booking, null=True, backref="+")
    booking_id: str | None
    step = IntegerField(default=0)
    attempt = IntegerField(default=1)
    open_key = CharField(max_length=400, null=True, unique=True)
    direction = CharField(max_length=10, default="outbound")
    from_address = CharField(max_length=320)
    to_address = CharField(max_length=320)
    to_hash = CharField(max_length=64)
    text = TextField(null=True)
    template = CharField(max_length=120, null=True)
    template_version = IntegerField(null=True)
    provider_status = WordField(max_length=64, null=True)
    failure_class = CharField(max_length=10, null=True)
    reason = CharField(max_length=40, null=True)
    provider_code = WordField(max_length=64, null=True)
    created_at = UTCField()
    ended_at = UTCField(null=True)
    erased_at = UTCField(null=True)  # nothing personal is left in it since then, nor comes anew

    @property
    def standing(self) -> Any:
        """Its state, as a member of its lifecycle."""
        return self.STATES(self.state)

    @property
    def open(self) -> bool:
        """Whether it is not known if the provider has it."""
        return self.state in (self.BEGUN, self.UNKNOWN)

    @classmethod
    def locked(cls, **where: Any) -> Self | None:
        """One attempt by equal columns, locked until the transaction ends."""
        return next(iter(locking(cls, tuple(where)).rows(**where)), None)

    @classmethod
    def write(cls, **values: Any) -> Self | None:
        """Write an attempt before the provider is asked; None while another attempt on the same
        line (provider, account, from, to) is open."""
        row: Self = cls(**values)
        told = dict(row.__data__)
        if not adding(cls, tuple(told)).run(**told):
            return None
        row.tell(values["created_at"])
        return row

    @classmethod
    def on_line(cls, open_key: str) -> Self | None:
        """The open attempt on a line."""
        return next(iter(equal(cls, ("open_key",)).rows(open_key=open_key)), None)

    def name(self, external_id: str) -> bool:
        """Give it the provider's id. False when it has another one, or another attempt has it."""
        if self.external_id is not None:
            return bool(self.external_id == external_id)
        if not _naming(type(self)).run(
            of=self.id, provider=self.provider, account=self.account, external_id=external_id
        ):
            return False
        self.external_id = external_id
        return True

    def may_be_named(self, external_id: str) -> bool:
        """Whether it can be given this name: it has none yet, and no other attempt has this one."""
        if self.external_id is not None:
            return False
        known = {"provider": self.provider, "account": self.account, "external_id": external_id}
        return not _named(type(self)).rows(**known)

    def close_line(self) -> None:
        """The provider knows it: its line is free for another one."""
        table = type(self)
        done = table.update(open_key=None)
        done.where(table.id == self.id, table.external_id.is_null(False)).execute()

    def _write(self, *where: Any, **values: Any) -> bool:
        """Write columns of this row, and bring it up to date, if it fulfils the conditions."""
        table = type(self)
        if where:
            done = table.update(**values).where(table.id == self.id, *where).execute()
        else:
            done = changing(table, tuple(values), None).run(of=self.id, **values)
        if not done:
            return False
        for column, value in values.items():
            setattr(self, column, value)
        return True

    @classmethod
    def of(cls, organization_id: str, mode: str, attempt_id: str) -> Self | None:
        """One of this organization and mode."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        found: Self | None = cls.get_or_none(cls.id == attempt_id, *mine)
        return found

    def move(
        self,
        to: AttemptState,
        now: datetime,
        *,
        from_: Iterable[AttemptState] | None = None,
        **changes: Any,
    ) -> bool:
        """One legal move of the lifecycle as one conditional UPDATE with its feed entry; False
        when it was in no state from which it may be made. The row is brought up to date."""
        table = type(self)
        legal = sources(table.MOVES, to)
        before = legal if from_ is None else legal & frozenset(from_)
        known = {} if to in (table.BEGUN, table.UNKNOWN) else table.known_defaults()
        over = table.over_defaults() if is_final(to) else {}
        corrected = is_final(self.standing) and self.state != to
        with whole():
            values = {"state": to, **known, **over, **changes}
            untaken = self.open
            moved = gathering.change(self, before, values)
            if moved is None:
                change = changing(table, tuple(values), frozenset(before))
                moved = bool(change.run(of=self.id, **values))
            if not moved:
                return False
            for column, value in values.items():
                setattr(self, column, value)
            self.just_taken = untaken and not self.open and self.state != table.FAILED
            self.tell(now, f"{table.OBJECT}.corrected" if corrected else None)
        return True

    @classmethod
    def known_defaults(cls) -> dict[str, Any]:
        """The columns of an attempt of which it is known whether the provider has it."""
        return {"open_key": None, "lookup_at": None, "lookups": 0}

    @classmethod
    def over_defaults(cls) -> dict[str, Any]:
        """The columns of an attempt that is over."""
        return {}

    def confirm(self, now: datetime, **facts: Any) -> None:
        """The carrier says itself that it ended as we had concluded; its facts replace ours."""
        with whole():
            self._write(**facts)
            self.tell(now, f"{self.OBJECT}.corrected")

    def explain(self, failure: Failure) -> None:
        """Why a failed one failed, in the carrier's code, where that was not known yet."""
        self._write(
            type(self).provider_code.is_null(),
            failure_class=failure.failure_class,
            reason=failure.reason,
            provider_code=failure.provider_code,
        )

    @property
    def guessed(self) -> bool:
        """Whether it failed by our own verdict, without the carrier ever saying so."""
        return self.state == self.FAILED and (
            self.provider_status is None or self.reason == Reason.NOT_CONFIRMED
        )

    def tell(self, now: datetime, type_: str | None = None) -> None:
        """Append its present state to the feed."""
        reason = str(self.reason) if self.reason else None
        said = entry(
            self.organization_id, self.mode, now, self.OBJECT, self.id, str(self.state), reason,
            type_,
        )  # fmt: skip
        FeedEntry.append([said])

    def fill(self, **facts: Any) -> None:
        """Write facts into columns that are still empty; nothing known is ever blanked."""
        table = type(self)
        wanted = {k: v for k, v in facts.items() if v is not None and getattr(self, k) is None}
        if wanted:
            kept = {name: fn.COALESCE(getattr(table, name), v) for name, v in wanted.items()}
            table.update(**kept).where(table.id == self.id).execute()
            for name, value in wanted.items():
                setattr(self, name, value)

    def taken_since(self) -> bool:
        """Whether the same account took any attempt that was begun after this one."""
        table = type(self)
        account = (table.provider == self.provider, table.account == self.account)
        taken = table.select(table.id).where(*account, table.external_id.is_null(False))
        return bool(taken.where(table.created_at > self.created_at).exists())

    @classmethod
    def of_notifications(cls, ids: list[str]) -> list[Self]:
        """All attempts of these notifications in this table, oldest first."""
        if not ids:
            return []
        found = cls.select().where(cls.notification.in_(ids))
        return list(found.order_by(cls.step, cls.attempt))


@cache
def _naming(table: type[Attempt]) -> Prepared:
    """Writing the provider's id, unless another attempt has it."""
    other, name = table.alias(), Given("external_id", table.external_id)
    known = other.select(SQL("1")).where(*same(other, ("provider", "account", "external_id")))
    named = table.update(external_id=name)
    return Prepared(lambda: named.where(table.id == Given("of"), ~fn.EXISTS(known)))


@cache
def _named(table: type[Attempt]) -> Prepared:
    """The attempt that has a provider's id."""
    names = ("provider", "account", "external_id")
    return Prepared(lambda: table.select(table.id).where(*same(table, names)).tuples())
