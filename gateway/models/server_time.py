"""What time the database server says it is."""

from datetime import UTC, datetime

from gateway.models.base import db, dialect


def server_time() -> datetime | None:
    """The server's own clock, aware, in UTC; None for SQLite, which has none but this machine's."""
    if dialect() != "postgresql":
        return None
    asked = db.execute_sql("SELECT extract(epoch FROM clock_timestamp())").fetchone()
    return datetime.fromtimestamp(float(asked[0]), UTC)
