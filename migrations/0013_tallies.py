"""Counts for /metrics, and finding what is overdue without looking at every booking."""

from typing import Any

TABLES = (
    """
    CREATE TABLE tally (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        series VARCHAR(200) NOT NULL,
        value DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX booking_marked_overdue ON booking (organization_id, mode) WHERE overdue",
)


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP INDEX booking_marked_overdue")
    db.execute_sql("DROP TABLE tally")
