"""Calls: one row for each attempt, committed before the provider is asked."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, IntegerField, fn

from gateway.domain.lifecycle import (
    CALL_MOVES,
    RECORDING_RANK,
    CallState,
    is_final,
    sources,
)
from gateway.domain.outcomes import Failure, Reason
from gateway.models.base import UTCField, WordField, atomic, lock
from gateway.models.booking import Booking
from gateway.models.call_watch import WatchedCall
from gateway.models.feed import FeedEntry, entry
from gateway.models.notification import Notification
from gateway.models.organization import Organization

OPEN = (CallState.PLACING, CallState.UNKNOWN)


class CallLog(WatchedCall):
    """One call. While it is placing or unknown, `open_key` is (provider, account, from, to): the
    unique index on it allows one such call at a time, so that a look-up can't confuse two."""

    organization = ForeignKeyField(Organization, index=False, backref="calls")
    organization_id: str
    mode = CharField(max_length=4)
    notification = ForeignKeyField(Notification, index=False, backref="calls", null=True)
    notification_id: str | None
    booking = ForeignKeyField(Booking, backref="calls", null=True)
    booking_id: str | None
    step = IntegerField(default=0)
    attempt = IntegerField(default=1)
    open_key = CharField(max_length=200, null=True, unique=True)
    direction = CharField(max_length=10, default="outbound")
    from_address = CharField(max_length=320)
    to_address = CharField(max_length=320)
    to_hash = CharField(max_length=64, index=True)
    provider_status = WordField(max_length=64, null=True)
    sequence = IntegerField(null=True)
    answered_by = CharField(max_length=10, null=True)
    duration_seconds = IntegerField(null=True)
    recording_id = WordField(max_length=200, null=True)
    recording_status = WordField(max_length=64, null=True)
    failure_class = CharField(max_length=10, null=True)
    reason = CharField(max_length=40, null=True)
    provider_code = WordField(max_length=64, null=True)
    created_at = UTCField()
    started_at = UTCField(null=True)
    ended_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("provider", "account", "external_id"), True),
            (("notification", "step", "attempt"), True),
            (("organization", "mode", "created_at", "id"), False),
        )

    @classmethod
    def locked(cls, **where: Any) -> "CallLog | None":
        """One call by equal columns, locked until the transaction ends."""
        query = cls.select().where(*[getattr(cls, name) == value for name, value in where.items()])
        return next(iter(lock(query)), None)

    @classmethod
    def open(cls, **values: Any) -> "CallLog | None":
        """Write an attempt before the provider is asked; None while another attempt on the same
        line (provider, account, from, to) is open."""
        made = cls.insert(**values).on_conflict_ignore().returning(cls).execute()
        row = next(iter(made), None)
        if row is not None:
            row.tell(values["created_at"])
        return row

    @classmethod
    def on_line(cls, open_key: str) -> "CallLog | None":
        """The open attempt on a line."""
        return cls.get_or_none(cls.open_key == open_key)

    @classmethod
    def latest(cls, notification_id: str) -> "CallLog | None":
        """The newest attempt of a notification."""
        mine = cls.select().where(cls.notification == notification_id)
        return next(iter(mine.order_by(cls.step.desc(), cls.attempt.desc()).limit(1)), None)

    @classmethod
    def any_open(cls, notification_id: str) -> bool:
        """Whether an attempt of this notification is not over yet."""
        mine = cls.select().where(cls.notification == notification_id)
        return any(not is_final(CallState(row.state)) for row in mine)

    @classmethod
    def latest_locked(cls, notification_id: str) -> "CallLog | None":
        """The newest attempt of a notification, locked until the transaction ends."""
        newest = cls.latest(notification_id)
        return cls.locked(id=newest.id) if newest else None

    @classmethod
    def name(cls, row: "CallLog", external_id: str) -> bool:
        """Give a call the provider's id. False when it has another one, or another call has it."""
        if row.external_id is not None:
            return row.external_id == external_id
        owner = cls.owner(row.provider, row.account, external_id)
        if owner is not None:
            return bool(owner.id == row.id)
        cls.update(external_id=external_id).where(cls.id == row.id).execute()
        row.external_id = external_id
        return True

    @classmethod
    def close_line(cls, row: "CallLog") -> None:
        """The attempt is known to the provider: its line is free for another one."""
        done = cls.update(open_key=None)
        done.where(cls.id == row.id, cls.external_id.is_null(False)).execute()

    @classmethod
    def of(cls, organization_id: str, mode: str, call_id: str) -> "CallLog | None":
        """One call of this organization and mode."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        return cls.get_or_none(cls.id == call_id, *mine)

    @classmethod
    def move(
        cls,
        row: "CallLog",
        to: CallState,
        now: datetime,
        *,
        from_: Iterable[CallState] | None = None,
        **changes: Any,
    ) -> bool:
        """One legal move of the lifecycle as one conditional UPDATE with its feed entry; False
        when the call was in no state from which it may be made. `row` is brought up to date."""
        legal = sources(CALL_MOVES, to)
        before = legal if from_ is None else legal & frozenset(from_)
        known = {} if to in OPEN else {"open_key": None, "lookup_at": None, "lookups": 0}
        over = {"end_at": None} if is_final(to) else {}
        values = {"state": to, **known, **over, **changes}
        corrected = is_final(CallState(row.state)) and row.state != to
        with atomic():
            if not cls.update(**values).where(cls.id == row.id, cls.state.in_(before)).execute():
                return False
            for name, value in values.items():
                setattr(row, name, value)
            row.tell(now, "call.corrected" if corrected else None)
        return True

    @classmethod
    def confirm(cls, row: "CallLog", now: datetime, **facts: Any) -> None:
        """The carrier says itself that a call ended as we had concluded; its facts replace ours."""
        with atomic():
            cls.update(**facts).where(cls.id == row.id).execute()
            for name, value in facts.items():
                setattr(row, name, value)
            row.tell(now, "call.corrected")

    @classmethod
    def explain(cls, row: "CallLog", failure: Failure) -> None:
        """Why a failed call failed, in the carrier's code, where that was not known yet."""
        facts = {
            "failure_class": failure.failure_class,
            "reason": failure.reason,
            "provider_code": failure.provider_code,
        }
        told = cls.update(**facts).where(cls.id == row.id, cls.provider_code.is_null())
        if told.execute():
            for name, value in facts.items():
                setattr(row, name, value)

    @property
    def guessed(self) -> bool:
        """Whether it failed by our own verdict, without the carrier ever saying so."""
        return self.state == CallState.FAILED and (
            self.provider_status is None or self.reason == Reason.NOT_CONFIRMED
        )

    def tell(self, now: datetime, type_: str | None = None) -> None:
        """Append the call's present state to the feed."""
        said = entry(
            self.organization_id,
            self.mode,
            now,
            "call",
            self.id,
            str(self.state),
            str(self.reason) if self.reason else None,
            type_,
        )
        FeedEntry.append([said])

    @classmethod
    def fill(cls, row: "CallLog", **facts: Any) -> None:
        """Write facts into columns that are still empty; nothing known is ever blanked."""
        wanted = {k: v for k, v in facts.items() if v is not None and getattr(row, k) is None}
        if wanted:
            kept = {name: fn.COALESCE(getattr(cls, name), value) for name, value in wanted.items()}
            cls.update(**kept).where(cls.id == row.id).execute()
            for name, value in wanted.items():
                setattr(row, name, value)

    @classmethod
    def recorded(cls, row: "CallLog", recording_id: str | None, status: str | None) -> None:
        """Note the recording of a call and how far it is; that never goes back."""
        cls.fill(row, recording_id=recording_id)
        known, told = RECORDING_RANK.get(row.recording_status or "", -1), status or ""
        if RECORDING_RANK.get(told, -1) > known or row.recording_status is None:
            cls.update(recording_status=status).where(cls.id == row.id).execute()
            row.recording_status = status

    @classmethod
    def answered(cls, row: "CallLog", by: str | None) -> None:
        """Note who or what answered; `unknown` gives way to anything definite."""
        if by is not None and row.answered_by in (None, "unknown"):
            cls.update(answered_by=by).where(cls.id == row.id).execute()
            row.answered_by = by

    @classmethod
    def taken_since(cls, call: "CallLog") -> bool:
        """Whether the same account took any call that was begun after this one."""
        account = (cls.provider == call.provider, cls.account == call.account)
        taken = cls.select(cls.id).where(*account, cls.external_id.is_null(False))
        return taken.where(cls.created_at > call.created_at).exists()

    @classmethod
    def of_notifications(cls, ids: list[str]) -> list["CallLog"]:
        """All attempts of these notifications, oldest first."""
        if not ids:
            return []
        found = cls.select().where(cls.notification.in_(ids))
        return list(found.order_by(cls.step, cls.attempt))
