"""The clock: finds what is due, rings for it, and takes back what nobody finished."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.models import base, claims
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from tasks import broker, clock
from tests import servers
from tests.conftest import StartStack
from tests.databases import ON_POSTGRESQL, ON_SQLITE
from tests.rows import notification, notifications
from tests.usecases.desk import Desk
from tests.waiting import until


@pytest.fixture
def desk(start_stack: StartStack) -> Iterator[Desk]:
    stack = start_stack(parts=())
    with base.connection():
        yield Desk(stack)


def _due(desk: Desk, how_many: int) -> list[str]:
    return notifications(
        desk.caller.organization_id, how_many, next_attempt_at=desk.now, due_at=desk.now,
        expires_at=desk.now + timedelta(hours=1),
    )  # fmt: skip


@pytest.mark.row("D1")
def test_a_tick_rings_once_for_each_that_is_due(desk: Desk) -> None:
    _due(desk, clock.BATCH + 50)
    assert clock.tick(desk.now) == clock.BATCH + 50
    assert broker.backlog("voice") == clock.BATCH + 50
    assert clock.tick(desk.now) == 0
    assert broker.backlog("voice") == clock.BATCH + 50


def test_the_clock_runs_no_further_ahead_than_the_workers_hold(desk: Desk) -> None:
    _due(desk, clock.AHEAD + 2 * clock.BATCH)
    assert clock.tick(desk.now) == clock.AHEAD
    assert clock.tick(desk.now) == 0
    waiting = Notification.select().where(Notification.state == "scheduled")
    assert waiting.count() == 2 * clock.BATCH


@pytest.mark.row("A4")
def test_what_the_broker_forgot_is_rung_for_anew_under_another_claim(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    _due(desk, 20)
    assert clock.tick(desk.now) == 20
    redis_server.client().flushall()
    assert clock.tick(desk.now) == 20
    assert broker.backlog("voice") == 20
    assert {row.claim for row in Notification.select()} == {2}


@pytest.mark.row("A4")
@pytest.mark.row("B10")
def test_a_claim_that_no_worker_took_up_is_rung_for_anew(desk: Desk) -> None:
    (id_,) = _due(desk, 1)
    lease = timedelta(seconds=desk.stack.settings.claim_lease_seconds)
    assert clock.tick(desk.now) == 1
    assert clock.tick(desk.now + lease) == 0
    assert clock.tick(desk.now + lease + timedelta(seconds=1)) == 1
    assert desk.row(id_).claim == 2


def test_events_that_nobody_was_woken_for_are_found(
    desk: Desk, redis_server: servers.RedisServer
) -> None:
    kept = ProviderEvent.keep(
        provider="twilio", account="AC1", kind="call-status", dedup_key="k", digest="d",
        path="twilio/voice", received_at=desk.now, next_attempt_at=desk.now,
    )  # fmt: skip
    clock.tick(desk.now)
    assert broker.backlog("events") == 1
    clock.tick(desk.now)
    assert broker.backlog("events") == 1
    clock.tick(desk.now + timedelta(seconds=clock.EVENT_PAUSE))
    assert broker.backlog("events") == 2
    assert kept is not None


@ON_SQLITE
@pytest.mark.row("C8")
def test_on_sqlite_one_clock_ticks_and_another_takes_over_when_it_ends(desk: Desk) -> None:
    first = _Clock()
    until(lambda: _taken(desk), "the first clock at work")
    second = _Clock()
    first.end()
    until(lambda: _taken(desk), "the second clock at work")
    second.end()


@ON_POSTGRESQL
@pytest.mark.row("C8")
def test_on_postgresql_many_clocks_tick_and_each_row_is_rung_for_once(desk: Desk) -> None:
    ids = _due(desk, 300)
    clocks = [_Clock() for _ in range(3)]
    until(lambda: claims.next_due() is None, "every row rung for")
    for one in clocks:
        one.end()
    assert broker.backlog("voice") == len(ids)
    assert {row.claim for row in Notification.select()} == {1}


class _Clock:
    def __init__(self) -> None:
        self.stop = threading.Event()
        self.thread = threading.Thread(target=clock.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def end(self) -> None:
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()


def _taken(desk: Desk) -> bool:
    """Whether a fresh due row is rung for: someone ticks."""
    row = notification(desk.caller.organization_id, next_attempt_at=desk.now, due_at=desk.now)
    return bool(until(lambda: desk.row(row.id).state == "due", "a ring"))
