"""What each customer usually books."""

from typing import Any

TABLES = (
    """
    CREATE TABLE preference (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        customer VARCHAR(80) NOT NULL,
        bookings INTEGER NOT NULL,
        counts {json} NOT NULL
    )""",
    "CREATE UNIQUE INDEX preference_organization_id_mode_customer "
    "ON preference (organization_id, mode, customer)",
)

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement.format(**WORDS[_dialect(db)]))


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE preference")
