"""Watching over attempts that are not over: when the provider is asked about one."""

from datetime import datetime, timedelta
from typing import Self

from peewee import CharField, IntegerField

from gateway.models.base import Row, UTCField, id_field, take_due
from gateway.models.prepared import equal


class Watched(Row):
    """The columns of an attempt that its watch needs. `lookup_at` is set while the provider is to
    be asked about it."""

    id = id_field("at")
    provider = CharField(max_length=40)
    account = CharField(max_length=80)
    external_id = CharField(max_length=200, null=True)
    state = CharField(max_length=12)
    lookup_at = UTCField(null=True)
    lookups = IntegerField(default=0)

    @classmethod
    def watched(cls, attempt_id: str, look_up: int) -> Self | None:
        """An attempt whose nth look-up (from 1) this is; None when that was done or it is over."""
        found: Self | None = cls.get_or_none(
            cls.id == attempt_id, cls.lookups == look_up - 1, cls.lookup_at.is_null(False)
        )
        return found

    @classmethod
    def owner(cls, provider: str, account: str, external_id: str) -> Self | None:
        """The attempt that has this id at the provider."""
        theirs = equal(cls, ("provider", "account", "external_id"))
        known = {"provider": provider, "account": account, "external_id": external_id}
        return next(iter(theirs.rows(**known)), None)

    def look_up_again(self, at: datetime | None, lookups: int) -> None:
        """Put off the next look-up, or have no more (None); `lookups` counts those that told
        nothing."""
        table = type(self)
        again = table.update(lookup_at=at, lookups=lookups)
        again.where(
            table.id == self.id, table.lookups == self.lookups, table.lookup_at.is_null(False)
        ).execute()

    @classmethod
    def claim_look_ups(cls, now: datetime, limit: int, pause: timedelta) -> list[tuple[str, int]]:
        """Attempts that are due for a look-up at their provider, as (id, which look-up it is, from
        1), put off by `pause` so that they are not handed out again at once."""
        found = take_due(cls.lookup_at, now, limit, pause, also=(cls.lookups,))
        return [(row.id, row.lookups + 1) for row in found]
