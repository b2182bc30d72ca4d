"""When a clock has something to do next. It says what gateway.models.agenda says, which a test
compares; the text is written down because building it takes longer than running it."""

from gateway.models.agenda import Agenda
from gateway.models.base import UTCField, db

HEADS = (
    ("next_attempt_at", "notification", ""),
    ("lease_until", "notification", ""),
    ("next_attempt_at", "provider_event", ""),
    ("lookup_at", "call_log", ""),
    ("end_at", "call_log", " AND external_id IS NOT NULL"),
    ("check_at", "hold", " AND until IS NULL"),
    ("held_by", "notification", ""),
)
QUERY = "SELECT " + ", ".join(
    f"(SELECT MIN({column}) FROM {table} WHERE {column} IS NOT NULL{more})"
    for column, table, more in HEADS
)
_moment = UTCField().python_value


def read() -> Agenda:
    """The agenda of this moment."""
    *raw, held = db.execute_sql(QUERY).fetchone()
    claim, lease, event, look_up, ending, check = map(_moment, raw)
    due = {} if claim is None else {"voice:3": claim}
    return Agenda(due, lease, event, look_up, ending, check, held=held is not None)
