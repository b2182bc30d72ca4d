"""What was paid of invoices. Never rewritten."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from peewee import BooleanField, CharField, ForeignKeyField, fn

from gateway.models.base import Row, UTCField, id_field
from gateway.models.invoice import Invoice, MoneyField, summed
from gateway.models.organization import Organization


class Payment(Row):
    """One payment, in the invoice's currency. `paid_at` is what the client says, `created_at` when
    we were told; `after_reminder` whether a reminder of the invoice had left by `paid_at`, as it
    was known when the payment was recorded."""

    id = id_field("pm")
    organization = ForeignKeyField(Organization, index=False, backref="payments")
    organization_id: str
    mode = CharField(max_length=4)
    invoice = ForeignKeyField(Invoice, backref="payments")
    invoice_id: str
    external_id = CharField(max_length=200, null=True)
    amount = MoneyField()
    currency = CharField(max_length=3)
    paid_at = UTCField()
    after_reminder = BooleanField()
    created_at = UTCField()

    class Meta:
        indexes = (
            (("organization", "mode", "invoice", "external_id"), True),
            (("organization", "mode", "created_at"), False),
        )

    @classmethod
    def known(cls, invoice: Invoice, external_id: str | None) -> "Payment | None":
        """The payment of an invoice by the client's own id."""
        if external_id is None:
            return None
        found: Payment | None = cls.get_or_none(
            cls.invoice == invoice.id, cls.external_id == external_id
        )
        return found

    @classmethod
    def of_invoice(cls, invoice_id: str) -> "list[Payment]":
        """All payments of an invoice, oldest first."""
        mine = cls.select().where(cls.invoice == invoice_id)
        return list(mine.order_by(cls.paid_at, cls.id))


def recovered(
    organization_id: str, mode: str, from_: datetime, to: datetime
) -> dict[str, tuple[int, Decimal]]:
    """What was paid after at least one reminder, of the payments recorded from `from_` to before
    `to`: by currency how many payments, and their sum. What it says of a past span never changes,
    since a payment that is told late counts when it is told."""
    total: Any = fn.SUM(Payment.amount)
    mine = Payment.select(Payment.currency, fn.COUNT(Payment.id), total).where(
        Payment.organization == organization_id,
        Payment.mode == mode,
        Payment.created_at >= from_,
        Payment.created_at < to,
        Payment.after_reminder,
    )
    rows: Any = mine.group_by(Payment.currency).order_by(Payment.currency).tuples()
    return {currency: (count, summed(units)) for currency, count, units in rows}
