"""Frozen: nothing leaves, and nothing leaves by guess afterwards."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.models import base
from gateway.models.dead_letter import DeadLetter
from gateway.usecases import delivery, freezing, queues
from tests import rows
from tests.conftest import StartStack
from tests.databases import ON_SQLITE
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.restored import HOUR, SECOND, Restored
from tests.waiting import until

ADA, BOB, EVE = special("0141"), special("0142"), special("0143")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def restored(desk: Desk) -> Restored:
    return Restored(desk)


@pytest.mark.row("A4")
def test_freezing_again_changes_nothing_unless_it_begins_anew(restored: Restored) -> None:
    row = restored.waiting(ADA, -MINUTE)
    hold = restored.freeze()
    assert hold.known_until == row.created_at
    same, begun = freezing.freeze("again", hold.since + MINUTE)
    assert (same.since, same.reason, begun) == (hold.since, "restored", False)
    anew, begun = freezing.freeze("again", hold.since + MINUTE, again=True)
    assert (anew.since, anew.known_until, begun) == (hold.since + MINUTE, row.created_at, True)


def test_while_frozen_nothing_leaves_and_the_voice_queue_says_so(restored: Restored) -> None:
    desk = restored.desk
    restored.waiting(ADA, -MINUTE)
    restored.freeze()
    restored.work()
    assert restored.placed() == []
    assert (desk.book(desk.now + 2 * HOUR)).booking.id
    by_name = {one["queue"]: one for one in queues.stats(desk.caller, desk.now)["queues"]}
    assert (by_name["voice"]["paused"], by_name["events"]["paused"]) == (True, False)
    restored.thaw()
    assert {one["paused"] for one in queues.stats(desk.caller, desk.now)["queues"]} == {False}
    until(lambda: restored.work() or restored.placed(), "the call")
    assert restored.placed() == [ADA]


@pytest.fixture
def unasked(start_stack: StartStack) -> Iterator[Restored]:
    """At the generic provider, which can't be asked."""
    stack = start_stack(parts=(), VOICE_PROVIDER="voice_api")
    with base.connection():
        yield Restored(Desk(stack))


@pytest.mark.row("A4")
def test_where_nobody_can_be_asked_what_was_due_ends_as_not_confirmed(unasked: Restored) -> None:
    desk = unasked.desk
    gap = unasked.waiting(ADA, -MINUTE)
    claimed = unasked.waiting(BOB, -MINUTE, state="due", next_attempt_at=None, claim=1)
    retried = unasked.waiting(EVE, -MINUTE, next_attempt_at=desk.now + HOUR / 2)
    later = unasked.waiting(EVE, HOUR)
    done = unasked.thaw()
    assert (done.checked, done.unknown, done.waiting) == (3, 2, 1)
    for row in (gap, claimed):
        after = desk.row(row.id)
        assert (after.state, after.reason) == ("unknown", "not_confirmed")
        assert after.finished_at is not None
        assert DeadLetter.get(DeadLetter.object_id == row.id).reason == "not_confirmed"
    assert [desk.row(row.id).state for row in (retried, later)] == ["scheduled"] * 2
    assert unasked.work() == 0


@pytest.mark.row("A4")
def test_a_claim_that_the_clock_took_back_while_frozen_is_doubtful_all_the_same(
    unasked: Restored,
) -> None:
    desk = unasked.desk
    claimed = unasked.waiting(
        ADA, -MINUTE, state="due", next_attempt_at=None, claim=1, lease_until=desk.now - SECOND
    )
    hold = unasked.freeze()
    delivery.sweep(hold.since + SECOND / 2)
    swept = desk.row(claimed.id)
    assert (swept.state, swept.next_attempt_at > hold.since) == ("scheduled", True)
    assert unasked.thaw().unknown == 1
    assert unasked.work() == 0


@ON_SQLITE
def test_a_refused_attempt_that_would_be_tried_again_is_doubtful_too(unasked: Restored) -> None:
    row = unasked.waiting(ADA, -MINUTE, state="sending", next_attempt_at=None, tries=1)
    rows.call(row, provider="voice_api", account="voice_api:test", state="failed")
    assert unasked.thaw().unknown == 1
    assert unasked.desk.row(row.id).state == "unknown"
