"""Nurture campaigns: sequences of steps, and the people who are enrolled in them."""

from typing import Any

TABLES = (
    """
    CREATE TABLE sequence (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        name VARCHAR(200) NOT NULL,
        version INTEGER NOT NULL,
        steps {json} NOT NULL,
        leave_on {json} NOT NULL,
        renewals INTEGER NOT NULL,
        renewed_to VARCHAR(40) NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        paused_at TIMESTAMPTZ,
        stopped_at TIMESTAMPTZ,
        archived_at TIMESTAMPTZ
    )""",
    """
    CREATE TABLE enrolment (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        sequence_id VARCHAR(40) NOT NULL REFERENCES sequence (id),
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        variables {json} NOT NULL,
        done {json} NOT NULL,
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(40),
        since TIMESTAMPTZ NOT NULL,
        next_at TIMESTAMPTZ,
        enrolled_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL,
        paused_at TIMESTAMPTZ,
        ended_at TIMESTAMPTZ
    )""",
)

INDEXES = {
    "INDEX sequence_organization_id_mode_created_at_id": "sequence"
    " (organization_id, mode, created_at, id)",
    "INDEX enrolment_sequence_id_enrolled_at_id": "enrolment (sequence_id, enrolled_at, id)",
    "INDEX enrolment_contact_id": "enrolment (contact_id)",
    # A person is in a sequence once at a time.
    "UNIQUE INDEX enrolment_live": "enrolment (sequence_id, contact_id) WHERE ended_at IS NULL",
    "INDEX enrolment_renewed": "enrolment (sequence_id, id) WHERE ended_at IS NULL",
}

WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement.format(**WORDS[_dialect(db)]))
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    db.execute_sql("DROP TABLE enrolment")
    db.execute_sql("DROP TABLE sequence")
