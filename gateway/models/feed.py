"""The feed: one row for each move of each lifecycle, in the order in which they became true."""

from datetime import datetime
from functools import cache
from typing import Any

from peewee import SQL, BigAutoField, BigIntegerField, CharField, ForeignKeyField, fn

from gateway.models.base import Row, UTCField, atomic, db, dialect
from gateway.models.gathering import present
from gateway.models.many import Statement, at_once, inserting
from gateway.models.organization import Organization
from gateway.models.prepared import Given, Prepared

# Transaction numbers of a cluster are counted up from the base: by clock, so that it is above all
# that a reader may have seen in a time which a restored database lost. A second has room for 2^30
# transactions, and the sum stays below 2^63 for two centuries.
_TX = {
    "postgresql": "pg_current_xact_id()::text::bigint + (SELECT tx FROM feed_base WHERE id = 1)",
    "sqlite": "(SELECT tx FROM feed_base WHERE id = 1)",
}
# A transaction has its number before it waits for a row: it may write about that row after another
# one with a higher number. No entry sorts before an older one of the same object; whoever appends
# holds the object's lock, so that the older one is visible here.
_AFTER_ITS_LAST = (
    "greatest({own}, coalesce((SELECT max(tx) FROM feed_entry WHERE object_id = {object}), 0))"
)
_HORIZON = (
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    " + (SELECT tx FROM feed_base WHERE id = 1)"
)
_CLOCK = {
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000)::bigint << 20",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) << 20",
}

FEW = 3  # entries that are added one by one, by a prepared statement


class FeedBase(Row):
    """One row: what is added to PostgreSQL's transaction numbers, which begin anew in another
    cluster while the feed goes on. On SQLite it is the whole number: ids begin anew there."""

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
        indexes = (
            (("organization", "mode", "tx", "id"), False),
            (("object_id", "tx"), False),
        )

    @classmethod
    def append(cls, rows: list[dict[str, Any]]) -> None:
        """Add entries inside the transaction that makes them true."""
        gathering = present()
        if gathering is not None and rows is not gathering.feed:
            gathering.feed += rows
            return
        for row in rows if len(rows) <= FEW else ():
            _adding(tuple(row)).run(**row)
        if len(rows) > FEW:
            at_once([cls.appending(rows)])

    @classmethod
    def appending(cls, rows: list[dict[str, Any]], *, first: bool = False) -> Statement:
        """The same, one entry at least, as a statement to be sent together with others. `first`:
        their objects were made in this very transaction, so that there are no older ones."""
        own = _TX[dialect()]
        if dialect() == "postgresql" and not first:
            own = _AFTER_ITS_LAST.format(own=own, object="{object_id}")
        return inserting(cls, rows, tx=own)

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
            query = query.where(cls.tx < SQL(_HORIZON))
        return list(query.order_by(cls.tx, cls.id).limit(limit))

    @classmethod
    def newest_at(cls) -> datetime | None:
        """The moment of the last entry of all; None when there is none."""
        last = cls.select(cls.at).order_by(cls.id.desc()).first()
        return last.at if last else None

    @classmethod
    def of_this_base(cls, object_: str) -> set[str]:
        """Ids of the objects of this kind that moved since the order was last resumed."""
        base = FeedBase.select(FeedBase.tx)
        before = cls.select(cls.id).where(cls.tx < base).order_by(cls.id.desc()).limit(1)
        moved = cls.select(cls.object_id).where(cls.id > fn.COALESCE(before, 0))
        return {entry.object_id for entry in moved.where(cls.object == object_)}

    @classmethod
    def resume_order(cls, *, if_needed: bool = False) -> bool:
        """Have every later entry sort after all that any reader may have seen, also in a time that
        this database lost by being restored. With `if_needed` only if entries would sort before
        present ones: the database came into another cluster. False when nothing was done.

        Waits for the writers at work, and they for it: an entry by the old base must not become
        visible after one by the new base."""
        if if_needed and _newest_tx() <= _number(_TX[dialect()]):
            return False
        with atomic():
            if dialect() == "postgresql":
                db.execute_sql("SET LOCAL lock_timeout = '30s'")
                db.execute_sql("LOCK TABLE feed_entry IN SHARE ROW EXCLUSIVE MODE")
            base = max(_newest_tx() + 1, _number(_CLOCK[dialect()]))
            FeedBase.update(tx=base).execute()
        return True


def horizon() -> int:
    """The transaction number below which no entry can become visible any more; PostgreSQL alone."""
    return _number(_HORIZON)


@cache
def _adding(names: tuple[str, ...]) -> Prepared:
    fields = FeedEntry._meta.fields
    values = {name: Given(name, fields[name]) for name in names}
    return Prepared(
        lambda: FeedEntry.insert(tx=_place(Given("object_id").bare), **values).returning(
            FeedEntry.id
        )
    )


def _place(object_id: Any) -> SQL:
    own = _TX[dialect()]
    if dialect() == "sqlite":  # one writer at a time: ids are the order
        return SQL(own)
    return SQL(_AFTER_ITS_LAST.format(own=own, object="%s"), (object_id,))


def _newest_tx() -> int:
    """The highest number in use, by one jump through the index for each organization."""
    return _number(
        "SELECT coalesce(max((SELECT max(e.tx) FROM feed_entry e"
        " WHERE e.organization_id = o.id AND e.mode = m.mode)), 0)"
        " FROM organization o CROSS JOIN (SELECT 'live' AS mode UNION ALL SELECT 'test') m"
    )


def _number(expression: str) -> int:
    query = expression if expression.startswith("SELECT") else f"SELECT {expression}"
    return int(db.execute_sql(query).fetchone()[0])


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
