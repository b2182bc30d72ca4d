"""Each question about events and attempts has an index that answers it, though these have only the
rows that somebody looks for in them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import console_search, gauges, queue_counts, restored
from gateway.models.base import connection, db, dialect
from gateway.models.call_log import CallLog
from gateway.models.event_search import PARKED, find
from gateway.models.message_log import MessageLog
from gateway.models.provider_event import ProviderEvent
from gateway.models.reach import Reach
from tests.conftest import Configure
from tests.statements import Statement, heard, queries

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWN = "or_" + "0" * 26
REACH = Reach(OWN, "live", frozenset({("twilio", "AC1")}))

QUESTIONS: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "those not applied": (
        lambda: find(REACH, {"state": PARKED}, 10), {"provider_event_unapplied"}
    ),
    "how many stand where": (
        lambda: queue_counts.events(OWN, REACH, NOW, None),
        {"provider_event_unapplied", "provider_event_applied"},
    ),
    "applied lately": (lambda: gauges.done_since(NOW), {"provider_event_applied"}),
    "parked before a restore": (lambda: list(restored.parked()), {"provider_event_unapplied"}),
    "of a call": (lambda: ProviderEvent.timeline(["cl_1"]), {"provider_event_call_id"}),
    "of a message": (lambda: console_search.raw_events("ml_1"), {"provider_event_message_id"}),
    "a call by its id at the carrier": (
        lambda: CallLog.owner("twilio", "AC1", "CA1"), {"call_log_external_id"}
    ),
    "a message by it": (
        lambda: MessageLog.owner("twilio", "AC1", "SM1"), {"message_log_external_id"}
    ),
    "a call on a line": (lambda: CallLog.on_line("twilio|1"), {"call_log_open_key"}),
    "a message on a line": (lambda: MessageLog.on_line("twilio|1"), {"message_log_open_key"}),
    "calls for a booking": (
        lambda: list(CallLog.select().where(CallLog.booking == "bk_1")), {"call_log_booking_id"}
    ),
}  # fmt: skip


@pytest.fixture
def asked(configure: Configure) -> Iterator[None]:
    """A database that takes an index wherever there is one."""
    configure()
    with connection():
        if dialect() == "postgresql":
            db.execute_sql("SET enable_seqscan = off")
        yield


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_about_events_and_attempts_is_answered_by_an_index(question: str) -> None:
    ask, wanted = QUESTIONS[question]
    with heard() as found:
        ask()
    plans = "\n".join(_plan(one) for one in queries(found))
    assert [name for name in wanted if name not in plans] == [], plans
    assert "Seq Scan on provider_event" not in plans


def _plan(one: Statement) -> str:
    told = "EXPLAIN" if dialect() == "postgresql" else "EXPLAIN QUERY PLAN"
    rows = db.execute_sql(f"{told} {one.sql}", one.values).fetchall()
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.usefixtures("asked")
def test_an_event_that_was_applied_is_in_no_index_of_those_that_wait() -> None:
    """What the settling of an event does not write: PostgreSQL writes an entry into each index that
    has the row, whatever changed."""
    about = _indexes("provider_event")
    partial = {name for name, text in about.items() if " WHERE " in text.upper()}
    assert partial == {
        "provider_event_waiting", "provider_event_unapplied", "provider_event_applied",
        "provider_event_call_id", "provider_event_message_id", "provider_event_kept",
    }  # fmt: skip
    for table in ("call_log", "message_log"):
        whole = {name for name, text in _indexes(table).items() if " WHERE " not in text.upper()}
        assert not whole & {f"{table}_{name}" for name in ("open_key", "external_id", "booking_id")}


def _indexes(table: str) -> dict[str, str]:
    if dialect() == "sqlite":
        asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?"
    else:
        asked = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
    return {name: text or "" for name, text in db.execute_sql(asked, (table,)).fetchall()}
