"""A small campaign beside the reminders of others, with a real clock and real workers."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.models import base
from tests.campaign import Campaign
from tests.conftest import StartStack
from tests.waiting import until

BULK = 2000


@pytest.mark.row("B3")
@pytest.mark.row("B5")
@pytest.mark.row("A7")
def test_a_campaign_goes_on_while_everybody_else_s_reminders_and_its_own_nudges_have_left(
    start_stack: StartStack,
) -> None:
    stack = start_stack(parts=("worker",))
    with base.connection():
        begun = datetime.now(UTC)
        campaign = Campaign(begun)
        campaign.spread(BULK, "nurture")
        campaign.release(begun)
        due = campaign.remind(50, begun, timedelta(0))
        nudged = campaign.nudge(5, begun, timedelta(0))
    stack.start_clock()
    wanted = {*due, *nudged}

    def left() -> bool:
        return wanted <= {line["to"] for line in stack.sandbox.placed()}

    until(left, "every reminder and every nudge", 240, pause=0.5)
    placed = stack.sandbox.placed()
    last = max(number for number, line in enumerate(placed) if line["to"] in wanted)
    of_the_campaign = [line for line in placed[:last] if line["from"] == campaign.sender]
    assert len(of_the_campaign) - len(nudged) < BULK - 500, "the campaign had not gone through yet"
    assert len({line["to"] for line in placed}) == len(placed), "nobody was written to twice"
    with base.connection():
        waits = [one for one in campaign.standing() if one.startswith("scheduled")]
        assert waits, "the rest waits in the database"
