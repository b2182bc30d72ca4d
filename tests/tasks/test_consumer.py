"""Consumers that Redis wakes: at once, asking nothing meanwhile, whatever goes wrong."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.redis import RedisBroker

from gateway import settings
from tasks import redis_client
from tasks.consumer import EVERY, QuickStop
from tasks.doorbell import Doorbell
from tests import servers
from tests.waiting import until

AT_ONCE = EVERY / 4
HEARTBEATS = "ringback:__heartbeats__"


class Crew:
    """A worker of this process with an actor that tells when it begins, and, if asked to, waits."""

    def __init__(self, threads: int) -> None:
        self.begun: list[float] = []
        self.go_on = threading.Event()
        self.go_on.set()
        client = redis_client.connect(settings.current())
        self.broker = Doorbell(client=client, namespace="ringback", middleware=[QuickStop()])
        self.work = dramatiq.actor(queue_name="rung", broker=self.broker)(self._work)
        self.worker = dramatiq.Worker(self.broker, worker_timeout=200, worker_threads=threads)
        self.worker.start()
        self.stopped = False

    def _work(self) -> None:
        self.begun.append(time.monotonic())
        self.go_on.wait(30)

    def took(self) -> float:
        """Seconds from sending a message until it begins."""
        known, sent = len(self.begun), time.monotonic()
        self.work.send()
        until(lambda: len(self.begun) > known, "the beginning", seconds=15, pause=0.002)
        return self.begun[known] - sent

    def prompt(self, times: int) -> bool:
        """Whether so many messages in a row begin at once. A busy machine may hold one up, and
        so there are several rounds; to who is not woken each costs a second."""
        return any(max(self.took() for _ in range(times)) < AT_ONCE for _ in range(6))

    def stop(self) -> None:
        """End it, once."""
        if not self.stopped:
            self.stopped = True
            self.worker.stop()


Hire = Callable[..., Crew]


@pytest.fixture
def hire(redis_server: servers.RedisServer) -> Iterator[Hire]:
    """Starts crews, which are at rest then."""
    hired = []

    def start(threads: int = 4) -> Crew:
        crew = Crew(threads)
        hired.append(crew)
        until(lambda: _listeners(redis_server) >= len(hired), "someone who listens")
        return crew

    yield start
    for crew in hired:
        crew.go_on.set()
        crew.stop()


def _listeners(server: servers.RedisServer) -> int:
    found: Any = server.client().pubsub_numsub("ringback:rung")
    return int(found[0][1])


def _ears(server: servers.RedisServer) -> set[str]:
    """The connections that listen."""
    listed: Any = server.client().client_list(_type="pubsub")
    return {one["id"] for one in listed}


def _asked(server: servers.RedisServer) -> int:
    stats: Any = server.client().info("commandstats")
    scripts: dict[str, int] = stats.get("cmdstat_evalsha", {"calls": 0})
    return scripts["calls"]


def test_a_message_wakes_a_worker_that_rests(hire: Hire) -> None:
    crew = hire()
    assert any(sorted(crew.took() for _ in range(8))[4] < 0.05 for _ in range(6))
    assert crew.prompt(8)


def test_a_worker_that_rests_asks_for_each_queue_once_a_second_and_nothing_else(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire()
    crew.took()
    until(lambda: not redis_server.client().hlen("ringback:rung.msgs"), "the end of the message")
    before, began = _asked(redis_server), time.monotonic()
    time.sleep(2.5 * EVERY)  # what is to be seen is that nothing happens
    looks = _asked(redis_server) - before
    assert 1 <= looks <= (time.monotonic() - began) / EVERY + 1


def test_a_message_of_which_nobody_heard_is_found_a_second_later(hire: Hire) -> None:
    crew = hire()
    client = crew.broker.client
    silent = RedisBroker(client=client, namespace="ringback", middleware=[])  # type: ignore[no-untyped-call]
    message = crew.work.message()
    silent.declare_queue("rung")
    sent = time.monotonic()
    silent.enqueue(message)
    until(lambda: crew.begun, "the beginning")
    assert crew.begun[0] - sent < EVERY + 2  # of a busy machine


def test_a_worker_is_woken_again_after_redis_was_away(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire()
    crew.took()
    redis_server.kill()
    redis_server.start()
    until(lambda: _listeners(redis_server) == 1, "someone who listens", seconds=15)
    crew.took()
    assert crew.prompt(4)


def test_a_worker_still_hears_after_somebody_rang_with_what_is_no_text(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire()
    crew.took()
    before = _ears(redis_server)
    redis_server.client().publish("ringback:rung", b"\xff\xfe")
    until(lambda: _ears(redis_server) - before, "another subscription")
    until(lambda: _listeners(redis_server) == 1, "someone who listens")
    crew.took()
    assert crew.prompt(4)


def test_a_worker_that_rests_ends_at_once(hire: Hire) -> None:
    def ends(crew: Crew) -> float:
        crew.took()
        began = time.monotonic()
        crew.stop()
        return time.monotonic() - began

    assert any(ends(hire()) < 0.8 for _ in range(4))  # it has just looked: else it takes a second


def test_a_worker_that_is_full_is_still_known_to_live_and_goes_on_when_there_is_room(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire(threads=1)
    crew.go_on.clear()
    for _ in range(5):  # one is at work, one more was taken, three wait in Redis
        crew.work.send()
    until(lambda: redis_server.client().llen("ringback:rung") == 3, "a full worker")
    name = crew.broker.broker_id

    def heard() -> float:
        score: Any = redis_server.client().zscore(HEARTBEATS, name)
        return float(score)

    before = heard()
    until(lambda: heard() > before, "a heartbeat")
    began = time.monotonic()
    crew.go_on.set()
    until(lambda: len(crew.begun) == 5, "all of them", pause=0.002)
    assert time.monotonic() - began < 0.8 * EVERY  # it has just looked, and looks at once again


def test_a_worker_that_is_to_end_takes_nothing_more_and_is_known_to_live_until_it_is_done(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire(threads=1)
    crew.go_on.clear()
    crew.took()
    ending = threading.Thread(target=crew.stop)
    ending.start()
    until(lambda: crew.broker.bells.closing, "the wish to end")
    time.sleep(0.1)  # a look that was under way
    crew.work.send()
    name = crew.broker.broker_id
    before: Any = redis_server.client().zscore(HEARTBEATS, name)
    until(lambda: redis_server.client().zscore(HEARTBEATS, name) != before, "a heartbeat")
    assert redis_server.client().llen("ringback:rung") == 1
    began = time.monotonic()
    crew.go_on.set()
    ending.join(10)
    assert time.monotonic() - began < 0.8
    assert len(crew.begun) == 1
    assert hire().broker
    until(lambda: not redis_server.client().llen("ringback:rung"), "its turn at another worker")


def test_messages_that_a_worker_gives_back_wake_another(hire: Hire) -> None:
    full, free = hire(threads=1), hire(threads=1)
    free.go_on.clear()
    full.go_on.clear()
    for _ in range(4):
        full.work.send()
    until(lambda: len(full.begun) == len(free.begun) == 1, "both at work")
    ending = threading.Thread(target=full.stop)
    ending.start()
    free.go_on.set()
    full.go_on.set()
    ending.join(10)
    until(lambda: len(full.begun) + len(free.begun) == 4, "all of them")


def test_many_messages_at_once_are_all_done_by_few_looks(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire(threads=8)
    before = _asked(redis_server)
    with crew.broker.together():
        for _ in range(200):
            crew.work.send()
    until(lambda: len(crew.begun) == 200, "all of them", pause=0.01)
    until(lambda: not redis_server.client().hlen("ringback:rung.msgs"), "their ends")
    looks = _asked(redis_server) - before - 400  # each was queued and acknowledged
    assert looks < 100


def test_messages_go_together_to_a_redis_that_forgot_the_script_of_the_broker(
    hire: Hire, redis_server: servers.RedisServer
) -> None:
    crew = hire()
    redis_server.client().script_flush()
    with crew.broker.together():
        for _ in range(3):
            crew.work.send()
    until(lambda: len(crew.begun) == 3, "all of them", pause=0.01)
