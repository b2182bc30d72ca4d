"""A number that can't take everything at once: organizations take turns, and nobody jumps in."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.models import base
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import accounts
from tests.conftest import StartStack
from tests.stack import PATIENT, Sandbox, Served, special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND = timedelta(seconds=1)
STEP = SECOND / 2
ACCOUNT, TOKEN = "AC" + "a" * 32, "the live token"


@pytest.fixture
def live(start_stack: StartStack) -> Iterator[Desk]:
    """A desk in live mode whose stand-in takes four calls a second from one number."""
    served = Served()
    stack = start_stack(
        parts=(),
        TWILIO_ACCOUNT_SID=ACCOUNT,
        TWILIO_AUTH_TOKEN=TOKEN,
        TWILIO_FROM_NUMBER="+12125550199",
        TWILIO_API_BASE_URL=served.url,
        CALLS_PER_SECOND="4",
        **PATIENT,
    )
    stack.sandbox.close()
    stack.sandbox = Sandbox(
        served, stack.settings, stack.folder / "live.jsonl", account_sid=ACCOUNT, auth_token=TOKEN
    )
    with base.connection():
        yield Desk(stack, "live")


@pytest.mark.row("A7")
@pytest.mark.row("D4")
def test_a_backlog_of_one_organization_delays_another_by_seconds_only(live: Desk) -> None:
    waiting = [ask(live, special(f"{n:04}")) for n in range(60)]
    for row in waiting:
        live.deliver(row.id, row.claim, live.now)
    assert Notification.select().where(Notification.held_by.is_null(False)).count() == 52
    clinic = accounts.create_organization("Clinic", "Europe/Berlin", live.now)
    _, key = accounts.create_key(clinic.id, "till", "live", None, live.now)
    live.caller, now = accounts.authenticate(key, live.now), live.now
    late = ask(live, special("9999"))
    live.deliver(late.id, late.claim, now)
    assert live.row(late.id).held_by is not None
    while live.row(late.id).state == "scheduled":
        now += STEP
        live.work(now)
        assert now - live.now <= 3 * SECOND
    assert len(live.stack.sandbox.placed()) < 14


@pytest.mark.row("A7")
def test_who_comes_late_waits_behind_those_that_wait_already(live: Desk) -> None:
    rows = [ask(live, special(f"01{n:02}")) for n in range(12)]
    for row in rows:
        live.deliver(row.id, row.claim, live.now)
    assert [live.row(row.id).held_by is None for row in rows] == [True] * 8 + [False] * 4
    later = live.now + 10 * SECOND
    fresh = ask(live, special("0199"), send_at=later)
    ((_, claim),) = [one for one in live.claim(later) if one[0] == fresh.id]
    assert Sender.get().next_free_at < later, "the number is free, and still it is not its turn"
    live.deliver(fresh.id, claim, later)
    assert live.row(fresh.id).held_by is not None
    for n in range(12):
        live.work(later + 60 * SECOND + n * STEP)
    order = [call["to"] for call in live.stack.sandbox.placed()]
    assert order[-1] == special("0199")
    assert len(set(order)) == len(order)
