"""The doorbell: what may be rung with, what it costs, and that nobody waits for it."""

import json
import time
from typing import Any

import pytest

from gateway.models import base
from gateway.models.base import new_id
from gateway.models.provider_event import ProviderEvent
from tasks import broker, redis_client, workload
from tasks.actors.background import check_provider, look_up
from tasks.actors.events import apply_event
from tasks.actors.voice import end_call, place_call
from tests import servers
from tests.client import ANSWERED
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import Stack
from tests.waiting import until

NT = "nt_" + "0" * 26


@pytest.mark.row("B10")
@pytest.mark.parametrize(
    "args",
    [
        (), (NT,), (NT, 0), (NT, -1), (NT, True), (NT, 1.0), (NT, "1"), (NT, None), (NT, 1, 2),
        ("", 1), ("+4915112345678", 1), ("nt_1", 1), (NT + "\n", 1), (NT.upper(), 1), (None, 1),
        ({"id": NT}, 1), ([NT], 1), (1, 1), ("nt_0000 0000000000000000000000", 1),
    ],
)  # fmt: skip
def test_a_job_that_is_not_an_id_and_a_claim_is_refused_before_it_is_queued(
    args: tuple[Any, ...], redis_server: servers.RedisServer
) -> None:
    with pytest.raises(ValueError, match="ids and claims"):
        broker.nudge(place_call, *args)
    assert redis_server.client().llen("ringback:voice") == 0


@pytest.mark.row("B10")
def test_every_actor_takes_ids_and_claims_and_nothing_else() -> None:
    broker.check(place_call, (NT, 1))
    broker.check(look_up, (new_id("cl"), 1))
    for actor in (apply_event, end_call, check_provider):
        broker.check(actor, (new_id("xx"),))
        for wrong in ((), ("x",), (new_id("xx"), 1)):
            with pytest.raises(ValueError, match="ids and claims"):
                broker.check(actor, wrong)


def test_a_job_with_a_delay_is_refused_since_nobody_would_find_it(
    redis_server: servers.RedisServer,
) -> None:
    with pytest.raises(ValueError, match="in a row"):
        place_call.send_with_options(args=(NT, 1), delay=1000)
    assert not broker.broker.get_declared_delay_queues()
    assert redis_server.client().llen("ringback:voice.DQ") == 0


@pytest.mark.row("B10")
def test_one_bad_job_among_many_queues_none(redis_server: servers.RedisServer) -> None:
    with pytest.raises(ValueError, match="ids and claims"):
        broker.nudge_each(place_call, [(NT, 1), (NT, 0)])
    assert redis_server.client().llen("ringback:voice") == 0


@ON_SQLITE
@pytest.mark.row("B10")
def test_a_waiting_job_costs_about_a_kilobyte_and_holds_no_personal_data(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(parts=())
    client = redis_server.client()
    stack.api.call(ANSWERED, metadata={"note": "zyxwv"})
    before = client.info("memory")["used_memory_dataset"]
    assert broker.nudge_each(place_call, ((new_id("nt"), 1) for _ in range(1000)))
    each = (client.info("memory")["used_memory_dataset"] - before) / 1000
    assert each < 1024
    held: Any = client.hvals("ringback:voice.msgs")
    messages = [bytes(raw) for raw in held]
    assert len(messages) == 1001
    for raw in messages:
        message = json.loads(raw)
        assert (message["actor_name"], message["kwargs"]) == ("place_call", {})
        broker.check(place_call, tuple(message["args"]))
    everything = b"".join(messages)
    assert not any(word in everything for word in (b"2025550100", b"noon", b"zyxwv", b"Ada"))


@ON_SQLITE
@pytest.mark.row("A4")
def test_a_broker_that_is_away_fails_no_request_and_slows_none_down(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(CLAIM_LEASE_SECONDS="600")
    redis_server.kill()
    try:
        took = []
        for _ in range(5):
            begun = time.monotonic()
            made = stack.api.call(ANSWERED)
            took.append(time.monotonic() - begun)
            assert made["state"] in ("due", "scheduled")
        assert sorted(took)[2] < 0.5
        assert max(took) < 3
        assert redis_client.standing(broker.broker.client) == "unreachable"
        assert broker.workers() == 0
    finally:
        redis_server.start()
    until(lambda: len(stack.sandbox.placed()) == 5, "all five calls", seconds=30)


@pytest.mark.parametrize("time", ["once", "again"])
def test_a_broker_that_another_test_lost_is_trusted_from_the_start(
    redis_server: servers.RedisServer, time: str
) -> None:
    assert broker.nudge(place_call, NT, 1)
    redis_server.kill()
    try:
        assert not broker.nudge(place_call, NT, 1)
    finally:
        redis_server.start()
    assert not broker.nudge(place_call, NT, 1), "for some seconds nobody tries"


@ON_SQLITE
@pytest.mark.row("B10")
def test_events_that_come_while_the_broker_is_away_are_applied_when_it_is_back(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(sandbox={"ring_seconds": 1.0})
    made = stack.api.call(ANSWERED)
    until(stack.sandbox.placed, "the placement")
    redis_server.kill()
    try:
        until(lambda: "completed" in _stored(), "the last status", seconds=30)
        assert stack.api.take("GET", f"/calls/{_only(stack, made)}")["state"] != "completed"
    finally:
        redis_server.start()
    assert stack.outcome(made["id"], seconds=30) == "reached"


def _only(stack: Stack, made: dict[str, Any]) -> str:
    (call,) = stack.api.attempts(made["id"])
    return str(call["id"])


def _stored() -> set[str | None]:
    with base.connection():
        return {row.status for row in ProviderEvent.select()}


def test_it_is_noticed_that_the_broker_lost_everything_until_that_was_seen_to(
    redis_server: servers.RedisServer,
) -> None:
    assert not workload.look().emptied
    redis_server.client().flushall()
    assert workload.look().emptied
    assert workload.look().emptied
    workload.mark()
    assert not workload.look().emptied
