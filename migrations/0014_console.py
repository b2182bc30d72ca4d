"""What the search of /console asks for, and terms of searches that no address may have."""

from typing import Any

BY_TIME = "organization_id, mode, {}, created_at, id"
WIDE = {"call_log": ("provider", "state"), "message_log": ("provider", "channel", "state")}
NAMES = {
    "postgresql": "CREATE INDEX contact_name ON contact"
    " USING gin (to_tsvector('simple', coalesce(name, '')))",
    "sqlite": "CREATE INDEX contact_name ON contact (organization_id, mode, name)",
}


def _indexes(dialect: str) -> dict[str, str]:
    made = {"contact_name": NAMES[dialect]}
    for table, columns in WIDE.items():
        made[f"{table}_external_id"] = f"CREATE INDEX {table}_external_id ON {table} (external_id)"
        for column in columns:
            keys = BY_TIME.format(column)
            made[f"{table}_{column}"] = f"CREATE INDEX {table}_{column} ON {table} ({keys})"
    return made


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    json = {"sqlite": "TEXT", "postgresql": "JSONB"}[_dialect(db)]
    db.execute_sql(f"ALTER TABLE staff_session ADD COLUMN searches {json} NOT NULL DEFAULT '{{}}'")
    for statement in _indexes(_dialect(db)).values():
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for name in reversed(_indexes(_dialect(db))):
        db.execute_sql(f"DROP INDEX {name}")
    db.execute_sql("ALTER TABLE staff_session DROP COLUMN searches")
