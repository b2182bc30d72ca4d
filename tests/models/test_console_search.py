"""Each question of the console's search has an index that answers it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import base, console_search
from tests.conftest import Configure
from tests.databases import ON_SQLITE

pytestmark = ON_SQLITE  # which says what it uses; the indexes are the same on PostgreSQL
NOW = datetime(2026, 6, 1, tzinfo=UTC)
OWN = ("or_1", "test")


def attempts(**filters: Any) -> Callable[[], object]:
    return lambda: console_search.attempts(*OWN, filters, 26, (NOW, "cl_1"))


QUESTIONS: dict[str, tuple[Callable[[], object], str]] = {
    "all": (attempts(), "organization_id_mode_created_at_id"),
    "people": (attempts(hashes=["a", "b"]), "call_log_sent_to"),
    "one by id": (attempts(ids=["cl_1"]), "autoindex"),
    "channel": (attempts(channel="sms"), "message_log_channel"),
    "provider": (attempts(provider="p", channel="voice"), "call_log_provider"),
    "failed": (attempts(states=("failed",), channel="voice"), "call_log_state"),
    "lost": (attempts(states=("undelivered",)), "message_log_state"),
    "under way": (attempts(states=("ringing", "placing")), "call_log_state"),
    "sending": (attempts(states=("sending",)), "message_log_state"),
    "came in": (attempts(states=("received",)), "message_log_state"),
    "words": (attempts(q="monday"), "transcript_search"),
    "a name": (lambda: console_search.named(*OWN, "ada", 50), "contact_name"),
    "an address": (lambda: console_search.people(*OWN, hashes=["a"]), "contact_phone_hash"),
    "a person": (lambda: console_search.people(*OWN, ids=["ct_1"]), "autoindex"),
    "a client's person": (lambda: console_search.people(*OWN, external_id="7"), "external_id"),
    "a client's booking": (lambda: console_search.bookings(*OWN, ref="7"), "external_id"),
    "a person's bookings": (
        lambda: console_search.bookings(*OWN, contact_ids=["ct_1"]), "booking_contact_id",
    ),
    "an id": (lambda: console_search.attempts_by_id(*OWN, "CA1"), "call_log_external_id"),
    "a booking's": (lambda: console_search.attempts_of_bookings(["bk_1"]), "call_log_booking_id"),
    "moves": (lambda: console_search.moves(*OWN, ["bk_1"]), "feed_entry_object_id"),
    "events": (lambda: console_search.raw_events("cl_1"), "provider_event_call_id"),
}  # fmt: skip


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_a_question_is_answered_by_an_index(configure: Configure, question: str) -> None:
    configure()
    ask, index = QUESTIONS[question]
    asked: list[Any] = []
    with base.connection():
        hooks = base.db.obj.query_hooks
        hooks.append(asked.append)
        ask()
        hooks.clear()
        steps = [
            str(row[3])
            for one in asked
            for row in base.db.execute_sql(f"EXPLAIN QUERY PLAN {one.sql}", one.params)
        ]
    assert any(index in step for step in steps), steps
    walks = [step for step in steps if step.startswith("SCAN")]
    assert [one for one in walks if "VIRTUAL TABLE INDEX" not in one and one != "SCAN said"] == []
