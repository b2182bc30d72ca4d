"""Figures of each day, and how far the news about past days was read."""

from typing import Any

TABLES = (
    """
    CREATE TABLE snapshot (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        day VARCHAR(10) NOT NULL,
        time_zone VARCHAR(64) NOT NULL,
        starts_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL,
        figures {json} NOT NULL
    )""",
    "CREATE UNIQUE INDEX snapshot_organization_id_mode_day "
    "ON snapshot (organization_id, mode, day)",
    """
    CREATE TABLE snapshot_reading (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        tx BIGINT NOT NULL,
        entry BIGINT NOT NULL,
        applied_until TIMESTAMPTZ NOT NULL
    )""",
    "CREATE UNIQUE INDEX snapshot_reading_organization_id_mode "
    "ON snapshot_reading (organization_id, mode)",
)

INDEXES = {
    # What a day is counted from, and which days news is about.
    "notification_day": "notification (organization_id, mode, due_at)"
    " WHERE finished_at IS NOT NULL",
    "booking_canceled": "booking (organization_id, mode, canceled_at)"
    " WHERE canceled_at IS NOT NULL",
    "feed_entry_confirmed": "feed_entry (organization_id, mode, at)"
    " WHERE type = 'booking.confirmed'",
    "provider_event_of_calls": "provider_event (organization_id, applied_at)"
    " WHERE call_id IS NOT NULL AND applied_at IS NOT NULL",
    # Of the queue views: what of one organization is not finished, or finished lately. Whole, since
    # they ask for both at once: a partial one would not be taken.
    "notification_finished": "notification (organization_id, mode, finished_at)",
}

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement.format(**WORDS[_dialect(db)]))
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    for name in INDEXES:
        db.execute_sql(f"DROP INDEX {name}")
    db.execute_sql("DROP TABLE snapshot_reading")
    db.execute_sql("DROP TABLE snapshot")
