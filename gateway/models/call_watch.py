"""Watching over calls that are not over: when the provider is asked about one, and when it is asked
to end one."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from peewee import CharField, IntegerField

from gateway.domain.lifecycle import CallState, is_final
from gateway.models.base import Row, UTCField, id_field, lock

OVER = tuple(state for state in CallState if is_final(state))


class WatchedCall(Row):
    """The columns of a call that its watch needs. `lookup_at` is set while the provider is to be
    asked about it, `end_at` while it is to be ended: also on a call that has no id yet, which is
    ended as soon as it has one."""

    id = id_field("cl")
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    external_id = CharField(max_length=200, null=True)
    state = CharField(max_length=12)
    lookup_at = UTCField(null=True)
    lookups = IntegerField(default=0)
    end_at = UTCField(null=True)
    ends = IntegerField(default=0)  # how often the provider was asked to end it

    @classmethod
    def watched(cls, call_id: str, look_up: int) -> Self | None:
        """A call whose nth look-up (from 1) this is; None when that was done or it is over."""
        found: Self | None = cls.get_or_none(
            cls.id == call_id, cls.lookups == look_up - 1, cls.lookup_at.is_null(False)
        )
        return found

    @classmethod
    def owner(cls, provider: str, account: str, external_id: str) -> Self | None:
        """The call that has this id at the provider."""
        found: Self | None = cls.get_or_none(
            cls.provider == provider, cls.account == account, cls.external_id == external_id
        )
        return found

    @classmethod
    def look_up_again(cls, row: Self, at: datetime, lookups: int) -> None:
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
    def stop(
        cls, ids: Sequence[str], now: datetime, states: Iterable[CallState] | None = None
    ) -> list[Self]:
        """Have these calls ended, as far as they are not over (and in one of `states`, if given);
        returns those of which that is news. Call it in the transaction in which it becomes clear
        that they must not go on, and before their notifications are written to."""
        if not ids:
            return []
        wanted = [state for state in states or CallState if state not in OVER]
        mine = lock(cls.select(cls.id).where(cls.id.in_(list(ids))).order_by(cls.id))
        to_end = cls.update(end_at=now).where(
            cls.id.in_([row.id for row in mine]), cls.state.in_(wanted), cls.end_at.is_null()
        )
        return list(to_end.returning(cls).execute())

    @classmethod
    def to_end(cls, call_id: str) -> Self | None:
        """A call that is to be ended and that the provider knows by its id."""
        found: Self | None = cls.get_or_none(
            cls.id == call_id, cls.end_at.is_null(False), cls.external_id.is_null(False)
        )
        return found

    @classmethod
    def end_again(cls, row: Self, at: datetime | None, look: datetime | None = None) -> None:
        """The provider was asked to end it: it is asked again then, unless it is over by then, or
        never. `look` brings its next look-up forward."""
        asked = cls.update(end_at=at, ends=cls.ends + 1)
        asked.where(cls.id == row.id, cls.end_at.is_null(False)).execute()
        if look is not None:
            sooner = cls.update(lookup_at=look).where(cls.id == row.id, cls.lookup_at > look)
            sooner.execute()

    @classmethod
    def claim_endings(cls, now: datetime, limit: int, pause: timedelta) -> list[str]:
        """Ids of calls that the provider is due to be asked to end, put off by `pause` so that they
        are not handed out again at once."""
        due = (
            cls.select(cls.id)
            .where(cls.end_at <= now, cls.external_id.is_null(False))
            .order_by(cls.end_at)
            .limit(limit)
        )
        put_off = cls.update(end_at=now + pause).where(cls.id.in_(lock(due, skip_locked=True)))
        return [row.id for row in put_off.returning(cls.id).execute()]
