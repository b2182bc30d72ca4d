"""What is paid of invoices: recorded, and reminders stopped by it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain import money
from gateway.domain.errors import Conflict, Invalid
from gateway.models.base import atomic
from gateway.models.feed import FeedEntry, entry
from gateway.models.invoice import Invoice
from gateway.models.payment import Payment
from gateway.usecases import dunning, dunning_outlook, invoices
from gateway.usecases.accounts import Caller
from gateway.usecases.dunning import Stopped

SLACK = timedelta(minutes=5)  # by which a client's clock may be ahead


@dataclass
class Paid:
    """A payment as it is kept; `created` is False when it was recorded before."""

    payment: Payment
    invoice: Invoice
    created: bool
    stopped: Stopped


def pay(
    caller: Caller,
    invoice_id: str,
    amount: str,
    now: datetime,
    *,
    paid_at: datetime | None = None,
    external_id: str | None = None,
) -> Paid:
    """Record a payment and, in the same transaction, take back every reminder of what is paid now
    that has not left. The same external id again is no second payment. Raises NotFound, Invalid,
    Conflict when that one was another payment."""
    paid_on = paid_at or now
    if paid_on > now + SLACK:
        raise Invalid("must not lie in the future", "paid_at")
    with atomic():
        invoice = invoices.turn(caller, invoice_id)
        summed = money.amount(amount, invoice.currency)
        known = Payment.known(invoice, external_id)
        if known is not None:
            if known.amount != summed or (paid_at is not None and known.paid_at != paid_at):
                raise Conflict("a different payment has this external_id", "external_id")
            return Paid(known, invoice, False, Stopped(dunning.settled(invoice)))
        payment = Payment.create(
            organization=invoice.organization_id,
            mode=invoice.mode,
            invoice=invoice.id,
            external_id=external_id,
            amount=summed,
            currency=invoice.currency,
            paid_at=paid_on,
            after_reminder=_reminded_by(invoice, paid_on),
            created_at=now,
        )
        Invoice.edit(invoice, now, paid=invoice.paid + summed)
        _tell(payment, now)
        stopped = dunning.changed(invoice, now, calls_too=invoice.open == 0)
    return Paid(payment, invoice, True, stopped)


def _reminded_by(invoice: Invoice, at: datetime) -> bool:
    left = [one.left_at for one in dunning_outlook.history(invoice)]
    return any(one is not None and one <= at for one in left)


def _tell(payment: Payment, now: datetime) -> None:
    FeedEntry.append(
        [entry(payment.organization_id, payment.mode, now, "payment", payment.id, "recorded")]
    )


def payments(invoice: Invoice) -> list[Payment]:
    """All payments of an invoice, oldest first."""
    return Payment.of_invoice(invoice.id)
