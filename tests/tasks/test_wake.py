"""Waking a sleeping clock."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.models import upcoming
from tasks import broker, wake
from tests import servers
from tests.client import ANSWERED
from tests.conftest import Configure, StartStack
from tests.databases import ON_SQLITE
from tests.stack import Stack, special
from tests.waiting import until

LONG = "600"  # seconds: no test waits so long


@pytest.mark.row("D1")
def test_a_timer_written_while_the_clock_sleeps_falls_due_in_time(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(CLOCK_POLL_SECONDS=LONG)
    _asleep(redis_server)
    assert stack.outcome(_timer(stack, seconds=0.3)["id"]) == "reached"
    assert stack.outcome(_timer(stack, seconds=0.3)["id"]) == "reached"


@ON_SQLITE
@pytest.mark.row("D4")
def test_a_retry_that_a_worker_writes_falls_due_in_time(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(CLOCK_POLL_SECONDS=LONG, RETRY_VOICE_SECONDS="0.3,0.3")
    _asleep(redis_server)
    assert stack.outcome(stack.api.call(special("0112"))["id"]) == "reached"


@ON_SQLITE
@pytest.mark.row("B10")
def test_a_clock_is_woken_again_after_the_broker_was_away(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(CLOCK_POLL_SECONDS=LONG)
    _asleep(redis_server)
    redis_server.kill()
    redis_server.start()
    _asleep(redis_server)
    assert stack.outcome(_timer(stack, seconds=0.3)["id"]) == "reached"


@ON_SQLITE
def test_a_clock_that_sleeps_long_stops_soon(
    start_stack: StartStack, redis_server: servers.RedisServer
) -> None:
    stack = start_stack(CLOCK_POLL_SECONDS=LONG)
    _asleep(redis_server)
    assert stack._clock is not None
    stop, thread = stack._clock
    stop.set()
    thread.join(5)
    assert not thread.is_alive()


@ON_SQLITE
def test_only_what_is_due_before_the_next_look_wakes_a_clock(configure: Configure) -> None:
    configure(CLOCK_POLL_SECONDS="10")
    broker.answered()
    upcoming.forget()  # what other tests wrote in this thread
    alarm, stop = wake.Alarm(), threading.Event()
    assert alarm.listen()
    now = datetime.now(UTC)
    for ahead, woken in ((3600.0, False), (-5.0, True), (0.1, True), (30.0, False)):
        upcoming.wrote(now + timedelta(hours=2))
        upcoming.wrote(now + timedelta(seconds=ahead))
        upcoming.wrote(None)
        wake.if_soon()
        assert upcoming.soonest() is None
        assert alarm._rung(5.0 if woken else 0.1) == woken
    stop.set()
    alarm.sleep(60, stop)
    alarm.close()


def _timer(stack: Stack, **ahead: float) -> dict[str, Any]:
    starts = datetime.now(UTC) + timedelta(minutes=60, **ahead)
    rule = [{"kind": "before", "minutes": 60, "channel": "voice", "say": "Soon."}]
    booking = stack.api.book(ANSWERED, starts_at=starts.isoformat(), reminders=rule)
    (made,) = booking["reminders"]
    assert made["state"] == "scheduled"
    found: dict[str, Any] = made
    return found


def _asleep(server: servers.RedisServer) -> None:
    """Wait until one clock listens, and so is about to tick or asleep."""
    client = server.client()
    until(lambda: dict(client.pubsub_numsub("ringback:wake")) == {b"ringback:wake": 1}, "a clock")
    client.close()
