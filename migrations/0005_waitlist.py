"""The waitlist: who waits, what is free, and what is held for whom."""

from typing import Any

TABLES = (
    """
    CREATE TABLE waitlist_entry (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        service {json} NOT NULL,
        service_id VARCHAR(200) NOT NULL,
        staff_id VARCHAR(40) REFERENCES contact (id),
        since TIMESTAMPTZ NOT NULL,
        until TIMESTAMPTZ NOT NULL,
        state VARCHAR(12) NOT NULL,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL
    )""",
    """
    CREATE TABLE slot (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        starts_at TIMESTAMPTZ NOT NULL,
        time_zone VARCHAR(64) NOT NULL,
        duration_minutes INTEGER,
        service {json} NOT NULL,
        service_id VARCHAR(200) NOT NULL,
        staff_id VARCHAR(40) REFERENCES contact (id),
        freed_by_id VARCHAR(40) REFERENCES booking (id),
        booking_id VARCHAR(40) REFERENCES booking (id),
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(40),
        closes_at TIMESTAMPTZ NOT NULL,
        look_at TIMESTAMPTZ,
        created_at TIMESTAMPTZ NOT NULL,
        updated_at TIMESTAMPTZ NOT NULL
    )""",
    """
    CREATE TABLE offer (
        id VARCHAR(40) NOT NULL PRIMARY KEY,
        organization_id VARCHAR(40) NOT NULL REFERENCES organization (id),
        mode VARCHAR(4) NOT NULL,
        slot_id VARCHAR(40) NOT NULL REFERENCES slot (id),
        waitlist_entry_id VARCHAR(40) NOT NULL REFERENCES waitlist_entry (id),
        contact_id VARCHAR(40) NOT NULL REFERENCES contact (id),
        booking_id VARCHAR(40) REFERENCES booking (id),
        state VARCHAR(12) NOT NULL,
        reason VARCHAR(40),
        offered_at TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL,
        ended_at TIMESTAMPTZ
    )""",
)

UNIQUE = {
    # Sold once: of a slot, and of an entry, one offer stands or was taken.
    "offer_holds_slot": "offer (slot_id) WHERE state IN ('offered', 'accepted')",
    "offer_holds_entry": "offer (waitlist_entry_id) WHERE state IN ('offered', 'accepted')",
    "offer_slot_id_contact_id": "offer (slot_id, contact_id)",
    "slot_of_staff": "slot (organization_id, mode, staff_id, starts_at)"
    " WHERE staff_id IS NOT NULL AND state IN ('open', 'offered')",
}
INDEXES = {
    "waitlist_entry_line": "waitlist_entry (organization_id, mode, service_id, created_at, id)"
    " WHERE state = 'waiting'",
    "waitlist_entry_listed": "waitlist_entry (organization_id, mode, created_at, id)",
    "waitlist_entry_contact_id": "waitlist_entry (contact_id)",
    "slot_open": "slot (organization_id, mode, service_id, starts_at) WHERE state = 'open'",
    "slot_listed": "slot (organization_id, mode, created_at, id)",
    "slot_staff_id": "slot (staff_id)",
    "offer_listed": "offer (organization_id, mode, offered_at, id)",
    "offer_waitlist_entry_id": "offer (waitlist_entry_id)",
    "offer_contact_id": "offer (contact_id)",
    "offer_expires": "offer (expires_at) WHERE state = 'offered'",
}
WORDS = {"postgresql": {"json": "JSONB"}, "sqlite": {"json": "TEXT"}}


def _dialect(db: Any) -> str:
    return "sqlite" if "sqlite" in type(db).__name__.lower() else "postgresql"


def up(migrator: Any, db: Any) -> None:
    for statement in TABLES:
        db.execute_sql(statement.format(**WORDS[_dialect(db)]))
    for name, definition in UNIQUE.items():
        db.execute_sql(f"CREATE UNIQUE INDEX {name} ON {definition}")
    for name, definition in INDEXES.items():
        db.execute_sql(f"CREATE INDEX {name} ON {definition}")


def down(migrator: Any, db: Any) -> None:
    for table in ("offer", "slot", "waitlist_entry"):
        db.execute_sql(f"DROP TABLE {table}")
