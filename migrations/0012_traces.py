"""The trace that a notification belongs to, where an installation traces."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    db.execute_sql("ALTER TABLE notification ADD COLUMN traceparent VARCHAR(55)")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("ALTER TABLE notification DROP COLUMN traceparent")
