"""The figures of each day of an organization, and how far the news about past days was read."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from peewee import BigIntegerField, CharField, ForeignKeyField, JSONField, fn

from gateway.models.base import Row, UTCField, in_turn
from gateway.models.listing import Position, page
from gateway.models.organization import ApiKey, Organization


def fixed_id(prefix: str, *whose: str) -> str:
    """An id that follows from what the row is about: made again, a row has the same."""
    return f"{prefix}_{hashlib.sha256('|'.join(whose).encode()).hexdigest()[:26]}"


class Snapshot(Row):
    """One day, local to the organization when it was first counted: from `starts_at` to before
    `ends_at`. Nothing in it tells when it was counted: counted again it is the same row, unless
    there was news about the day."""

    id = CharField(max_length=40, primary_key=True)
    organization = ForeignKeyField(Organization, index=False, backref="+")
    organization_id: str
    mode = CharField(max_length=4)
    day = CharField(max_length=10)  # 2026-11-22
    time_zone = CharField(max_length=64)
    starts_at = UTCField()
    ends_at = UTCField()
    figures = JSONField(default=dict)

    class Meta:
        indexes = ((("organization", "mode", "day"), True),)

    @classmethod
    def take_turn(cls, organization_id: str, mode: str) -> None:
        """Wait for whoever counts days of this organization and mode, so that what was counted last
        is written last. Call it inside a transaction."""
        in_turn(f"snapshot|{organization_id}|{mode}")

    @classmethod
    def of(cls, organization_id: str, mode: str, day: str) -> "Snapshot | None":
        """One day."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        found: Snapshot | None = cls.get_or_none(*mine, cls.day == day)
        return found

    @classmethod
    def newest(cls, organization_id: str, mode: str) -> str | None:
        """The last day that was counted."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        last: str | None = cls.select(fn.MAX(cls.day)).where(*mine).scalar()
        return last

    @classmethod
    def newest_of_all(cls) -> dict[tuple[str, str], str]:
        """The same by organization and mode."""
        found: Any = cls.select(cls.organization_id, cls.mode, fn.MAX(cls.day))
        grouped = found.group_by(cls.organization_id, cls.mode).tuples()
        return {(organization_id, mode): day for organization_id, mode, day in grouped}

    @classmethod
    def write(
        cls,
        organization_id: str,
        mode: str,
        day: str,
        figures: Mapping[str, Any],
        time_zone: str,
        span: tuple[datetime, datetime],
    ) -> None:
        """Keep the figures of a day. The zone and span of one that is there stay."""
        made = cls.insert(
            id=fixed_id("sn", organization_id, mode, day), organization=organization_id, mode=mode,
            day=day, time_zone=time_zone, starts_at=span[0], ends_at=span[1], figures=dict(figures),
        )  # fmt: skip
        made.on_conflict(conflict_target=[cls.id], preserve=[cls.figures]).execute()

    @classmethod
    def within(
        cls, organization_id: str, mode: str, moments: Iterable[tuple[datetime, datetime]]
    ) -> list[str]:
        """The days, of those counted, that have a part of any of these spans."""
        spans = list(moments)
        if not spans:
            return []
        first, last = min(begin for begin, _ in spans), max(end for _, end in spans)
        near = cls.select(cls.day, cls.starts_at, cls.ends_at).where(
            cls.organization == organization_id, cls.mode == mode,
            cls.ends_at > first, cls.starts_at < last,
        )  # fmt: skip
        return [
            row.day for row in near.order_by(cls.day)
            if any(begin < row.ends_at and row.starts_at < end for begin, end in spans)
        ]  # fmt: skip

    @classmethod
    def find(
        cls, organization_id: str, mode: str, filters: dict[str, Any], limit: int,
        before: Position | None,
    ) -> "list[Snapshot]":  # fmt: skip
        """Days of one organization and mode, newest first. Filters: from_, to, days both among
        them."""
        query = cls.select().where(cls.organization == organization_id, cls.mode == mode)
        return page(query, filters, _CONDITIONS, (cls.starts_at, cls.id), before, limit)


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "from_": lambda value: Snapshot.day >= value.isoformat(),
    "to": lambda value: Snapshot.day <= value.isoformat(),
}


class SnapshotReading(Row):
    """How far the feed of an organization and mode, and what carriers told about its calls, were
    read for news about days that are counted already."""

    id = CharField(max_length=40, primary_key=True)
    organization = ForeignKeyField(Organization, index=False, backref="+")
    organization_id: str
    mode = CharField(max_length=4)
    tx = BigIntegerField()
    entry = BigIntegerField()
    applied_until = UTCField()

    class Meta:
        indexes = ((("organization", "mode"), True),)

    @classmethod
    def of(cls, organization_id: str, mode: str) -> "SnapshotReading | None":
        """How far it was read; None when it never was."""
        found: SnapshotReading | None = cls.get_or_none(
            cls.organization == organization_id, cls.mode == mode
        )
        return found

    @classmethod
    def note(
        cls, organization_id: str, mode: str, position: tuple[int, int], now: datetime
    ) -> None:
        """It was read up to this position of the feed, and up to now."""
        made = cls.insert(
            id=fixed_id("sr", organization_id, mode), organization=organization_id, mode=mode,
            tx=position[0], entry=position[1], applied_until=now,
        )  # fmt: skip
        far = [cls.tx, cls.entry, cls.applied_until]
        made.on_conflict(conflict_target=[cls.id], preserve=far).execute()


def modes_in_use() -> dict[str, list[str]]:
    """The modes that each organization ever had a key for."""
    found: dict[str, list[str]] = {}
    asked: Any = ApiKey.select(ApiKey.organization, ApiKey.mode).distinct()
    for organization_id, mode in asked.order_by(ApiKey.organization, ApiKey.mode).tuples():
        found.setdefault(organization_id, []).append(mode)
    return found
