"""What the database says of itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from peewee import ProgrammingError

from gateway.domain.errors import StoreUnavailable
from gateway.models.base import db, dialect


@dataclass(frozen=True)
class StoreFigures:
    """Its size in bytes, and how many connections are open of how many; of SQLite, which has none
    to share, None."""

    size: int
    connections: int | None = None
    most_connections: int | None = None


def look() -> StoreFigures:
    """Ask it."""
    if dialect() == "sqlite":
        return StoreFigures(_number("SELECT page_count * page_size FROM pragma_page_count(),"
                                    " pragma_page_size()"))  # fmt: skip
    return StoreFigures(
        _number("SELECT pg_database_size(current_database())"),
        _number("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"),
        _number("SELECT current_setting('max_connections')::int"),
    )


@contextmanager
def reading() -> Iterator[None]:
    """Look at tables that may not be there yet. Raises StoreUnavailable before the migrations."""
    try:
        yield
    except ProgrammingError as error:
        raise StoreUnavailable("migrations are pending") from error


def _number(statement: str) -> int:
    return int(db.execute_sql(statement).fetchone()[0])
