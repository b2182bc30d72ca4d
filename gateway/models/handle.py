"""The one handle of the database, which `base.connect` points at it."""

from peewee import DatabaseProxy, InterfaceError, OperationalError

db = DatabaseProxy()


def answers() -> bool:
    """Whether this thread's connection works, after a fault that may have been mere waiting for a
    lock. Call it outside of transactions."""
    try:
        db.execute_sql("SELECT 1")
    except (OperationalError, InterfaceError):
        return False
    return True
