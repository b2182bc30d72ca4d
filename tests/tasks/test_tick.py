"""One tick: its parts fail one by one, and it knows how long to sleep."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest

from gateway.models import base
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.notification import Notification
from tasks import broker, clock, tick, trouble, workload
from tests import servers
from tests.databases import ON_SQLITE
from tests.rows import call, notification
from tests.tasks.crew import claims_out, due, forbid_updates, heard, stored_event
from tests.usecases.desk import Desk


@pytest.mark.row("B10")
def test_a_part_of_a_tick_that_fails_is_named_and_stops_no_other_part(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    trouble.over("look-ups", "as far as this test goes")
    made = due(desk, 2)
    call(desk.row(made[0]), lookup_at=desk.now)
    stored_event(desk)
    forbid_updates("call_log")
    assert clock.tick(desk.now) == 2
    assert broker.backlog("events") == 1
    told = [record.msg for record in caplog.records if record.name == "tasks.trouble"]
    assert [line["part"] for line in told if isinstance(line, dict)] == ["look-ups"]
    base.db.execute_sql("DROP TABLE hold")  # the agenda can't be read any more either
    assert clock.tick(desk.now + timedelta(seconds=tick.EVENT_PAUSE)) == 0
    assert broker.backlog("events") == 2


def test_a_tick_with_nothing_to_do_asks_the_database_once(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    notification(desk.caller.organization_id, next_attempt_at=desk.now + timedelta(seconds=1))
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        assert clock.tick(desk.now) == 0
    mine = [one for one in caplog.records if one.thread == threading.get_ident()]
    assert [one.name for one in mine] == ["peewee"]


def _pause(poll: float = 60) -> float:
    return tick.Tick(datetime.now(UTC)).run().pause(poll)


@ON_SQLITE
def test_a_clock_sleeps_until_something_falls_due_and_never_longer_than_its_poll(
    desk: Desk,
) -> None:
    assert _pause() == 60
    soon = datetime.now(UTC) + timedelta(seconds=20)
    notification(desk.caller.organization_id, next_attempt_at=soon)
    assert 1 < _pause() < 20
    assert _pause(0.5) == 0.5


@ON_SQLITE
def test_while_more_waits_than_the_broker_gets_the_clock_looks_again_at_once(desk: Desk) -> None:
    due(desk, 350)
    assert _pause() < 0.1
    assert claims_out("voice") == 300
    assert _pause() < 0.1


@ON_SQLITE
@pytest.mark.row("B10")
def test_a_clock_that_can_do_nothing_does_not_spin(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    due(desk, 15)
    redis_server.client().flushall()
    assert _pause() == 0.5
    assert broker.backlog("voice") == workload.UNMANNED
    assert _pause() == 0.5  # ten wait for workers that are not there
    heard(redis_server, 1)
    Hold.create(scope=EVERYTHING, reason="by_hand", since=desk.now)
    assert _pause() > 0.5  # frozen: it sleeps until the leases end
    Hold.delete().execute()
    redis_server.kill()
    try:
        assert _pause() == 0.5
    finally:
        redis_server.start()


@ON_SQLITE
@pytest.mark.row("C8")
def test_a_queue_that_nobody_works_on_does_not_make_the_clock_spin(desk: Desk) -> None:
    due(desk, 15)
    Notification.update(lane="messages:3").execute()
    assert _pause() == 0.5
    assert broker.backlog("messages") == workload.UNMANNED
    assert _pause() == 0.5
    due(desk, workload.TIMES * 100 + 1)
    assert _pause() < 0.1  # whoever takes calls makes room for the last one soon


@ON_SQLITE
@pytest.mark.row("B10")
def test_a_row_that_can_not_be_taken_back_does_not_make_the_clock_spin(desk: Desk) -> None:
    (out,) = due(desk, 1)
    assert clock.tick(desk.now - timedelta(minutes=1)) == 0
    assert clock.tick(desk.now) == 1
    base.db.execute_sql("UPDATE notification SET lease_until = created_at")
    forbid_updates("notification")
    assert _pause() == 0.5
    assert desk.row(out).state == "due"
