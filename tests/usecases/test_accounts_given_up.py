"""Provider accounts that are not used any more, and those that are well while others are not: what
waited for them goes on."""

from datetime import timedelta

import pytest

from gateway.models import base
from gateway.models.hold import Hold, provider_scope
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import holds
from tests.conftest import StartStack
from tests.stack import PATIENT, special
from tests.usecases.desk import Desk
from tests.usecases.test_delivery import ask
from tests.usecases.test_holds import scope

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FORMER = provider_scope("twilio", "AC" + "0" * 32)


def waiting(desk: Desk, scope: str, count: int) -> list[Notification]:
    """Rows that were held back from an account."""
    rows = [ask(desk, special(f"02{n:02}")) for n in range(count)]
    held = {"state": "scheduled", "held_by": scope, "lease_until": None}
    Notification.update(next_attempt_at=Notification.expires_at, **held).execute()
    return rows


def paused(desk: Desk, scope: str) -> Hold:
    """A pause because of wrong credentials, to be looked at now."""
    values = {"reason": "configuration", "since": desk.now, "check_at": desk.now}
    return Hold.create(scope=scope, failures=1, **values)


@pytest.mark.row("D4")
def test_rows_of_a_wrong_account_leave_by_the_right_one_once_that_is_configured(
    desk: Desk,
) -> None:
    paused(desk, FORMER)
    waiting(desk, FORMER, 12)
    assert desk.work(desk.now) == 12
    assert len(desk.stack.sandbox.placed()) == 12
    (asked,) = holds.checks_due(desk.now)
    holds.check(asked, desk.now)
    assert holds.listed() == []


@pytest.mark.row("D4")
def test_a_switch_to_another_provider_frees_what_waits_for_the_one_that_is_away(desk: Desk) -> None:
    away = provider_scope("voice-api", "elsewhere")
    until = desk.now + MINUTE
    Hold.create(scope=away, reason="provider_error", since=desk.now, until=until, failures=3)
    waiting(desk, away, 12)
    assert desk.work(desk.now + SECOND) == 12
    assert len(desk.stack.sandbox.placed()) == 12


@pytest.mark.row("D4")
def test_an_account_that_an_organization_calls_from_stays_held(desk: Desk) -> None:
    Sender.create(
        organization=desk.caller.organization_id, mode="live", channel="voice",
        provider="twilio", account="AC" + "0" * 32, address="+15005550006", created_at=desk.now,
    )  # fmt: skip
    paused(desk, FORMER)
    waiting(desk, FORMER, 3)
    assert holds.release(desk.now) == 0
    (asked,) = holds.checks_due(desk.now)
    holds.check(asked, desk.now)
    assert [hold.until for hold in holds.listed()] == [None]


@pytest.mark.row("D4")
def test_a_paused_account_goes_on_though_another_one_is_away(start_stack: StartStack) -> None:
    elsewhere = {
        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
        "TWILIO_AUTH_TOKEN": "1" * 32,
        "TWILIO_FROM_NUMBER": "+15005550009",
        "TWILIO_API_BASE_URL": "http://127.0.0.1:9",
    }
    stack = start_stack(parts=(), **elsewhere, **PATIENT)
    with base.connection():
        desk = Desk(stack)
        paused(desk, scope(desk))
        (asked,) = holds.checks_due(desk.now)
        holds.check(asked, desk.now)
        assert [hold.until for hold in holds.listed()] == [desk.now]
