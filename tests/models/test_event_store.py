"""Provider events that come at the same moment are stored together, each of them as if alone."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.models import event_store
from gateway.models.base import connection, db
from gateway.models.provider_event import ProviderEvent
from tests.conftest import Configure

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def database(configure: Configure) -> None:
    """A migrated database."""
    configure()


def _event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "provider": "twilio", "account": "AC1", "kind": "call-status",
        "dedup_key": f"key {number}", "digest": f"digest {number}", "path": "twilio/voice",
        "received_at": NOW, "next_attempt_at": NOW, "body": "Grüße & 'quotes' \"too\" \\", **more,
    }  # fmt: skip


def _at_once(events: Sequence[dict[str, Any]]) -> list[str | Exception | None]:
    """Have each stored by a thread of its own, all beginning together."""
    ready = threading.Barrier(len(events))

    def store(event: dict[str, Any]) -> str | Exception | None:
        ready.wait()
        try:
            with connection():
                return event_store.keep(**event)
        except Exception as fault:
            return fault

    with ThreadPoolExecutor(len(events)) as pool:
        return list(pool.map(store, events))


@pytest.mark.row("F3")
def test_events_of_one_moment_are_all_stored_each_under_the_id_that_is_told() -> None:
    told = _at_once([_event(number) for number in range(16)])
    for number, event_id in enumerate(told):
        kept = ProviderEvent.get_by_id(event_id)
        assert (kept.dedup_key, kept.body) == (f"key {number}", _event(number)["body"])
        assert (kept.state, kept.received_at, kept.next_attempt_at) == ("received", NOW, NOW)
        assert (kept.tries, kept.source, kept.query) == (0, "webhook", "")


@pytest.mark.row("F3")
def test_of_doubles_at_one_moment_one_is_stored() -> None:
    same = [_event(number % 3, digest=f"digest {number % 3}") for number in range(15)]
    told = _at_once(same)
    assert len([event_id for event_id in told if event_id is not None]) == 3
    assert ProviderEvent.select().count() == 3
    cut_anew = _event(99, digest="digest 1")
    with connection():
        assert event_store.keep(**cut_anew) is None, "the same signed content"


@pytest.mark.row("F3")
def test_an_event_that_can_not_be_stored_stops_no_other_of_its_moment() -> None:
    events = [_event(number) for number in range(12)]
    events[5]["path"] = None
    told = _at_once(events)
    assert not isinstance(told[5], str)
    assert ProviderEvent.select().count() == 11
    assert all(isinstance(event_id, str) for at, event_id in enumerate(told) if at != 5)


@pytest.mark.row("F3")
def test_when_nothing_can_be_stored_everybody_hears_it_and_afterwards_all_go_on() -> None:
    with connection():
        db.execute_sql("ALTER TABLE provider_event RENAME TO gone")
    assert all(isinstance(one, Exception) for one in _at_once([_event(n) for n in range(8)]))
    with connection():
        db.execute_sql("ALTER TABLE gone RENAME TO provider_event")
    assert all(isinstance(one, str) for one in _at_once([_event(n) for n in range(8)]))
