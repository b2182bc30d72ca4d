"""The database handle, one class of time field, ids, and the row that all tables share."""

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from peewee import (
    CharField,
    Database,
    Field,
    InterfaceError,
    Model,
    OperationalError,
    PostgresqlDatabase,
)

from gateway.domain.errors import StillRunning, StoreUnavailable
from gateway.models.handle import db as db
from gateway.models.postgres import WatchedPostgresqlDatabase
from gateway.models.prepared import Given, Prepared, same
from gateway.models.sqlite import FairSqliteDatabase

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGITS = _ALPHABET.encode() * 8  # a digit for each byte, all equally often


class UTCField(Field):
    """An instant. Takes and gives aware datetimes, always UTC, to the microsecond. Kept as
    timestamptz on PostgreSQL and as fixed-width text on SQLite, so that both sort by time."""

    field_type = "TIMESTAMPTZ"

    def db_value(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        if value.tzinfo is None:
            raise ValueError("a moment without its time zone")
        moment = value if value.tzinfo is UTC else value.astimezone(UTC)
        return moment.isoformat(" ", "microseconds")

    def python_value(self, value: Any) -> datetime | None:
        if value is None:
            return None
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return parsed.astimezone(UTC)


class WordField(CharField):
    """A word of somebody else's, a carrier's status or code: whatever comes is cut to what the
    column holds, and never refused."""

    def adapt(self, value: Any) -> Any:
        """The value as text, without NUL, cut."""
        text: Any = super().adapt(value)
        return text.replace("\x00", "")[: self.max_length] if isinstance(text, str) else text


class Row(Model):
    """What every table shares: the database and plain names."""

    class Meta:
        database = db
        legacy_table_names = False

    @classmethod
    def made(cls, values: Mapping[str, Any]) -> Self:
        """A row of these columns, yet to be written, as the constructor makes it, in a quarter of
        its time: no setters, no default made in vain. Other rows are given by their ids."""
        row = cls(__no_default__=True)
        row.__data__ = dict(values)
        for field, default in cls._meta.defaults.items():
            if field.name not in values:
                row.__data__[field.name] = default() if callable(default) else default
        return row

    @classmethod
    def get_by_id(cls, pk: Any) -> Self:
        """The row of this id, by a prepared query. Raises its DoesNotExist."""
        rows: list[Self] = _by_id(cls).rows(id=pk)
        if not rows:
            raise cls.DoesNotExist  # type: ignore[attr-defined]
        return rows[0]


@cache
def _by_id(table: type[Row]) -> Prepared:
    return Prepared(lambda: table.select().where(table._meta.primary_key == Given("id")))


def new_id(prefix: str) -> str:
    """An opaque id: two letters, an underscore, 26 characters of base 32. Ids made later sort
    later, which keeps indexes compact; nothing may be read out of one."""
    chance = secrets.randbits(128).to_bytes(16).translate(_DIGITS).decode()
    return f"{prefix}_{_millisecond(time.time_ns() // 1_000_000)}{chance}"


@lru_cache(1)
def _millisecond(number: int) -> str:
    """The first ten digits, which all ids of this millisecond share."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(45, -1, -5))


def id_field(prefix: str) -> CharField:
    """A primary key of opaque ids with this prefix."""
    return CharField(max_length=40, primary_key=True, default=lambda: new_id(prefix))


def connect(database_url: str, connections: int = 20) -> Database:
    """Point the models at a database. Opens nothing yet: each thread does at its first use."""
    parts = urlsplit(database_url)
    database: Database
    if parts.scheme == "sqlite":
        database = FairSqliteDatabase(unquote(parts.path[1:]), connections)
    else:
        database = WatchedPostgresqlDatabase(
            database_url,
            max_connections=connections,
            stale_timeout=300,
            timeout=10,
            prefer_psycopg3=True,
            connect_timeout=5,
            options="-c timezone=UTC -c lock_timeout=4000 -c statement_timeout=20000",
        )
    db.initialize(database)
    return database


def dialect() -> str:
    """ "sqlite" or "postgresql"."""
    return "postgresql" if isinstance(db.obj, PostgresqlDatabase) else "sqlite"


def borrow() -> None:
    """Take a connection for this thread. Raises StoreUnavailable when there is none to be had."""
    try:
        db.connect(reuse_if_open=True)
    except (OperationalError, InterfaceError, ValueError) as error:
        raise StoreUnavailable("the database can't be reached") from error


def give_back(*, broken: bool = False) -> None:
    """Return this thread's connection to the pool, or throw it away."""
    if db.is_closed():
        return
    if broken and isinstance(db.obj, WatchedPostgresqlDatabase | FairSqliteDatabase):
        db.obj.manual_close()
    else:
        db.close()


def is_lost(error: BaseException | None) -> bool:
    """Whether this fault means that the connection can't be trusted any more."""
    return isinstance(error, OperationalError | InterfaceError | StoreUnavailable)


@contextmanager
def connection() -> Iterator[None]:
    """Hold a connection for one request or one tick and give it back afterwards. Raises
    StoreUnavailable when the database can't be reached or stops answering."""
    borrow()
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        give_back(broken=True)
        raise StoreUnavailable("the database did not answer") from error
    finally:
        give_back()


def lock(query: Any, *, skip_locked: bool = False, of: type[Row] | None = None) -> Any:
    """The query with its rows locked until the transaction ends; `skip_locked` passes over rows
    that another transaction holds. On SQLite a transaction holds the whole database anyway."""
    if dialect() == "sqlite":
        return query
    # Nobody changes a key or deletes: whoever writes a row that refers to this one need not wait.
    return query.for_update("FOR NO KEY UPDATE", of=of, skip_locked=skip_locked)


@cache
def locking(table: type[Row], names: tuple[str, ...]) -> Prepared:
    """The rows whose columns of these names are as given, locked until the transaction ends."""
    return Prepared(lambda: lock(table.select().where(*same(table, names))))


def alone(name: str) -> bool:
    """Whether no other transaction does what goes by this name now; none will until this one ends.
    On SQLite a transaction is alone anyway."""
    if dialect() == "sqlite":
        return True
    asked = db.execute_sql("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (name,))
    return bool(asked.fetchone()[0])


def in_turn(name: str) -> None:
    """The same, but wait for another transaction that does it."""
    if dialect() != "sqlite":
        db.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Wait at most so long for another transaction's locks, inside this transaction. Raises
    StillRunning when that was not enough; the transaction is lost then. SQLite has one lock for
    everything, which the transaction holds already."""
    if dialect() == "sqlite":
        yield
        return
    db.execute_sql(f"SET LOCAL lock_timeout = '{int(seconds * 1000)}ms'")
    try:
        yield
    except OperationalError as error:
        raise StillRunning from error
    db.execute_sql("SET LOCAL lock_timeout = '4s'")


@contextmanager
def atomic() -> Iterator[None]:
    """One transaction; on SQLite it takes the write lock at once, so that it can't be refused
    half-way. Nested, it is a savepoint."""
    own_turn = db.obj.turn() if isinstance(db.obj, FairSqliteDatabase) else nullcontext()
    with own_turn, db.atomic():
        yield


@contextmanager
def whole() -> Iterator[None]:
    """One transaction, or a part of the one that is open, without a savepoint: whoever meets a
    fault in it gives up all of it."""
    if db.obj.in_transaction():
        yield
    else:
        with atomic():
            yield


def take_due(
    column: Any, now: datetime, limit: int, pause: timedelta, *where: Any, also: Any = ()
) -> list[Any]:
    """The rows of a column's table whose moment has come, earliest first and at most `limit`, each
    put off by `pause` so that it is not handed out again at once: their ids, and the columns
    `also` asked for. Rows that another transaction holds are passed over."""
    table = column.model
    due = table.select(table.id).where(column <= now, *where).order_by(column).limit(limit)
    put_off = table.update({column: now + pause}).where(table.id.in_(lock(due, skip_locked=True)))
    return list(put_off.returning(table.id, *also).execute())
