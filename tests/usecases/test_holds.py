"""What holds sending back, and what goes on when: frozen, paused, left alone, a busy sender."""

from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, NotFound
from gateway.models import withdrawal
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import holds
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def scope(desk: Desk) -> str:
    """The scope of the sandbox account."""
    return f"provider|twilio|{desk.stack.settings.sandbox_credentials['account_sid']}"


def held(desk: Desk, row: Notification) -> str | None:
    """What a row waits for; it stands until its own end and no try was counted."""
    kept = desk.row(row.id)
    if kept.held_by is not None:
        assert (kept.state, kept.next_attempt_at) == ("scheduled", kept.expires_at)
        assert kept.failures == 0
    return kept.held_by


@pytest.mark.row("C8")
def test_while_everything_is_frozen_nothing_leaves_and_what_ends_meanwhile_expires(
    desk: Desk,
) -> None:
    Hold.create(scope=EVERYTHING, reason="by_hand", since=desk.now)
    assert holds.frozen()
    row, short = ask(desk), ask(desk, special("0141"), expires_at=desk.now + MINUTE)
    for one in (row, short):
        desk.deliver(one.id, one.claim, desk.now)
        assert held(desk, one) == EVERYTHING
    assert holds.release(desk.now + SECOND) == 0
    assert desk.work(desk.now + MINUTE) == 1
    assert desk.row(short.id).state == "expired"
    assert desk.stack.sandbox.look("requests") == []

    Hold.delete().execute()
    assert not holds.frozen()
    assert holds.release(desk.now + MINUTE) == 1
    assert desk.work(desk.now + MINUTE) == 1
    assert [held(desk, row), desk.row(row.id).tries] == [None, 1]


@pytest.mark.row("D4")
def test_wrong_credentials_pause_the_account_and_fail_no_row(desk: Desk) -> None:
    desk.stack.sandbox.fault("bad_credentials", next=3)
    rows = [ask(desk, special(f"014{n}")) for n in range(3)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
        assert held(desk, row) == scope(desk)
    assert len(desk.stack.sandbox.look("requests")) == 1
    (hold,) = holds.listed()
    assert (hold.scope, hold.reason, hold.until) == (scope(desk), "configuration", None)
    assert holds.release(desk.now + MINUTE) == 0


@pytest.mark.row("D4")
def test_a_paused_account_is_asked_every_minute_and_goes_on_by_itself(desk: Desk) -> None:
    desk.stack.sandbox.fault("bad_credentials", next=1)
    rows = [ask(desk, special(f"014{n}")) for n in range(3)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    assert holds.checks_due(desk.now + 59 * SECOND) == []
    (asked,) = holds.checks_due(desk.now + MINUTE)
    assert holds.checks_due(desk.now + MINUTE) == []
    holds.check(asked, desk.now + MINUTE)
    assert desk.work(desk.now + MINUTE) == 1, "one tries before the others"
    assert holds.listed() == []
    assert desk.work(desk.now + MINUTE + SECOND) == 2
    assert len(desk.stack.sandbox.placed()) == 3


@pytest.mark.row("D4")
def test_an_account_that_is_still_refused_stays_paused(desk: Desk) -> None:
    desk.stack.sandbox.fault("bad_credentials", next=2)
    rows = [ask(desk, special(f"014{n}")) for n in range(2)]
    desk.deliver(rows[0].id, rows[0].claim, desk.now)
    (asked,) = holds.checks_due(desk.now + MINUTE)
    desk.stack.sandbox.close()
    holds.check(asked, desk.now + MINUTE)
    (hold,) = holds.listed()
    assert (hold.until, hold.check_at) == (None, desk.now + 2 * MINUTE)
    desk.deliver(rows[1].id, rows[1].claim, desk.now)
    assert held(desk, rows[1]) == scope(desk)


@pytest.mark.row("D4")
def test_a_row_that_alone_is_refused_does_not_stop_the_others_again_and_again(desk: Desk) -> None:
    desk.stack.sandbox.fault("bad_credentials", next=1)
    poison, other = ask(desk, special("0141")), ask(desk, special("0142"))
    desk.deliver(poison.id, poison.claim, desk.now)
    now = desk.now + MINUTE
    for hold_id in holds.checks_due(now):
        holds.check(hold_id, now)
    desk.deliver(other.id, other.claim, now)
    assert holds.listed() == [], "another row showed that the account is well"
    desk.stack.sandbox.fault("bad_credentials", next=3)
    for _ in range(4):
        now += 3 * SECOND
        desk.work(now)
    assert holds.listed() == []
    kept = desk.row(poison.id)
    assert (kept.state, kept.reason) == ("not_reached", "configuration")
    assert len(desk.stack.sandbox.placed()) == 1


@pytest.mark.row("D4")
def test_while_an_account_places_nothing_at_all_no_row_fails_however_often_one_tries(
    desk: Desk,
) -> None:
    """It takes our credentials and refuses each call: a restricted key, a suspended account."""
    desk.stack.sandbox.fault("bad_credentials", next=50)
    rows = [ask(desk, special(f"014{n}")) for n in range(3)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    now = desk.now
    for _ in range(8):
        now += 2 * MINUTE
        for hold_id in holds.checks_due(now):
            holds.check(hold_id, now)
        desk.work(now)
    assert {desk.row(row.id).state for row in rows} == {"scheduled"}
    tries = [desk.row(row.id).tries for row in rows]
    assert sum(tries) >= 5
    assert max(tries) - min(tries) <= 1, "they try in turns"
    assert [hold.reason for hold in holds.listed()] == ["configuration"]


@pytest.mark.row("D4")
def test_a_hold_is_lifted_by_hand_but_a_freeze_is_not(desk: Desk) -> None:
    desk.stack.sandbox.fault("bad_credentials", next=1)
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    holds.lift(scope(desk))
    assert desk.work(desk.now + SECOND) == 1
    assert len(desk.stack.sandbox.placed()) == 1
    with pytest.raises(NotFound):
        holds.lift(scope(desk))
    with pytest.raises(Conflict):
        holds.lift(EVERYTHING)


@pytest.mark.row("A7")
def test_a_held_row_that_is_canceled_or_moved_waits_no_more(desk: Desk) -> None:
    Hold.create(scope=EVERYTHING, reason="by_hand", since=desk.now)
    row = ask(desk)
    desk.deliver(row.id, row.claim, desk.now)
    withdrawal.cancel_pending(row.subject_type, row.subject_id, desk.now, "canceled")
    kept = desk.row(row.id)
    assert (kept.state, kept.held_by, kept.next_attempt_at) == ("canceled", None, None)
    again = ask(desk)
    desk.deliver(again.id, again.claim, desk.now)
    Notification.carry(again.id, expires_at=desk.now + MINUTE)
    assert desk.row(again.id).next_attempt_at == desk.now + MINUTE


@pytest.mark.row("A7")
def test_no_more_rows_are_let_go_than_a_busy_sender_can_take(desk: Desk) -> None:
    account = desk.stack.settings.sandbox_credentials["account_sid"]
    Sender.create(
        organization=desk.caller.organization_id, mode="test", channel="voice",
        provider="twilio", account=account, address="+15005550006", rate_per_second=2.0,
        created_at=desk.now,
    )  # fmt: skip
    rows = [ask(desk, special(f"01{n:02}")) for n in range(12)]
    for row in rows:
        desk.deliver(row.id, row.claim, desk.now)
    assert sum(held(desk, row) is not None for row in rows) == 8
    assert holds.release(desk.now) == 0
    assert holds.release(desk.now + SECOND) == 2
    assert holds.release(desk.now + SECOND) == 0, "they are on their way to the gate"
    assert holds.release(desk.now + 3 * SECOND) == 0, "workers did not get to them: no more"
    for id_, claim in desk.claim(desk.now + 3 * SECOND):
        desk.deliver(id_, claim, desk.now + 3 * SECOND)
    assert len(desk.stack.sandbox.placed()) == 5
    assert holds.release(desk.now + 3 * SECOND) == 1
