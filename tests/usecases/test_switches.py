"""Pauses by hand: what they hold, for whom, and that nothing is lost by them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.errors import Conflict, NotFound
from gateway.domain.reminders import NUDGE, Rule
from gateway.models.hold import Hold, kind_scope, queue_scope, reminders_scope
from gateway.models.notification import Notification
from gateway.models.records import AuditEntry
from gateway.usecases import accounts, holds, operators, queues, switches
from gateway.usecases.operators import Operator
from tests.conftest import StartStack
from tests.rows import notification, notifications
from tests.usecases.desk import Desk

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
STAFF = {"name": "Eve", "phone": "+12025550141"}
Switch = Callable[[Operator, Desk, bool], bool]

SWITCHES: dict[str, tuple[str, Switch]] = {
    "a queue": (
        queue_scope("voice"),
        lambda who, desk, held: switches.pause_queue(who, "voice", desk.now, paused=held),
    ),
    "a kind": (
        kind_scope("reminder"),
        lambda who, desk, held: switches.pause_kind(who, "reminder", desk.now, paused=held),
    ),
    "reminders": (
        reminders_scope(),
        lambda who, desk, held: switches.reminders(who, desk.now, on=not held),
    ),
}


def mine(desk: Desk) -> Operator:
    """The operator that the desk's key stands for."""
    return operators.key_holder(desk.caller, "a request")


def waiting(desk: Desk, **changes: object) -> Notification:
    """A reminder by voice that is due now."""
    values = {"purpose": "reminder", "next_attempt_at": desk.now, "due_at": desk.now, **changes}
    return notification(
        desk.caller.organization_id, expires_at=desk.now + HOUR, created_at=desk.now, **values
    )


@pytest.mark.row("E3")
@pytest.mark.row("B5")
@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("everybody", [True, False])
def test_what_is_paused_waits_without_a_try_and_goes_on_when_it_is_resumed(
    desk: Desk, name: str, everybody: bool
) -> None:
    scope, switch = SWITCHES[name]
    own = desk.caller.organization_id
    operator = operators.at_the_console(None, None) if everybody else mine(desk)
    scope = scope if everybody else f"{scope}|{own}"
    assert switch(operator, desk, True)
    assert not switch(operator, desk, True), "it is paused already"
    row = waiting(desk)
    desk.work(desk.now)
    kept = desk.row(row.id)
    assert (kept.held_by, kept.tries, kept.next_attempt_at) == (scope, 0, kept.expires_at)
    assert holds.release(desk.now + MINUTE) == 0
    assert desk.stack.sandbox.placed() == []

    assert switch(operator, desk, False)
    assert not switch(operator, desk, False)
    assert desk.work(desk.now + MINUTE) == 1
    assert len(desk.stack.sandbox.placed()) == 1
    noted = [entry.action for entry in AuditEntry.select().order_by(AuditEntry.id)]
    assert len(noted) == (0 if everybody else 2)


@pytest.mark.row("B5")
def test_a_pause_of_one_organization_holds_no_other_and_no_other_kind(desk: Desk) -> None:
    clinic = accounts.create_organization("Clinic", "UTC", desk.now).id
    switches.pause_kind(mine(desk), "nurture", desk.now, paused=True)
    held = waiting(desk, purpose="nurture", lane="voice:6")
    others = [
        waiting(desk),
        notification(
            clinic, purpose="nurture", lane="voice:6", due_at=desk.now, created_at=desk.now,
            next_attempt_at=desk.now, expires_at=desk.now + HOUR,
        ),
    ]  # fmt: skip
    desk.work(desk.now)
    assert desk.row(held.id).held_by == kind_scope("nurture", desk.caller.organization_id)
    assert [desk.row(row.id).tries for row in others] == [1, 1]


def test_what_is_paused_for_too_long_expires_in_time(desk: Desk) -> None:
    switches.pause_queue(mine(desk), "voice", desk.now, paused=True)
    row = waiting(desk)
    desk.work(desk.now)
    assert desk.row(row.id).state == "scheduled"
    desk.work(desk.now + HOUR)
    assert desk.row(row.id).state == "expired"


@pytest.mark.row("E3")
def test_the_environment_switches_reminders_off_without_losing_one(
    start_stack: StartStack,
) -> None:
    from gateway import settings
    from gateway.models import base

    stack = start_stack(parts=(), REMINDERS_ENABLED="false")
    with base.connection():
        desk = Desk(stack)
        nudge = desk.book(desk.now + 10 * MINUTE, Rule(NUDGE), staff=STAFF).booking
        call = waiting(desk, purpose="request")
        desk.work(desk.now)
        assert [row.held_by for row in desk.plan(nudge)] == ["reminders"]
        assert desk.row(call.id).tries == 1, "what somebody asks for is no reminder"
        assert holds.release(desk.now) == 0
        by_kind = {one["kind"]: one for one in queues.stats(desk.caller, desk.now)["kinds"]}
        assert [by_kind[kind]["paused"] for kind in ("nudge", "reminder", "request")] == [
            True, True, False
        ]  # fmt: skip
        settings.use(settings.Settings(**{**vars(stack.settings), "reminders_enabled": True}))
        assert desk.work(desk.now + MINUTE) == 1
        assert len(desk.stack.sandbox.placed()) == 2


@pytest.mark.row("B5")
def test_a_row_that_is_held_takes_its_like_along_so_that_a_backlog_is_not_turned_away_one_by_one(
    desk: Desk,
) -> None:
    switches.pause_kind(mine(desk), "nurture", desk.now, paused=True)
    alike = notifications(
        desk.caller.organization_id, 300, purpose="nurture", lane="voice:6", due_at=desk.now,
        next_attempt_at=desk.now, expires_at=desk.now + HOUR, created_at=desk.now,
    )  # fmt: skip
    other = waiting(desk)
    (first,) = [one for one in desk.claim(desk.now) if one[0] == alike[0]] or [(alike[0], 1)]
    Notification.update(state="scheduled", next_attempt_at=desk.now, lease_until=None).where(
        Notification.id != first[0]
    ).execute()
    desk.deliver(*first, desk.now)
    held = Notification.select().where(Notification.held_by.is_null(False))
    assert {row.id for row in held} == set(alike)
    assert desk.row(other.id).held_by is None
    switches.pause_kind(mine(desk), "nurture", desk.now, paused=False)
    assert holds.release(desk.now) == 300


def test_a_shared_queue_is_paused_for_everybody_or_not_at_all(desk: Desk) -> None:
    for name in ("timers", "events", "background"):
        with pytest.raises(Conflict):
            switches.pause_queue(mine(desk), name, desk.now, paused=True)
        console = operators.at_the_console(None, None)
        assert switches.pause_queue(console, name, desk.now, paused=True)
        assert holds.queue_paused(name)
    assert Hold.select().count() == 3
    with pytest.raises(NotFound):
        switches.pause_queue(mine(desk), "letters", desk.now, paused=True)
    with pytest.raises(NotFound):
        switches.pause_kind(mine(desk), "letters", desk.now, paused=True)
