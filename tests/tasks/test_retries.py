"""Retries are rows: a job that failed is parked by its actor's use case, never by the broker."""

import pytest

from tasks.actors.events import apply_event
from tasks.actors.voice import place_call
from tasks.broker import broker
from tasks.middleware import ExponentialBackoff
from tests import servers
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import PATIENT, special
from tests.waiting import until


@pytest.mark.row("F4")
@pytest.mark.row("A5")
def test_our_middleware_gives_the_backoff_and_the_stock_retries_are_not_there() -> None:
    names = [type(layer).__name__ for layer in broker.middleware]
    assert "ExponentialBackoff" in names
    assert "Retries" not in names
    assert place_call.options["park"] is not None
    assert apply_event.options["park"] is not None


def test_a_message_with_strange_arguments_is_dropped_and_nothing_else_suffers() -> None:
    """Somebody else's, or another version's: there is no row to write a next try into."""
    (backoff,) = [layer for layer in broker.middleware if isinstance(layer, ExponentialBackoff)]
    for arguments in ((), ("nt_1",), ("nt_1", 1, 2)):
        strange = place_call.message("nt_1", 1).copy(args=arguments)
        backoff.after_process_message(broker, strange, exception=TypeError("no such arguments"))


@ON_SQLITE
@pytest.mark.row("F4")
@pytest.mark.row("D4")
def test_a_retry_waits_in_its_row_and_survives_a_flush_of_the_broker(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(RETRY_VOICE_SECONDS="0.6,0.6", **PATIENT)
    made = stack.api.call(special("0112"))
    client = redis_server.client()

    def parked() -> bool:
        return any(call["state"] == "failed" for call in stack.api.attempts(made["id"]))

    until(parked, "a refused try")
    assert client.zcard("ringback:voice.DQ") == 0
    assert client.llen("ringback:voice.DQ") == 0
    client.flushall()
    assert stack.outcome(made["id"]) == "reached"
    calls = stack.api.attempts(made["id"])
    assert [call["attempt"] for call in calls] == [1, 2, 3]
    assert [call["state"] for call in calls] == ["failed", "failed", "completed"]
    assert [call["failure"]["reason"] for call in calls[:2]] == ["throttled", "throttled"]
    assert len(stack.sandbox.placed()) == 1
