"""Any history of payments, edits, disputes, pauses, asked-for reminders and outages: what leaves is
never one too many, too early, too soon after another, milder than before, or about what is paid."""

import contextlib
from collections.abc import Callable
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.errors import Conflict, NotNow
from gateway.domain.lifecycle import NotificationState as N
from gateway.models.invoice import Invoice
from gateway.models.job import Job
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import dunning, dunning_on_demand, dunning_outlook, invoices
from tests.usecases.cashier import DAY, DUE, FIRST, HOUR, Cashier

BERLIN = ZoneInfo("Europe/Berlin")
STEPS = 45


class History:
    """One invoice and what happens to it. Every message that leaves is checked when it does."""

    def __init__(self, cashier: Cashier, random: Random) -> None:
        self.cashier, self.random = cashier, random
        self.now = FIRST - 6 * DAY
        self.seen: set[str] = set()
        self.left: list[tuple[date, int]] = []
        self.happenings: list[Callable[[], object]] = [
            self.run, self.run, self.run, self.run, self.run, self.ask, self.pay, self.dispute,
            self.settle, self.pause, self.resume, self.postpone, self.lower, self.run_early,
        ]  # fmt: skip

    def step(self) -> None:
        """Time passes, more of it in an outage, and something happens."""
        hours = self.random.choice([1, 3, 12, 24, 24, 48, 24 * 9])
        self.now += hours * HOUR
        act = self.random.choice(self.happenings)
        with contextlib.suppress(Conflict, NotNow):
            act()
        self.look(act.__name__)

    def run(self) -> None:
        """What clock and workers do, if the job's moment has come."""
        job = Job.get(Job.name == dunning.JOB, Job.key == self.cashier.invoice.id)
        if job.next_attempt_at is not None and job.next_attempt_at <= self.now:
            dunning.remind(self.cashier.invoice.id, self.now)
        self.cashier.desk.work(self.now)

    def run_early(self) -> None:
        """The same, and the job although it is not due, twice."""
        for _ in range(2):
            dunning.remind(self.cashier.invoice.id, self.now)
        self.cashier.desk.work(self.now)

    def ask(self) -> None:
        asked = dunning_on_demand.remind(self.cashier.caller, self.cashier.invoice.id, self.now)
        for id_, claim, _ in asked.ring:
            self.cashier.desk.deliver(id_, claim, self.now)

    def pay(self) -> None:
        self.cashier.pay(self.random.choice(["1.50", "20", "60"]), self.now)

    def dispute(self) -> None:
        invoices.dispute(self.cashier.caller, self.cashier.invoice.id, self.now)

    def settle(self) -> None:
        invoices.settle_dispute(self.cashier.caller, self.cashier.invoice.id, self.now)

    def pause(self) -> None:
        self._edit(paused=True)

    def resume(self) -> None:
        self._edit(paused=False)

    def postpone(self) -> None:
        self._edit(due_on=DUE + self.random.choice([-5, 0, 4, 20]) * DAY)

    def lower(self) -> None:
        self._edit(amount=self.random.choice(["90", "110.10", "300"]))

    def _edit(self, **changes: object) -> None:
        invoices.edit(self.cashier.caller, self.cashier.invoice.id, changes, None, self.now)

    def look(self, happened: str) -> None:
        """Hold what left just now against everything that was promised."""
        for message in MessageLog.select().order_by(MessageLog.created_at):
            if message.id in self.seen:
                continue
            self.seen.add(message.id)
            row = Notification.get_by_id(message.notification_id)
            self._check(row, str(message.text), asked=happened == "ask")
        if self.random.random() < 0.8:
            for row in Notification.select().where(Notification.state == N.SENDING):
                Notification.move(row, self.random.choice([N.REACHED, N.NOT_REACHED]), self.now)
        invoice = self.cashier.reload()
        if invoice.open == 0:
            assert invoice.state == "recovered"
            waits = Notification.select().where(Notification.state.in_([N.SCHEDULED, N.DUE]))
            assert not waits.exists()

    def _check(self, row: Notification, text: str, *, asked: bool) -> None:
        invoice: Invoice = self.cashier.reload()
        rules, today = dunning_outlook.rules_of(invoice), self.now.astimezone(BERLIN)
        stage = dunning_outlook.stage_of(row)
        overdue = (today.date() - invoice.due_on).days
        assert invoice.open > 0, "it was paid"
        assert (invoice.disputed_at, invoice.paused, invoice.closed_as) == (None, False, None)
        assert overdue >= (1 if asked else stage), "early"
        assert 8 <= today.hour < 21, "in the night"
        assert len(self.left) < rules.maximum, "one too many"
        for day, earlier in self.left:
            assert (today.date() - day).days >= rules.minimum_days_between, "too soon"
            assert stage >= earlier if asked else stage > earlier, "milder than before"
        assert f"{invoice.open:.2f}" in text, "the sum of another moment"
        self.left.append((today.date(), stage))


@pytest.mark.row("C3")
@pytest.mark.parametrize("seed", range(4))
def test_no_history_lets_a_reminder_leave_that_should_not(cashier: Cashier, seed: int) -> None:
    history = History(cashier, Random(seed))
    for _ in range(STEPS):
        history.step()
    assert history.left or cashier.reload().state == "recovered"
