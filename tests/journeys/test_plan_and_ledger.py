"""Plan and ledger over a seeded month: what was sent was planned, what was planned was sent or says
why not."""

import pytest

from gateway.models import base
from gateway.models.message_log import MessageLog
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.journeys.month import Month
from tests.usecases.desk import Desk
from tests.usecases.reports import Reports

BOOKINGS = 30


@pytest.mark.row("C9")
@pytest.mark.row("A2")
@pytest.mark.parametrize("seed", [1, 4])
@ON_SQLITE
def test_what_was_sent_was_planned_and_what_was_planned_was_sent_or_says_why_not(
    start_stack: StartStack, seed: int
) -> None:
    stack = start_stack(parts=(), PROVIDER_DEADLINE_SECONDS="15")
    with base.connection():
        month = Month(Reports(Desk(stack)), seed)
        stack.sandbox.fault("lost_callbacks", share=1.0)
        month.run(BOOKINGS)
        assert month.problems == []
        assert month.loose_ends() == []
        outbound = MessageLog.select().where(MessageLog.direction == "outbound").count()
        placed = stack.sandbox.placed()
        assert len([one for one in placed if one["kind"] == "message"]) == outbound
    assert month.sent > BOOKINGS
    assert month.turned_away > 0
    assert month.plans > month.sent
