"""A sender is used at its rate: who has to wait waits in a row, not in the queue."""

from datetime import timedelta

import pytest

from gateway.models.sender import Sender
from tests.stack import special
from tests.together import together
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND = timedelta(seconds=1)


def _sender(desk: Desk, rate: float | None) -> Sender:
    account = desk.stack.settings.sandbox_credentials["account_sid"]
    made: Sender = Sender.create(
        organization=desk.caller.organization_id, mode="test", channel="voice",
        provider="twilio", account=account, address="+15005550006", rate_per_second=rate,
        created_at=desk.now,
    )  # fmt: skip
    return made


@pytest.mark.row("A7")
def test_a_sender_places_one_a_second_and_the_others_wait_in_their_rows(desk: Desk) -> None:
    sender = _sender(desk, 1.0)
    rows = [ask(desk, special(f"014{n}")) for n in range(4)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    assert desk.row(rows[1].id).next_attempt_at == desk.now + SECOND
    for row in rows[2:]:
        held = desk.row(row.id)
        assert (held.state, held.held_by) == ("scheduled", f"sender|{sender.id}")
        assert (held.next_attempt_at, held.tries) == (held.expires_at, 0)
    for step in (1, 2, 3):
        desk.work(desk.now + step * SECOND - SECOND / 10)
        assert len(desk.stack.sandbox.placed()) == step
        desk.work(desk.now + step * SECOND)
        assert len(desk.stack.sandbox.placed()) == step + 1


@pytest.mark.row("A7")
def test_many_workers_at_once_get_a_slot_each(desk: Desk) -> None:
    sender = _sender(desk, 1.0)
    end = desk.now + timedelta(hours=1)
    slots = together(8, lambda _: Sender.reserve(sender, desk.now, end))
    assert sorted(filter(None, slots)) == [desk.now + step * SECOND for step in range(8)]


@pytest.mark.row("A7")
def test_who_would_come_too_late_takes_no_slot_from_others(desk: Desk) -> None:
    sender = _sender(desk, 1.0)
    hour, moment = desk.now + timedelta(hours=1), desk.now + SECOND / 2
    assert Sender.reserve(sender, desk.now, hour) == desk.now
    assert Sender.reserve(sender, desk.now, moment) is None
    assert Sender.reserve(sender, desk.now, hour) == desk.now + SECOND


@pytest.mark.row("A7")
def test_slots_missed_in_an_outage_are_not_all_used_at_once_afterwards(desk: Desk) -> None:
    _sender(desk, 1.0)
    rows = [ask(desk, special(f"014{n}")) for n in range(5)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    later = desk.now + timedelta(minutes=10)
    desk.work(later)
    assert len(desk.stack.sandbox.placed()) == 2
    for step in (1, 2, 3):
        desk.work(later + step * SECOND)
        assert len(desk.stack.sandbox.placed()) == step + 2


@pytest.mark.row("A7")
def test_a_sender_without_a_rate_is_never_waited_for(desk: Desk) -> None:
    _sender(desk, None)
    rows = [ask(desk, special(f"014{n}")) for n in range(3)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    assert len(desk.stack.sandbox.placed()) == 3


@pytest.mark.row("A7")
def test_a_retry_takes_a_slot_of_its_own(desk: Desk) -> None:
    _sender(desk, 0.1)
    desk.stack.sandbox.fault("throttle_429")
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    assert desk.work(desk.now + SECOND) == 1
    desk.work(desk.now + 9 * SECOND)
    assert desk.row(row.id).next_attempt_at == desk.now + 10 * SECOND
    assert len(desk.stack.sandbox.placed()) == 0
    assert desk.work(desk.now + 10 * SECOND) == 1
    assert len(desk.stack.sandbox.placed()) == 1
