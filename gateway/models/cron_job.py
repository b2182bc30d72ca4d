"""Cron jobs: what comes back by an expression, and how it went last."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from peewee import BooleanField, CharField

from gateway.models.base import Row, UTCField, lock
from gateway.models.upcoming import wrote


class CronJob(Row):
    """One cron job. What it names after `looked_at` has not been begun yet; `next_at` is when a
    clock looks next, null while it is switched off. Without a time zone each organization's own
    counts. `last_result` is null while it is at work."""

    name = CharField(max_length=60, primary_key=True)
    expression = CharField(max_length=120)
    time_zone = CharField(max_length=64, null=True)
    enabled = BooleanField(default=True)
    looked_at = UTCField()
    next_at = UTCField(null=True)
    last_slot = UTCField(null=True)
    last_run_at = UTCField(null=True)
    last_result = CharField(max_length=10, null=True)
    last_error = CharField(max_length=200, null=True)

    @classmethod
    def listed(cls) -> "list[CronJob]":
        """All cron jobs by name."""
        return list(cls.select().order_by(cls.name))

    @classmethod
    def add(cls, name: str, expression: str, time_zone: str | None, now: datetime) -> None:
        """Write a cron job that is not there yet; a clock looks at it at once."""
        made = cls.insert(
            name=name, expression=expression, time_zone=time_zone, looked_at=now, next_at=now
        )
        made.on_conflict_ignore().execute()
        wrote(now)

    @classmethod
    def take_due(cls, now: datetime) -> "list[CronJob]":
        """Those that are to be looked at by now, locked until the transaction ends; one that
        another clock is looking at is passed over."""
        due = cls.select().where(cls.next_at <= now).order_by(cls.name)
        return list(lock(due, skip_locked=True))

    @classmethod
    def locked(cls, name: str) -> "CronJob | None":
        """One of them, locked until the transaction ends."""
        return next(iter(lock(cls.select().where(cls.name == name))), None)

    @classmethod
    def change(cls, name: str, values: Mapping[str, Any]) -> None:
        """Write these columns."""
        cls.update(dict(values)).where(cls.name == name).execute()
        wrote(values.get("next_at"))
