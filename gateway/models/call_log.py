"""Calls: one row for each attempt, committed before the provider is asked."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import CharField, ForeignKeyField, IntegerField, fn

from gateway.domain.lifecycle import (
    CALL_MOVES,
    RECORDING_RANK,
    CallState,
    is_final,
    sources,
)
from gateway.domain.outcomes import Reason
from gateway.models.base import Row, UTCField, WordField, atomic, id_field, lock
from gateway.models.booking import Booking
from gateway.models.feed import FeedEntry, entry
from gateway.models.notification import Notification
from gateway.models.organization import Organization

OPEN = (CallState.PLACING, CallState.UNKNOWN)


class CallLog(Row):
    """One call. While it is placing or unknown, `open_key` is (provider, account, from, to): the
    unique index on it allows one such call at a time, so that a look-up can't confuse two."""

    id = id_field("cl")
    organization = ForeignKeyField(Organization, index=False, backref="calls")
    organization_id: str
    mode = CharField(max_length=4)
    notification = ForeignKeyField(Notification, index=False, backref="calls", null=True)
    notification_id: str | None
    booking = ForeignKeyField(Booking, backref="calls", null=True)
    booking_id: str | None
    step = IntegerField(default=0)
    attempt = IntegerField(default=1)
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    external_id = CharField(max_length=200, null=True)
    open_key = CharField(max_length=200, null=True, unique=True)
    direction = CharField(max_length=10, default="outbound")
    from_address = CharField(max_length=320)
    to_address = CharField(max_length=320)
    to_hash = CharField(max_length=64, index=True)
    state = CharField(max_length=12)
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
    lookup_at = UTCField(null=True)
    lookups = IntegerField(default=0)
    end_at = UTCField(null=True)  # when the provider is asked (again) to end it
    ends = IntegerField(default=0)

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
        values = {"state": to, **known, **changes}
        corrected = is_final(CallState(row.state)) and row.state != to
        with atomic():
            if not cls.update(**values).where(cls.id == row.id, cls.state.in_(before)).execute():
                return False
            for name, value in values.items():
                setattr(row, name, value)
            row.tell(now, "call.corrected" if corrected else None)
        return True

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
    def watched(cls, call_id: str, look_up: int) -> "CallLog | None":
        """A call whose nth look-up (from 1) this is; None when that was done or it is over."""
        return cls.get_or_none(
            cls.id == call_id, cls.lookups == look_up - 1, cls.lookup_at.is_null(False)
        )

    @classmethod
    def owner(cls, provider: str, account: str, external_id: str) -> "CallLog | None":
        """The call that has this id at the provider."""
        return cls.get_or_none(
            cls.provider == provider, cls.account == account, cls.external_id == external_id
        )

    @classmethod
    def look_up_again(cls, row: "CallLog", at: datetime, lookups: int) -> None:
        """Put off the next look-up of a call; `lookups` counts those that told nothing."""
        again = cls.update(lookup_at=at, lookups=lookups)
        again.where(
            cls.id == row.id, cls.lookups == row.lookups, cls.lookup_at.is_null(False)
        ).execute()

    @classmethod
    def claim_look_ups(cls, now: datetime, limit: int, pause: timedelta) -> list[tuple[str, int]]:
        """Calls that are due for a look-up at their provider, as (id, which look-up it is, from 1),
        put off by `pause` so that they are not handed out again at once."""
        due = cls.select(cls.id).where(cls.lookup_at <= now).order_by(cls.lookup_at).limit(limit)
        put_off = cls.update(lookup_at=now + pause)
        put_off = put_off.where(cls.id.in_(lock(due, skip_locked=True)))
        return [(row.id, row.lookups + 1) for row in put_off.returning(cls).execute()]

    @classmethod
    def of_notifications(cls, ids: list[str]) -> list["CallLog"]:
        """All attempts of these notifications, oldest first."""
        if not ids:
            return []
        found = cls.select().where(cls.notification.in_(ids))
        return list(found.order_by(cls.step, cls.attempt))
