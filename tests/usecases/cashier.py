"""A desk with an unpaid invoice, and what a test does to it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from gateway.domain.lifecycle import NotificationState as N
from gateway.models.invoice import Invoice
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import dunning, dunning_outlook, invoices, invoices_paid
from gateway.usecases.invoices import Wanted
from tests.usecases.desk import Desk
from tests.usecases.reports import PERSON

DUE = date(2027, 1, 10)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# 10:00 in Berlin on the day after; reminders go out then.
FIRST = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
LINK = "https://pay.example.com/117"


class Cashier:
    """One invoice over 120.00 EUR, made a few days before it is overdue."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.caller = desk, desk.caller
        desk.now = FIRST - 5 * DAY
        self.invoice, made = self.make("inv-1")
        assert made

    def make(self, external_id: str, **more: Any) -> tuple[Invoice, bool]:
        values: dict[str, Any] = {
            "external_id": external_id, "contact": PERSON, "amount": Decimal("120.00"),
            "currency": "EUR", "due_on": DUE, "payment_link": LINK, "fingerprint": "f", **more,
        }  # fmt: skip
        return invoices.make(self.caller, Wanted(**values), self.desk.now)

    def day(self, at: datetime) -> None:
        """What job, clock, worker and carrier do at a moment."""
        dunning.remind(self.invoice.id, at)
        self.desk.work(at)
        self.arrive(at)

    def arrive(self, at: datetime) -> None:
        """The carrier says that everything arrived."""
        for row in Notification.select().where(Notification.state == "sending"):
            Notification.move(row, N.REACHED, at)

    def reload(self) -> Invoice:
        return invoices.show(self.caller, self.invoice.id)

    def pay(self, amount: str, at: datetime, **more: Any) -> invoices_paid.Paid:
        return invoices_paid.pay(self.caller, self.invoice.id, amount, at, **more)

    def rows(self) -> list[Notification]:
        return [row for row, _ in dunning_outlook.reminders(self.invoice)]

    def texts(self) -> list[str]:
        ids = [row.id for row in self.rows()]
        return [str(one.text) for one in MessageLog.of_notifications(ids)]

    def states(self) -> list[tuple[str, str | None]]:
        return [(str(row.state), row.reason) for row in self.rows()]

    def stages(self) -> list[int]:
        return [dunning_outlook.stage_of(row) for row in self.rows()]
