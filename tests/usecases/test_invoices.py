"""Invoices: reminded of by stages, until they are paid, disputed or closed."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from gateway.domain.dunning import Because
from gateway.domain.errors import Conflict, NotNow
from gateway.models.feed import FeedEntry
from gateway.models.message_log import MessageLog
from gateway.models.payment import recovered
from gateway.usecases import dunning, dunning_on_demand, dunning_outlook, invoices
from tests.usecases.cashier import DAY, DUE, FIRST, HOUR, LINK, Cashier


@pytest.mark.row("C3")
def test_reminders_escalate_by_days_overdue_and_then_it_is_exhausted(cashier: Cashier) -> None:
    for day in range(-3, 40):
        cashier.day(FIRST + day * DAY)
        cashier.day(FIRST + day * DAY + 5 * HOUR)
    assert cashier.stages() == [1, 8, 15]
    left = [one.created_at for one in MessageLog.select().order_by(MessageLog.created_at)]
    assert left == [FIRST, FIRST + 7 * DAY, FIRST + 14 * DAY]
    assert "120.00" in cashier.texts()[0].replace("€", "")
    assert all(LINK in text for text in cashier.texts())
    assert (cashier.reload().state, cashier.reload().reason) == ("exhausted", "stages")


@pytest.mark.row("C3")
def test_nothing_leaves_before_the_day_and_hour_of_the_first_stage(cashier: Cashier) -> None:
    cashier.day(FIRST - timedelta(seconds=1))
    assert cashier.rows() == []
    found = dunning_outlook.upcoming(cashier.reload(), FIRST - DAY)
    assert (found.at, found.because) == (FIRST, Because.STAGE)
    cashier.day(FIRST)
    assert cashier.states() == [("reached", None)]
    assert cashier.reload().state == "active"


@pytest.mark.row("C3")
def test_after_an_outage_only_the_highest_stage_that_was_reached_is_sent(cashier: Cashier) -> None:
    cashier.day(FIRST + 30 * DAY)
    cashier.day(FIRST + 31 * DAY)
    assert cashier.stages() == [15]


@pytest.mark.row("C3")
def test_a_payment_in_full_takes_back_what_waits_in_its_own_transaction(cashier: Cashier) -> None:
    dunning.remind(cashier.invoice.id, FIRST)
    paid = cashier.pay("120.00", FIRST + HOUR, external_id="tr-1")
    assert paid.created
    assert paid.stopped.settled
    assert cashier.states() == [("canceled", "paid")]
    row = cashier.reload()
    assert (row.state, row.reason, row.recovered_at) == ("recovered", "paid", FIRST + HOUR)
    for day in range(40):
        cashier.day(FIRST + day * DAY)
    assert len(cashier.rows()) == 1
    assert not paid.payment.after_reminder


@pytest.mark.row("C3")
def test_a_part_that_is_paid_is_not_asked_for_again(cashier: Cashier) -> None:
    cashier.day(FIRST)
    paid = cashier.pay("20.50", FIRST + DAY, external_id="tr-1")
    again = cashier.pay("20.50", FIRST + DAY, external_id="tr-1")
    assert (paid.created, again.created) == (True, False)
    assert cashier.reload().open == Decimal("99.50")
    with pytest.raises(Conflict):
        cashier.pay("20.51", FIRST + DAY, external_id="tr-1")
    cashier.day(FIRST + 7 * DAY)
    assert "99.50" in cashier.texts()[1]
    cashier.pay("99.50", FIRST + 8 * DAY)
    assert cashier.reload().state == "recovered"
    own = cashier.caller.organization_id
    assert recovered(own, "test", FIRST, FIRST + 9 * DAY) == {"EUR": (2, Decimal("120.00"))}
    assert recovered(own, "test", FIRST, FIRST + DAY) == {}
    assert recovered(own, "live", FIRST, FIRST + 9 * DAY) == {}


@pytest.mark.row("C3")
def test_a_dispute_excludes_until_it_is_over(cashier: Cashier) -> None:
    dunning.remind(cashier.invoice.id, FIRST)
    done = invoices.dispute(cashier.caller, cashier.invoice.id, FIRST)
    assert (done.invoice.state, done.invoice.reason) == ("excluded", "disputed")
    assert cashier.states() == [("canceled", "canceled")]
    cashier.day(FIRST + DAY)
    assert len(cashier.rows()) == 1
    invoices.settle_dispute(cashier.caller, cashier.invoice.id, FIRST + 2 * DAY)
    cashier.day(FIRST + 2 * DAY)
    assert cashier.stages() == [1, 1]
    assert cashier.states()[1] == ("reached", None)


@pytest.mark.row("C3")
def test_a_paused_invoice_waits_and_an_edited_one_follows(cashier: Cashier) -> None:
    invoices.edit(cashier.caller, cashier.invoice.id, {"paused": True}, 1, FIRST)
    cashier.day(FIRST)
    assert (cashier.rows(), cashier.reload().state) == ([], "paused")
    with pytest.raises(Conflict):
        invoices.edit(cashier.caller, cashier.invoice.id, {"paused": False}, 1, FIRST)
    changes = {"paused": False, "due_on": DUE + 5 * DAY, "amount": "80"}
    invoices.edit(cashier.caller, cashier.invoice.id, changes, None, FIRST)
    cashier.day(FIRST + 4 * DAY)
    assert cashier.rows() == []
    cashier.day(FIRST + 5 * DAY)
    assert "80.00" in cashier.texts()[0]


@pytest.mark.row("C3")
def test_one_on_demand_passes_the_same_checks(cashier: Cashier) -> None:
    def ask(at: datetime) -> str:
        try:
            asked = dunning_on_demand.remind(cashier.caller, cashier.invoice.id, at)
        except NotNow as refused:
            return str(refused.reason)
        for id_, claim, _ in asked.ring:
            cashier.desk.deliver(id_, claim, at)
        return "sent"

    assert ask(FIRST - DAY) == "not_due"
    assert ask(FIRST + 11 * HOUR) == "quiet_hours"
    assert cashier.rows() == []
    assert ask(FIRST - HOUR) == "sent"
    assert ask(FIRST) == "under_way"
    cashier.arrive(FIRST)
    assert ask(FIRST + 2 * DAY) == "minimum_days_between"
    assert ask(FIRST + 3 * DAY) == "sent"
    cashier.arrive(FIRST)
    assert cashier.stages() == [1, 1]
    invoices.dispute(cashier.caller, cashier.invoice.id, FIRST + 9 * DAY)
    assert ask(FIRST + 9 * DAY) == "disputed"
    invoices.settle_dispute(cashier.caller, cashier.invoice.id, FIRST + 9 * DAY)
    cashier.pay("120", FIRST + 9 * DAY)
    assert ask(FIRST + 9 * DAY) == "paid"


@pytest.mark.row("C3")
def test_each_move_of_an_invoice_is_told_in_the_feed(cashier: Cashier) -> None:
    cashier.day(FIRST)
    cashier.pay("120", FIRST + DAY)
    told = [
        one.type for one in FeedEntry.select().order_by(FeedEntry.tx, FeedEntry.id)
        if one.object in ("invoice", "payment")
    ]  # fmt: skip
    assert told == [
        "invoice.scheduled", "invoice.active", "payment.recorded", "invoice.recovered",
    ]  # fmt: skip
