"""Every table says what it keeps about people."""

from gateway.models import personal_export
from gateway.models.holdings import HOLDINGS
from gateway.models.tables import TABLES

# Emptied row by row in gateway/models/personal.py and stray.py.
EMPTIED = {
    "contact", "booking", "notification", "call_log", "message_log", "provider_event",
    "transcript", "transcript_segment", "consent", "dead_letter", "idempotency_record",
}  # fmt: skip
# Why nothing of a person's stands in the others.
NOTHING_PERSONAL = {
    "organization": "a client of ours", "api_key": "the client's own staff",
    "sender": "our own addresses", "rate": "figures of an organization",
    "template": "texts for everybody", "hold": "scopes of sending", "job": "ids and keyed hashes",
    "cron_job": "schedules", "slot": "a time, without who had it",
    "sequence": "steps for everybody", "snapshot": "figures of a day",
    "snapshot_reading": "how far the news was read", "feed_base": "a number",
    "feed_entry": "ids and states", "audit_entry": "ids, and the client's own staff",
    "erasure": "ids", "staff": "the client's own staff",
    "staff_session": "likewise; what they searched for goes with the session",
    "staff_throttle": "keyed hashes of who tried to sign in", "tally": "counts",
}  # fmt: skip


def table_of(model: object) -> str:
    meta = getattr(model, "_meta")  # noqa: B009 - every model has one
    return str(meta.table_name)


def test_every_table_is_emptied_of_a_person_or_has_nothing_of_one() -> None:
    held = {table_of(holding.table) for holding in HOLDINGS}
    known = [*EMPTIED, *NOTHING_PERSONAL, *held]
    assert sorted(known) == sorted({table_of(model) for model in TABLES})


def test_no_column_is_kept_from_an_export_that_is_in_no_table() -> None:
    columns = {name for model in TABLES for name in getattr(model, "_meta").fields}  # noqa: B009
    assert columns >= personal_export.OURS
