"""People who sign in to the pages, their sessions, and an audit ledger that nobody rewrites.

The ledger gets a reason, and takes what was done for all organizations at once.
"""

from typing import Any

TABLES = (
    """
    CREATE TABLE staff (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        email VARCHAR(254) NOT NULL,
        name VARCHAR(100) NOT NULL,
        role VARCHAR(10) NOT NULL,
        organization_id VARCHAR(40) REFERENCES organization (id),
        password VARCHAR(200) NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        disabled_at TIMESTAMPTZ
    )""",
    "CREATE UNIQUE INDEX staff_email ON staff (email)",
    """
    CREATE TABLE staff_session (
        id VARCHAR(64) NOT NULL PRIMARY KEY,
        staff_id VARCHAR(40) NOT NULL REFERENCES staff (id),
        organization_id VARCHAR(40) REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        csrf VARCHAR(64) NOT NULL,
        notice VARCHAR(300),
        created_at TIMESTAMPTZ NOT NULL,
        seen_at TIMESTAMPTZ NOT NULL,
        ends_at TIMESTAMPTZ NOT NULL
    )""",
    "CREATE INDEX staff_session_staff_id ON staff_session (staff_id)",
    """
    CREATE TABLE staff_throttle (
        id VARCHAR(64) NOT NULL PRIMARY KEY,
        failures INTEGER NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        blocked_until TIMESTAMPTZ
    )""",
    "CREATE INDEX staff_throttle_at ON staff_throttle (at)",
)

# SQLite can't take NOT NULL from a column: the table is written anew.
LEDGER = """
    CREATE TABLE ledger_anew (
        id INTEGER PRIMARY KEY,
        organization_id VARCHAR(40) {null} REFERENCES organization (id),
        at TIMESTAMPTZ NOT NULL,
        key VARCHAR(40),
        person VARCHAR(200),
        action VARCHAR(40) NOT NULL,
        objects TEXT NOT NULL,
        request_id VARCHAR(64){more}
    )"""
COLUMNS = "id, organization_id, at, key, person, action, objects, request_id"
COPY = f"INSERT INTO ledger_anew ({COLUMNS}) SELECT {COLUMNS} FROM audit_entry"  # noqa: S608
INDEX = "CREATE INDEX audit_entry_organization_id_at ON audit_entry (organization_id, at)"

APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER audit_entry_kept BEFORE DELETE ON audit_entry"
        " BEGIN SELECT RAISE(ABORT, 'the audit ledger is only added to'); END",
        "CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON audit_entry"
        " BEGIN SELECT RAISE(ABORT, 'the audit ledger is only added to'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION audit_entry_only_added() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the audit ledger is only added to'; END $$",
        "CREATE TRIGGER audit_entry_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_entry"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_only_added()",
    ),
}
REWRITABLE = {
    "sqlite": ("DROP TRIGGER audit_entry_kept", "DROP TRIGGER audit_entry_unchanged"),
    "postgresql": (
        "DROP TRIGGER audit_entry_kept ON audit_entry",
        "DROP FUNCTION audit_entry_only_added()",
    ),
}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def _ledger_anew(db: Any, null: str, more: str) -> None:
    db.execute_sql(LEDGER.format(null=null, more=more))
    db.execute_sql(COPY)
    db.execute_sql("DROP TABLE audit_entry")
    db.execute_sql("ALTER TABLE ledger_anew RENAME TO audit_entry")
    db.execute_sql(INDEX)


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement)
    if _dialect(db) == "sqlite":
        _ledger_anew(db, "", ", reason VARCHAR(40)")
    else:
        db.execute_sql("ALTER TABLE audit_entry ADD COLUMN reason VARCHAR(40)")
        db.execute_sql("ALTER TABLE audit_entry ALTER COLUMN organization_id DROP NOT NULL")
    for statement in APPEND_ONLY[_dialect(db)]:
        db.execute_sql(statement)


def down(migrator: Any, db: Any) -> None:
    for statement in REWRITABLE[_dialect(db)]:
        db.execute_sql(statement)
    db.execute_sql("DELETE FROM audit_entry WHERE organization_id IS NULL")
    if _dialect(db) == "sqlite":
        _ledger_anew(db, "NOT NULL", "")
    else:
        db.execute_sql("ALTER TABLE audit_entry ALTER COLUMN organization_id SET NOT NULL")
        db.execute_sql("ALTER TABLE audit_entry DROP COLUMN reason")
    for table in ("staff_throttle", "staff_session", "staff"):
        db.execute_sql(f"DROP TABLE {table}")
