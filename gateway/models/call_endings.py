"""Calls that must not go on: when the provider is asked to end one."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Self

from peewee import IntegerField

from gateway.domain.lifecycle import CallState, is_final
from gateway.models.attempt import Attempt
from gateway.models.base import UTCField, lock, take_due

OVER = tuple(state for state in CallState if is_final(state))


class EndableCall(Attempt):
    """`end_at` is set while a call is to be ended: also on one that has no id yet, which is ended
    as soon as it has one."""

    end_at = UTCField(null=True)
    ends = IntegerField(default=0)  # how often the provider was asked to end it

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

    def end_again(self, at: datetime | None, look: datetime | None = None) -> None:
        """The provider was asked to end it: it is asked again then, unless it is over by then, or
        never. `look` brings its next look-up forward."""
        table = type(self)
        asked = table.update(end_at=at, ends=table.ends + 1)
        asked.where(table.id == self.id, table.end_at.is_null(False)).execute()
        if look is not None:
            sooner = table.update(lookup_at=look)
            sooner.where(table.id == self.id, table.lookup_at > look).execute()

    @classmethod
    def claim_endings(cls, now: datetime, limit: int, pause: timedelta) -> list[str]:
        """Ids of calls that the provider is due to be asked to end, put off by `pause` so that they
        are not handed out again at once."""
        named = cls.external_id.is_null(False)
        return [row.id for row in take_due(cls.end_at, now, limit, pause, named)]
