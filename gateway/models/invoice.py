"""Invoices that are reminded of until they are paid."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from peewee import (
    BigIntegerField,
    BooleanField,
    CharField,
    DateField,
    ForeignKeyField,
    IntegerField,
    JSONField,
    ModelSelect,
    TextField,
)

from gateway.models.base import Row, UTCField, id_field, lock
from gateway.models.contact import Contact
from gateway.models.listing import Position, page
from gateway.models.organization import Organization

SUBJECT = "invoice"  # of its notifications
_UNIT = Decimal("0.0001")  # no currency has finer digits


def summed(units: Any) -> Decimal:
    """A sum of money as its column holds it, or a database adds it up."""
    return int(units) * _UNIT


class MoneyField(BigIntegerField):
    """A sum of money. Takes and gives Decimal; kept as a whole number of ten-thousandths, which
    both databases add up exactly, whatever digits the currency has or comes to have."""

    def db_value(self, value: Any) -> Any:
        return int(value / _UNIT) if isinstance(value, Decimal) else value

    def python_value(self, value: Any) -> Decimal | None:
        return None if value is None else summed(value)


class Invoice(Row):
    """What somebody owes. `version` counts every edit; `schedule_version` those after which the
    reminders planned before don't count any more. Of its notifications only the one of
    `reminder_id` may leave."""

    id = id_field("iv")
    organization = ForeignKeyField(Organization, index=False, backref="invoices")
    organization_id: str
    mode = CharField(max_length=4)
    external_id = CharField(max_length=200, null=True)
    contact = ForeignKeyField(Contact, backref="invoices")
    contact_id: str
    amount = MoneyField()
    paid = MoneyField(default=Decimal(0))
    currency = CharField(max_length=3)  # ISO 4217
    due_on = DateField()
    payment_link = TextField()
    policy = JSONField(default=dict)  # what differs from the organization's: dunning
    metadata = JSONField(default=dict)
    state = CharField(max_length=12)
    reason = CharField(max_length=40, null=True)
    paused = BooleanField(default=False)
    disputed_at = UTCField(null=True)
    closed_as = CharField(max_length=12, null=True)  # canceled | written_off | erased
    version = IntegerField(default=1)
    schedule_version = IntegerField(default=1)
    reminder_id = CharField(max_length=40, null=True)
    fingerprint = CharField(max_length=64)  # of the request that made it
    created_at = UTCField()
    updated_at = UTCField()
    recovered_at = UTCField(null=True)

    class Meta:
        indexes = (
            (("organization", "mode", "external_id"), True),
            (("organization", "mode", "created_at", "id"), False),
        )

    @property
    def open(self) -> Decimal:
        """What is still to be paid; never less than nothing."""
        left: Decimal = self.amount - self.paid
        return max(left, Decimal(0))

    @classmethod
    def add(cls, **values: Any) -> str | None:
        """Insert an invoice; its id, or None when its external id is taken."""
        made = cls.insert(**values).on_conflict_ignore().returning(cls.id).execute()
        return next((row.id for row in made), None)

    @classmethod
    def of(cls, organization_id: str, mode: str, **where: Any) -> "Invoice | None":
        """One invoice of this organization and mode, with whoever owes it."""
        query = _with_contact(organization_id, mode)
        for name, value in where.items():
            query = query.where(getattr(cls, name) == value)
        return next(iter(query.limit(1)), None)

    @classmethod
    def unpaid_of(cls, contact_id: str) -> list[str]:
        """The ids of what a person owes and of which they may be reminded."""
        owed = cls.select(cls.id).where(cls.contact == contact_id, cls.paid < cls.amount)
        return [row.id for row in owed.where(cls.closed_as.is_null()).order_by(cls.id)]

    @classmethod
    def take_turn(cls, invoice_id: str) -> "Invoice | None":
        """The invoice with whoever owes it, locked until the transaction ends: everything that
        changes it, or plans a reminder of it, waits for its turn here."""
        lock(cls.select(cls.id).where(cls.id == invoice_id)).execute()
        query = cls.select(cls, Contact, Organization).join(Contact).switch(cls).join(Organization)
        return next(iter(query.where(cls.id == invoice_id)), None)

    @classmethod
    def edit(cls, row: "Invoice", now: datetime, **changes: Any) -> None:
        """Write what a client changes in an invoice whose turn this transaction has: its next
        version."""
        cls.put(row, version=row.version + 1, updated_at=now, **changes)

    @classmethod
    def put(cls, row: "Invoice", **values: Any) -> None:
        """Write columns of an invoice whose turn this transaction has. `row` is brought up to
        date."""
        cls.update(**values).where(cls.id == row.id).execute()
        for name, value in values.items():
            setattr(row, name, value)

    @classmethod
    def find(
        cls, organization_id: str, mode: str, filters: dict[str, Any], limit: int,
        before: Position | None,
    ) -> "list[Invoice]":  # fmt: skip
        """Invoices of one organization and mode, newest first."""
        query = _with_contact(organization_id, mode)
        return page(query, filters, _CONDITIONS, (cls.created_at, cls.id), before, limit)


_CONDITIONS: dict[str, Callable[[Any], Any]] = {
    "external_id": lambda value: Invoice.external_id == value,
    "state": lambda value: Invoice.state == value,
    "contact_id": lambda value: Invoice.contact == value,
    "phone_hash": lambda value: Contact.phone_hash == value,
    "email_hash": lambda value: Contact.email_hash == value,
    "from_": lambda value: Invoice.due_on >= value,
    "to": lambda value: Invoice.due_on < value,
}


def _with_contact(organization_id: str, mode: str) -> "ModelSelect[Invoice]":
    query: ModelSelect[Invoice] = (
        Invoice.select(Invoice, Contact)
        .join(Contact)
        .where(Invoice.organization == organization_id, Invoice.mode == mode)
    )
    return query
