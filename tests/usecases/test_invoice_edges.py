"""Invoices when several things happen at once, or again, or in vain."""

from decimal import Decimal

import pytest

from gateway.domain.errors import NotNow
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.notification import Notification
from gateway.usecases import dunning, dunning_on_demand, dunning_outlook, invoices
from tests.together import together
from tests.usecases.cashier import DAY, FIRST, HOUR, Cashier


@pytest.mark.row("C3")
def test_payments_at_one_moment_are_all_counted_and_the_same_one_once(cashier: Cashier) -> None:
    def pay(number: int) -> bool:
        return cashier.pay("10", FIRST, external_id=f"tr-{number // 2}").created

    assert sum(together(4, pay)) == 2
    assert cashier.reload().paid == Decimal("20.00")


@pytest.mark.row("C3")
def test_of_several_that_ask_for_a_reminder_at_one_moment_one_gets_it(cashier: Cashier) -> None:
    def ask(number: int) -> str:
        if number == 3:
            dunning.remind(cashier.invoice.id, FIRST)
            return "job"
        try:
            dunning_on_demand.remind(cashier.caller, cashier.invoice.id, FIRST)
        except NotNow as refused:
            return str(refused.reason)
        return "sent"

    answers = together(4, ask)
    assert len(cashier.rows()) == 1
    assert set(answers) <= {"sent", "job", "under_way"}
    assert answers.count("sent") <= 1


@pytest.mark.row("C3")
def test_a_reminder_that_did_not_leave_is_tried_on_three_days_and_then_given_up(
    cashier: Cashier,
) -> None:
    for day in range(9):
        dunning.remind(cashier.invoice.id, FIRST + day * DAY)
        for row in Notification.select().where(Notification.state == N.SCHEDULED):
            Notification.move(row, N.EXPIRED, FIRST + day * DAY + HOUR, reason="expired")
    assert cashier.stages() == [1, 1, 1, 8, 8]
    assert dunning_outlook.upcoming(cashier.reload(), FIRST + 9 * DAY).stage is not None


@pytest.mark.row("C3")
def test_a_reminder_that_was_replayed_after_the_next_one_does_not_leave(cashier: Cashier) -> None:
    dunning.remind(cashier.invoice.id, FIRST)
    (first,) = cashier.rows()
    Notification.update(state=N.NOT_REACHED, next_attempt_at=None, finished_at=FIRST).execute()
    dunning.remind(cashier.invoice.id, FIRST + DAY)
    Notification.move(cashier.desk.row(first.id), N.SCHEDULED, FIRST, next_attempt_at=FIRST)
    Notification.update(expires_at=FIRST + 9 * DAY).execute()
    cashier.desk.work(FIRST + DAY)
    assert cashier.desk.row(first.id).reason == "superseded"
    assert len(cashier.texts()) == 1


@pytest.mark.row("C3")
@pytest.mark.parametrize("end", ["paid", "disputed", "paused"])
def test_a_reminder_that_was_replayed_after_the_end_does_not_leave(
    cashier: Cashier, end: str
) -> None:
    dunning.remind(cashier.invoice.id, FIRST)
    (row,) = cashier.rows()
    Notification.update(state=N.NOT_REACHED, next_attempt_at=None, finished_at=FIRST).execute()
    if end == "paid":
        cashier.pay("120", FIRST)
    elif end == "disputed":
        invoices.dispute(cashier.caller, cashier.invoice.id, FIRST)
    else:
        invoices.edit(cashier.caller, cashier.invoice.id, {"paused": True}, None, FIRST)
    current = cashier.reload().schedule_version
    Notification.update(schedule_version=current).execute()  # no other check stands in the way
    Notification.move(cashier.desk.row(row.id), N.SCHEDULED, FIRST, next_attempt_at=FIRST)
    cashier.desk.work(FIRST + HOUR)
    kept = cashier.desk.row(row.id)
    wanted = ("suppressed", "paid") if end == "paid" else ("canceled", "canceled")
    assert (kept.state, kept.reason) == wanted
    assert cashier.texts() == []
