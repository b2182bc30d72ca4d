"""What is kept for how long, and what is left of a person who is erased.

`erased_at` stands in a row once nothing personal is left in it, by a policy's time or by request.
"""

from typing import Any

ERASABLE = ("contact", "booking", "notification", "call_log", "message_log")
COLUMNS = (
    "ALTER TABLE organization ADD COLUMN retention {json} NOT NULL DEFAULT '{{}}'",
    *(f"ALTER TABLE {table} ADD COLUMN erased_at TIMESTAMPTZ" for table in ERASABLE),
)

TABLES = (
    """
    CREATE TABLE erasure (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        contact_id VARCHAR(40) NOT NULL,
        named_id VARCHAR(40) NOT NULL,
        key VARCHAR(40),
        request_id VARCHAR(64),
        at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX erasure_organization_id_mode_at ON erasure (organization_id, mode, at)",
    "CREATE INDEX erasure_named_id ON erasure (named_id)",
)

# Of what still holds something, by the time that its policy counts from.
INDEXES = {
    "contact_kept": "contact (organization_id, updated_at) WHERE erased_at IS NULL",
    "booking_kept": "booking (organization_id, starts_at) WHERE erased_at IS NULL",
    "notification_kept": "notification (organization_id, finished_at)"
    " WHERE erased_at IS NULL AND finished_at IS NOT NULL",
    "call_log_kept": "call_log (organization_id, created_at) WHERE erased_at IS NULL",
    "message_log_kept": "message_log (organization_id, created_at) WHERE erased_at IS NULL",
    "provider_event_kept": "provider_event (organization_id, received_at) WHERE body IS NOT NULL",
    "transcript_kept": "transcript (organization_id, received_at)",
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


def down(migrator: Any, db: Any) -> None:
    for name in INDEXES:
        db.execute_sql(f"DROP INDEX {name}")
    db.execute_sql("DROP TABLE erasure")
    for statement in reversed(COLUMNS):
        _, _, table, _, _, column, *_ = statement.split()
        db.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
