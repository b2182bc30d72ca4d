"""Further tries that find no budget: they wait, the longer the more often that happens, so that
many of them don't keep gate and feed busy."""

from datetime import datetime, timedelta

import pytest

from gateway.usecases import readiness
from gateway.usecases.breaker import Passage
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def spend_all(desk: Desk, now: datetime) -> None:
    """Leave no further try in this process's stock for the account that the desk calls from."""
    provider, sender = readiness.sender_for(desk.caller.organization_id, "test", "voice", now)
    while Passage(provider, sender.account).memory.budget.spend(now):
        pass


@pytest.mark.row("D4")
def test_a_try_without_budget_waits_longer_each_time_but_not_past_its_end(desk: Desk) -> None:
    desk.stack.sandbox.fault("throttle_429", next=1)
    row = ask(desk, expires_at=desk.now + 5 * MINUTE)
    desk.deliver(row.id, row.claim, desk.now)
    waits: list[float] = []
    now = desk.row(row.id).next_attempt_at
    while now is not None and now < row.expires_at:
        spend_all(desk, now)
        assert desk.work(now) == 1
        then = desk.row(row.id).next_attempt_at
        assert then is not None
        waits.append((then - now) / SECOND)
        now = then
    assert now == row.expires_at
    assert waits[0] < 5
    assert all(24 <= wait <= 72 for wait in waits[4:-1])
    assert len(waits) < 16, "each costs a turn of a worker and two entries of the feed"
    assert desk.row(row.id).tries == 1
