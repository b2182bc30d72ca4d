"""Messages beside calls, channel plans, lanes of the queue, policies, templates, rates."""

from typing import Any

COLUMNS = (
    "ALTER TABLE organization ADD COLUMN policy {json} NOT NULL DEFAULT '{{}}'",
    "ALTER TABLE organization ADD COLUMN locale VARCHAR(35) NOT NULL DEFAULT 'en'",
    "ALTER TABLE booking ADD COLUMN policy {json} NOT NULL DEFAULT '{{}}'",
    "ALTER TABLE booking ADD COLUMN overdue_at TIMESTAMPTZ",
    "ALTER TABLE booking ADD COLUMN move_requested_at TIMESTAMPTZ",
    "ALTER TABLE notification ADD COLUMN lane VARCHAR(14) NOT NULL DEFAULT 'voice:3'",
    "ALTER TABLE notification ADD COLUMN step_until TIMESTAMPTZ",
    "ALTER TABLE call_log ADD COLUMN text TEXT",
    "ALTER TABLE call_log ADD COLUMN template VARCHAR(120)",
    "ALTER TABLE call_log ADD COLUMN template_version INTEGER",
    "ALTER TABLE call_log ADD COLUMN digits VARCHAR(32)",
    "ALTER TABLE message_log ADD COLUMN subject TEXT",
    "ALTER TABLE message_log ADD COLUMN media INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE message_log ADD COLUMN segments INTEGER",
    "ALTER TABLE message_log ADD COLUMN ended_at TIMESTAMPTZ",
    "ALTER TABLE provider_event ADD COLUMN message_id VARCHAR(40) REFERENCES message_log (id)",
    "ALTER TABLE consent ADD COLUMN mode VARCHAR(4) NOT NULL DEFAULT 'live'",
    "ALTER TABLE consent ADD COLUMN contact_id VARCHAR(40)",
    "ALTER TABLE consent ADD COLUMN event_id VARCHAR(40)",
)

TABLES = (
    """
    CREATE TABLE template (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) REFERENCES organization (id),
        name VARCHAR(120) NOT NULL,
        channel VARCHAR(10) NOT NULL,
        locale VARCHAR(35) NOT NULL,
        version INTEGER NOT NULL,
        subject TEXT,
        body TEXT NOT NULL,
        content_id VARCHAR(80),
        content_variables {json} NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE UNIQUE INDEX template_organization_id_name_channel_locale_version "
    "ON template (organization_id, name, channel, locale, version)",
    """
    CREATE TABLE rate (
        id VARCHAR(160) NOT NULL PRIMARY KEY,
        rate_per_second DOUBLE PRECISION,
        next_free_at TIMESTAMPTZ
    )""",
)

INDEXES = {
    "notification_lane": "notification (lane, next_attempt_at) WHERE next_attempt_at IS NOT NULL",
    "notification_fair": "notification (lane, organization_id, next_attempt_at)"
    " WHERE next_attempt_at IS NOT NULL",
    "notification_held": "notification (held_by, lane, organization_id, due_at)"
    " WHERE held_by IS NOT NULL",
    "notification_step": "notification (step_until) WHERE step_until IS NOT NULL",
    "booking_overdue": "booking (overdue_at) WHERE overdue_at IS NOT NULL",
    "provider_event_message_id": "provider_event (message_id)",
    "call_log_sent_to": "call_log (to_hash, created_at)",
    "message_log_sent_to": "message_log (to_hash, created_at)",
}
# Of 0002: replaced, or given another shape.
BEFORE = {
    "notification_fair": "notification (organization_id, next_attempt_at)"
    " WHERE next_attempt_at IS NOT NULL",
    "notification_held": "notification (held_by, organization_id, due_at)"
    " WHERE held_by IS NOT NULL",
    "call_log_to_hash": "call_log (to_hash)",
    "message_log_to_hash": "message_log (to_hash)",
}

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    words = WORDS[_dialect(db)]
    for statement in COLUMNS + TABLES:
        db.execute_sql(statement.format(**words))
    for name in BEFORE:
        db.execute_sql(f"DROP INDEX {name}")
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    for name in INDEXES:
        db.execute_sql(f"DROP INDEX {name}")
    for name, definition in BEFORE.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")
    db.execute_sql("DROP TABLE rate")
    db.execute_sql("DROP TABLE template")
    for statement in reversed(COLUMNS):
        _, _, table, _, _, column, *_ = statement.split()
        db.execute_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
