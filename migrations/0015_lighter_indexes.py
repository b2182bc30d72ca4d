"""Indexes of events and attempts without the rows that nobody looks for in them, and none twice:
each change of such a row writes all that it is in anew."""

from collections.abc import Iterable
from itertools import chain
from typing import Any

from peewee import PostgresqlDatabase

atomic = False  # each index in a transaction of its own: a table takes no writes while one is made
ATTEMPTS = ("call_log", "message_log")


def _were() -> dict[str, str]:
    """What goes, by name."""
    found = {
        "provider_event_organization_id_state":
            "INDEX {} ON provider_event (organization_id, state)",
        "provider_event_of_calls": "INDEX {} ON provider_event (organization_id, applied_at)"
        " WHERE call_id IS NOT NULL AND applied_at IS NOT NULL",
        "provider_event_call_id": "INDEX {} ON provider_event (call_id)",
        "provider_event_message_id": "INDEX {} ON provider_event (message_id)",
    }  # fmt: skip
    for table in ATTEMPTS:
        found |= {
            f"{table}_booking_id": f"INDEX {{}} ON {table} (booking_id)",
            f"{table}_open_key": f"UNIQUE INDEX {{}} ON {table} (open_key)",
            f"{table}_external_id": f"INDEX {{}} ON {table} (external_id)",
            f"{table}_provider_account_external_id":
                f"UNIQUE INDEX {{}} ON {table} (provider, account, external_id)",
        }  # fmt: skip
    return found


def _are() -> dict[str, str]:
    """What comes in their place."""
    found = {
        "provider_event_unapplied": "INDEX {} ON provider_event (organization_id, state)"
        " WHERE applied_at IS NULL",
        "provider_event_applied": "INDEX {} ON provider_event (organization_id, applied_at)"
        " WHERE applied_at IS NOT NULL",
        "provider_event_call_id": "INDEX {} ON provider_event (call_id) WHERE call_id IS NOT NULL",
        "provider_event_message_id": "INDEX {} ON provider_event (message_id)"
        " WHERE message_id IS NOT NULL",
    }
    for table in ATTEMPTS:
        found |= {
            f"{table}_booking_id":
                f"INDEX {{}} ON {table} (booking_id) WHERE booking_id IS NOT NULL",
            f"{table}_open_key": f"UNIQUE INDEX {{}} ON {table} (open_key)"
            " WHERE open_key IS NOT NULL",
            # Also for a search by the provider's id alone, which names no account.
            f"{table}_external_id": f"UNIQUE INDEX {{}} ON {table}"
            " (external_id, account, provider) WHERE external_id IS NOT NULL",
        }  # fmt: skip
    return found


def _change(db: Any, gone: dict[str, str], made: dict[str, str]) -> None:
    """What was interrupted can be run again, whatever came of it."""
    by_name = isinstance(db, PostgresqlDatabase)
    if not by_name:  # SQLite, where nobody else writes meanwhile and no index is renamed
        with db.atomic():
            _drop(db, gone, made)
            for name, about in made.items():
                db.execute_sql("CREATE " + about.format(name))
        return
    for name, about in made.items():
        with db.atomic():
            _drop(db, [_for_now(name)])
            db.execute_sql("CREATE " + about.format(_for_now(name)))
    with db.atomic():
        # At once, or whoever has read one of them and writes to another waits in a circle.
        tables = ", ".join((*ATTEMPTS, "provider_event"))
        db.execute_sql(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        _drop(db, gone, made)
        for name in made:
            db.execute_sql(f"ALTER INDEX {_for_now(name)} RENAME TO {name}")


def _for_now(name: str) -> str:
    return f"{name}_made"


def _drop(db: Any, *names: Iterable[str]) -> None:
    for name in dict.fromkeys(chain(*names)):
        db.execute_sql(f"DROP INDEX IF EXISTS {name}")


def up(migrator: Any, db: Any) -> None:
    _change(db, _were(), _are())


def down(migrator: Any, db: Any) -> None:
    _change(db, _are(), _were())
