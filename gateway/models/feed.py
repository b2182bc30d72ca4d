"""The feed: one row for each move of each lifecycle, in the order in which they became true."""

from datetime import datetime
from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, CharField, ForeignKeyField

from gateway.models.base import Row, UTCField, dialect
from gateway.models.organization import Organization


class FeedBase(Row):
    """One row: what is added to PostgreSQL's transaction numbers, which begin anew in another
    cluster while the feed goes on."""

    tx = BigIntegerField(default=0)


class FeedEntry(Row):
    """A move. `tx` orders entries by transaction on PostgreSQL, where a lower id may become visible
    after a higher one; readers follow (tx, id) and never see a gap fill itself."""

    id = BigAutoField()
    tx = BigIntegerField(default=0)
    organization = ForeignKeyField(Organization, index=False, backref="feed")
    mode = CharField(max_length=4)
    at = UTCField()
    type = CharField(max_length=60)
    object = CharField(max_length=20)
    object_id = CharField(max_length=40)
    state = CharField(max_length=20, null=True)
    reason = CharField(max_length=40, null=True)

    class Meta:
        indexes = ((("organization", "mode", "tx", "id"), False),)

    @classmethod
    def append(cls, rows: list[dict[str, Any]]) -> None:
        """Add entries inside the transaction that makes them true."""
        if not rows:
            return
        if dialect() == "postgresql":
            tx = SQL("pg_current_xact_id()::text::bigint")
            rows = [{"tx": tx, **row} for row in rows]
        cls.insert_many(rows).execute()

    @classmethod
    def after(
        cls, organization_id: str, mode: str, position: tuple[int, int], limit: int
    ) -> list["FeedEntry"]:
        """Entries after a position, oldest first. An entry whose transaction could still be joined
        by an earlier one is held back until that can't be."""
        tx, last = position
        query = cls.select().where(
            cls.organization == organization_id,
            cls.mode == mode,
            cls.tx >= tx,  # what the index can seek
            (cls.tx > tx) | (cls.id > last),
        )
        if dialect() == "postgresql":
            horizon = SQL("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            query = query.where(cls.tx < horizon)
        return list(query.order_by(cls.tx, cls.id).limit(limit))


def entry(
    organization_id: str,
    mode: str,
    at: datetime,
    object_: str,
    object_id: str,
    state: str | None,
    reason: str | None = None,
    type_: str | None = None,
) -> dict[str, Any]:
    """One feed row as FeedEntry.append takes it; its type is `object.state` unless given."""
    return {
        "organization": organization_id,
        "mode": mode,
        "at": at,
        "type": type_ or f"{object_}.{state}",
        "object": object_,
        "object_id": object_id,
        "state": state,
        "reason": reason,
    }
