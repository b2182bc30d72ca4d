"""Messages that name several claims: when they do, how they are counted, and how they are done."""

import json
import time

import pytest

from gateway.models import base
from gateway.models.notification import Notification
from tasks import broker, clock, workload
from tasks.actors.sending import hand_out
from tasks.actors.voice import place_calls
from tasks.claims import parcels
from tests import servers
from tests.collectors import listening
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.rows import notification
from tests.stack import PATIENT, special
from tests.tasks.crew import claims_out, due, heard
from tests.usecases.desk import Desk
from tests.waiting import until

CLIENT = "00-0af7651916cd43dd8448eb211c8031{:02}-b7ad6b7169203331-01"


@pytest.fixture(autouse=True)
def _nothing_sent_before() -> None:
    workload.mark()


@pytest.mark.row("D1")
def test_a_single_row_that_is_due_gets_a_message_of_its_own(desk: Desk) -> None:
    (alone,) = due(desk, 1)
    assert clock.tick(desk.now) == 1
    (message,) = broker.broker.client.hvals("ringback:voice.msgs")
    told = json.loads(message)
    assert (told["actor_name"], told["args"]) == ("place_call", [alone, 1])


@pytest.mark.row("D1")
def test_as_long_as_there_are_threads_for_all_each_gets_a_message(desk: Desk) -> None:
    due(desk, 100)
    assert clock.tick(desk.now) == 100
    assert broker.backlog("voice") == claims_out("voice") == 100


@pytest.mark.row("D1")
def test_where_more_is_due_than_there_are_threads_a_message_names_several(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    redis_server.client().delete("ringback:__heartbeats__")
    heard(redis_server, 4)
    made = due(desk, 100)
    assert clock.tick(desk.now) == workload.LEAST
    assert claims_out("voice") == workload.LEAST
    assert broker.backlog("voice") == -(-workload.LEAST // workload.FEW)
    assert clock.tick(desk.now) == 0, "claims are counted, and not messages"
    held = Notification.select().where(Notification.lease_until.is_null(False))
    assert {row.id for row in held} <= set(made)


@ON_SQLITE
def test_a_message_names_more_the_quicker_the_workers_are_and_never_too_many(desk: Desk) -> None:
    def size(found: int = 200) -> int:
        load = workload.Workload(False, {"voice": 0}, {"voice": 4}, {"voice": 1000})
        return load.size("voice", found)

    sent = workload.sent("voice")
    sent.note([1000] * 20)  # so many that they were quick on a busy machine too
    assert sent.rows(20) == 20_000
    assert size() == workload.FEW, "what nobody took tells nothing of the pace"
    assert sent.rows(0) == 0
    assert size() == workload.MOST
    time.sleep(1.1)
    assert sent.rows(0) == 0
    assert size() == workload.FEW
    nobody = workload.Workload(False, {"voice": 0}, {}, {"voice": 0})
    assert nobody.size("voice", 200) == 1


@ON_SQLITE
def test_a_broker_that_is_away_is_told_of_and_nothing_counts_as_sent(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    load = workload.Workload(False, {"voice": 0}, {"voice": 1}, {"voice": 0})
    row = notification(desk.caller.organization_id)
    redis_server.kill()
    try:
        assert not hand_out("voice", [(row.id, 1)] * 6, load)
    finally:
        redis_server.start()
    assert workload.sent("voice").rows(2) == 2


@ON_SQLITE
@pytest.mark.row("C5")
def test_rows_of_one_message_keep_the_traces_of_their_own(start_stack: StartStack) -> None:
    with listening() as inbox:
        stack = start_stack(parts=(), OTEL_EXPORTER_OTLP_ENDPOINT=inbox.url, **PATIENT)
        made = []
        for number in range(3):
            stack.api.session.headers["traceparent"] = CLIENT.format(number)
            api = stack.api
            api.session.headers["traceparent"] = CLIENT.format(number)
            made.append(api.call(special(f"015{number}"))["id"])
        broker.broker.flush("voice")
        assert broker.nudge_each(place_calls, parcels([(id_, 1) for id_ in made], 3))
        stack.start_worker()
        until(lambda: len(stack.sandbox.placed()) == 3, "the calls")
        stack.close()
        from gateway import tracing

        tracing.stop()
        placed = [span for span in inbox.spans() if span.name == "place voice"]
        asked = [span for span in inbox.spans() if span.name == "POST carrier"]
    wanted = {CLIENT.format(number).split("-")[1] for number in range(3)}
    assert {span.trace for span in placed} == {span.trace for span in asked} == wanted
    with base.connection():
        rows = Notification.select().where(Notification.id.in_(made))
        assert {str(row.traceparent).split("-")[1] for row in rows} == wanted
