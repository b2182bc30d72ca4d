"""Holds, repeats, fair turns between organizations, calls to be ended, an order of the feed that
outlives a restore."""

from typing import Any

COLUMNS = (
    "ALTER TABLE organization ADD COLUMN repeats {json} NOT NULL DEFAULT '{{}}'",
    "ALTER TABLE notification ADD COLUMN failures INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE notification ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE notification ADD COLUMN held_by VARCHAR(160)",
    "ALTER TABLE call_log ADD COLUMN end_at TIMESTAMPTZ",
    "ALTER TABLE call_log ADD COLUMN ends INTEGER NOT NULL DEFAULT 0",
)

TABLES = (
    """
    CREATE TABLE hold (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        scope VARCHAR(160) NOT NULL,
        reason VARCHAR(40) NOT NULL,
        since TIMESTAMPTZ NOT NULL,
        until TIMESTAMPTZ,
        failures INTEGER NOT NULL,
        check_at TIMESTAMPTZ,
        known_until TIMESTAMPTZ
    )""",
    "CREATE UNIQUE INDEX hold_scope ON hold (scope)",
    "CREATE TABLE feed_base (id INTEGER NOT NULL PRIMARY KEY, tx BIGINT NOT NULL)",
    "INSERT INTO feed_base (id, tx) VALUES (1, 0)",
)

INDEXES = {
    "notification_fair": "notification (organization_id, next_attempt_at)"
    " WHERE next_attempt_at IS NOT NULL",
    "notification_held": "notification (held_by, organization_id, due_at)"
    " WHERE held_by IS NOT NULL",
    "call_log_end": "call_log (end_at) WHERE end_at IS NOT NULL",
    "feed_entry_object_id_tx": "feed_entry (object_id, tx)",
    "dead_letter_organization_id_mode_created_at_id": "dead_letter"
    " (organization_id, mode, created_at, id)",
}

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    words = WORDS[_dialect(db)]
    for statement in COLUMNS + TABLES:
        db.execute_sql(statement.format(**words))
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")
    db.execute_sql(
        "CREATE UNIQUE INDEX dead_letter_open ON dead_letter (object, object_id)"
        " WHERE resolved_at IS NULL"
    )


def down(migrator: Any, db: Any) -> None:
    for name in (*INDEXES, "dead_letter_open"):
        db.execute_sql(f"DROP INDEX {name}")
    db.execute_sql("DROP TABLE hold")
    db.execute_sql("DROP TABLE feed_base")
    for statement in reversed(COLUMNS):
        _, _, table, _, _, column, *_ = statement.split()
        db.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
