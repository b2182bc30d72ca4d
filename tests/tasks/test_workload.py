"""How far ahead of the workers a clock may run."""

import dramatiq
import pytest

from tasks import worker_id, workload
from tasks.actors import events, voice  # noqa: F401 - they declare the queues
from tasks.broker import broker
from tests import servers
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.tasks.crew import heard


def test_capacity_is_the_threads_of_living_workers_by_queue(
    redis_server: servers.RedisServer,
) -> None:
    heard(redis_server, 8, name="one")
    heard(redis_server, 32, ("voice",), name="two")
    heard(redis_server, 64, name="dead", seconds_ago=20)
    threads = workload.look().threads
    assert (threads["voice"], threads["events"]) == (40, 8)


@pytest.mark.parametrize(
    ("threads", "waiting", "room"),
    [
        (0, 0, 10), (0, 10, 0), (4, 0, 50), (4, 30, 20), (4, 45, 0), (4, 90, 0),
        (100, 0, 300), (100, 200, 100), (100, 250, 0),
    ],
)  # fmt: skip
def test_a_queue_is_kept_a_few_times_as_long_as_its_workers_can_hold(
    threads: int, waiting: int, room: int
) -> None:
    load = workload.Workload(False, {"voice": waiting}, {"voice": threads})
    assert load.room("voice") == room


def test_names_that_are_no_workers_count_for_nothing() -> None:
    names = ["0b9c", "worker-", "worker-x-voice-1", "worker-8-voice", "sw-8-voice-1", ""]
    assert not worker_id.threads(names)


@ON_SQLITE
def test_a_worker_tells_its_threads_and_queues_while_it_works(start_stack: StartStack) -> None:
    start_stack(parts=())
    plain = broker.broker_id
    for _ in range(2):
        worker = dramatiq.Worker(broker, queues={"voice"}, worker_timeout=20, worker_threads=3)
        worker.start()
        try:
            assert worker_id.threads([broker.broker_id]) == {"voice": 3}
        finally:
            worker.stop(timeout=5000)
            layers = broker.middleware
            layers[:] = [one for one in layers if type(one).__name__ != "_WorkerMiddleware"]
        assert broker.broker_id == plain
