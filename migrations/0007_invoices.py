"""Invoices that are reminded of, and what was paid of them."""

from typing import Any

TABLES = (
    """
    CREATE TABLE invoice (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        external_id VARCHAR(200),
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        amount BIGINT NOT NULL,
        paid BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        due_on DATE NOT NULL,
        payment_link TEXT NOT NULL,
        policy {json} NOT NULL,
        metadata {json} NOT NULL,
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(40),
        paused BOOLEAN NOT NULL,
        disputed_at TIMESTAMPTZ,
        closed_as VARCHAR(12),
        version INTEGER NOT NULL,
        schedule_version INTEGER NOT NULL,
        reminder_id VARCHAR(40),
        fingerprint VARCHAR(64) NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        recovered_at TIMESTAMPTZ
    )""",
    """
    CREATE TABLE payment (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        invoice_id VARCHAR(40) NOT NULL REFERENCES invoice (id),
        external_id VARCHAR(200),
        amount BIGINT NOT NULL,
        currency VARCHAR(3) NOT NULL,
        paid_at TIMESTAMPTZ NOT NULL,
        after_reminder BOOLEAN NOT NULL,
        created_at TIMESTAMPTZ NOT NULL
    )""",
)

INDEXES = {
    "UNIQUE INDEX invoice_organization_id_mode_external_id":
    "invoice (organization_id, mode, external_id)",
    "INDEX invoice_organization_id_mode_created_at_id":
    "invoice (organization_id, mode, created_at, id)",
    "INDEX invoice_contact_id": "invoice (contact_id)",
    "UNIQUE INDEX payment_organization_id_mode_invoice_id_external_id":
    "payment (organization_id, mode, invoice_id, external_id)",
    "INDEX payment_organization_id_mode_created_at":
    "payment (organization_id, mode, created_at)",
    "INDEX payment_invoice_id": "payment (invoice_id)",
}  # fmt: skip

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement.format(**WORDS[_dialect(db)]))
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE payment")
    db.execute_sql("DROP TABLE invoice")
