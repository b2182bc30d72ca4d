"""Sequences of steps that people can be enrolled in."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from peewee import CharField, ForeignKeyField, IntegerField, JSONField

from gateway.domain import sequences
from gateway.models.base import Row, UTCField, id_field, lock
from gateway.models.listing import Position, page
from gateway.models.organization import Organization


class Sequence(Row):
    """A campaign. `version` counts its changes. While `paused_at` is set nothing of it leaves;
    whoever was enrolled by `stopped_at` is out. `renewals` counts what was to be brought to those
    who are enrolled, `renewed_to` is the enrolment up to which the last of it was."""

    id = id_field("sq")
    organization = ForeignKeyField(Organization, index=False, backref="sequences")
    organization_id: str
    mode = CharField(max_length=4)
    name = CharField(max_length=200)
    version = IntegerField(default=1)
    steps = JSONField(default=list)  # domain/sequences.Step.to_json of each
    leave_on = JSONField(default=list)
    renewals = IntegerField(default=0)
    renewed_to = CharField(max_length=40, default="")
    created_at = UTCField()
    updated_at = UTCField()
    paused_at = UTCField(null=True)
    stopped_at = UTCField(null=True)
    archived_at = UTCField(null=True)

    class Meta:
        indexes = ((("organization", "mode", "created_at", "id"), False),)

    @property
    def plan(self) -> list[sequences.Step]:
        """Its steps in order."""
        return [sequences.Step.from_json(kept) for kept in self.steps]

    @classmethod
    def of(cls, organization_id: str, mode: str, sequence_id: str) -> "Sequence | None":
        """One of this organization and mode."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        found: Sequence | None = cls.get_or_none(cls.id == sequence_id, *mine)
        return found

    @classmethod
    def locked(cls, organization_id: str, mode: str, sequence_id: str) -> "Sequence | None":
        """The same, locked until the transaction ends."""
        mine = (cls.organization == organization_id, cls.mode == mode)
        return next(iter(lock(cls.select().where(cls.id == sequence_id, *mine))), None)

    @classmethod
    def write(cls, row: "Sequence", **values: Any) -> None:
        """Write columns of a sequence; `row` is brought up to date."""
        cls.update(**values).where(cls.id == row.id).execute()
        for name, value in values.items():
            setattr(row, name, value)

    @classmethod
    def search(
        cls,
        organization_id: str,
        mode: str,
        filters: Mapping[str, Any],
        limit: int,
        before: Position | None,
    ) -> "list[Sequence]":
        """A page of them, newest first. Filters: name, archived (False: only those that are not;
        True: only those that are)."""
        query = cls.select().where(cls.organization == organization_id, cls.mode == mode)
        return page(query, filters, _CONDITIONS, (cls.created_at, cls.id), before, limit)

    def outlives(self, enrolled_at: datetime) -> bool:
        """Whether somebody enrolled at that moment is still to be told its steps."""
        stopped = self.stopped_at is not None and enrolled_at <= self.stopped_at
        return self.archived_at is None and not stopped


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "name": lambda value: Sequence.name == value,
    "archived": lambda value: Sequence.archived_at.is_null(not value),
}
