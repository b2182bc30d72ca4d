"""Invoices and payments as answers show them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields

from gateway.domain import dunning as rules
from gateway.domain import money
from gateway.domain.dunning import Because, Next
from gateway.domain.lifecycle import InvoiceState
from gateway.http.answers import moment, text, when, whole
from gateway.http.booking_answer import BookingContact, contact_shown
from gateway.http.notification_answer import (
    Planned,
    ReminderAnswer,
    ReminderDetail,
    reminder,
    reminders_answer,
)
from gateway.models.invoice import Invoice
from gateway.models.notification import Notification
from gateway.models.payment import Payment
from gateway.usecases import dunning_outlook


class InvoiceAnswer(Schema):
    """An invoice. Sums are exact, as text, with the digits of their currency."""

    id = text()
    external_id = text(null=True)
    version = whole()
    state = text(enum=[str(state) for state in InvoiceState])
    reason = text("why it is in this state", null=True)
    contact = fields.Nested(BookingContact, required=True)
    amount = text(example="120.00")
    paid = text(example="20.00")
    open = text("what is still to be paid", example="100.00")
    currency = text(example="EUR")
    due_on = text(format="date")
    days_overdue = fields.Integer(
        required=True, metadata={"description": "where the contact lives; negative before"}
    )
    payment_link = text()
    paused = fields.Boolean(required=True)
    disputed_at = text(null=True, format="date-time")
    recovered_at = text("when it was paid in full", null=True, format="date-time")
    dunning = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "what differs from the organization's; null: no reminders"},
    )
    metadata = fields.Dict(required=True)
    created_at = when()
    updated_at = when()


class InvoiceChanged(InvoiceAnswer):
    """An invoice after a change."""

    settled = fields.Boolean(
        required=True, metadata={"description": "false while a reminder is at a provider"}
    )


class PaymentAnswer(Schema):
    """One payment."""

    id = text()
    external_id = text(null=True)
    amount = text(example="20.00")
    currency = text()
    paid_at = when()
    created_at = when()
    after_reminder = fields.Boolean(
        required=True, metadata={"description": "whether a reminder had left by then"}
    )


class PaymentRecorded(PaymentAnswer):
    """A payment, and the invoice after it."""

    invoice = fields.Nested(InvoiceChanged, required=True)


class NextReminder(Schema):
    """The next reminder, or why there is none."""

    at = text(null=True, format="date-time")
    days_overdue = fields.Integer(
        required=True, allow_none=True, metadata={"description": "of its stage"}
    )
    because = text(enum=[str(reason) for reason in Because])


class DunningReminder(ReminderAnswer):
    """A reminder of an invoice."""

    stage = fields.Integer(required=True, metadata={"description": "by its days overdue"})


class DunningReminderDetail(ReminderDetail):
    """A reminder of an invoice, with its attempts."""

    stage = fields.Integer(required=True, metadata={"description": "by its days overdue"})


class InvoiceDetail(InvoiceAnswer):
    """An invoice with everything that was and will be done about it."""

    dunning_in_force = fields.Dict(required=True)
    next_reminder = fields.Nested(NextReminder, required=True)
    reminders = fields.List(fields.Nested(DunningReminderDetail), required=True)
    payments = fields.List(fields.Nested(PaymentAnswer), required=True)


class InvoicePage(Schema):
    """A page of invoices."""

    data = fields.List(fields.Nested(InvoiceAnswer), required=True)
    next_cursor = text(null=True)


def invoice_answer(row: Invoice, zone: str, now: datetime) -> dict[str, Any]:
    """An invoice; `zone` is that of its organization."""

    def shown(value: Decimal) -> str:
        return money.plain(value, row.currency)

    where = row.contact.time_zone or zone
    return {
        "id": row.id,
        "external_id": row.external_id,
        "version": row.version,
        "state": str(row.state),
        "reason": row.reason,
        "contact": contact_shown(row.contact),
        "amount": shown(row.amount),
        "paid": shown(row.paid),
        "open": shown(row.open),
        "currency": row.currency,
        "due_on": row.due_on.isoformat(),
        "days_overdue": rules.days_overdue(row.due_on, where, now),
        "payment_link": row.payment_link,
        "paused": row.paused,
        "disputed_at": moment(row.disputed_at),
        "recovered_at": moment(row.recovered_at),
        "dunning": row.policy.get("dunning", {}),
        "metadata": row.metadata,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def payment_answer(row: Payment) -> dict[str, Any]:
    """A payment."""
    return {
        "id": row.id,
        "external_id": row.external_id,
        "amount": money.plain(row.amount, row.currency),
        "currency": row.currency,
        "paid_at": moment(row.paid_at),
        "created_at": moment(row.created_at),
        "after_reminder": row.after_reminder,
    }


def next_answer(found: Next) -> dict[str, Any]:
    """The next reminder."""
    stage = found.stage.days_overdue if found.stage else None
    return {"at": moment(found.at), "days_overdue": stage, "because": str(found.because)}


def dunning_reminder(row: Notification) -> dict[str, Any]:
    """One reminder."""
    return {**reminder(row), "stage": dunning_outlook.stage_of(row)}


def dunning_reminders(planned: Planned) -> list[dict[str, Any]]:
    """Reminders with their attempts."""
    stages = [dunning_outlook.stage_of(row) for row, _ in planned]
    shown = zip(reminders_answer(planned), stages, strict=True)
    return [{**one, "stage": stage} for one, stage in shown]
