"""Making, reading and changing invoices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from gateway.domain import money
from gateway.domain.dunning import Because
from gateway.domain.errors import Conflict, NotFound
from gateway.domain.lifecycle import InvoiceState
from gateway.models.base import atomic
from gateway.models.invoice import Invoice
from gateway.usecases import dunning, dunning_words, people
from gateway.usecases.accounts import Caller
from gateway.usecases.dunning import Stopped

_PLAIN = ("amount", "due_on", "payment_link", "policy", "paused", "metadata")
_SILENT = frozenset({"metadata"})  # nothing that is said changes with it


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """An invoice as asked for. `contact` is a mapping of external_id, name, phone (E.164), email,
    locale, time_zone; `policy` holds the invoice's own dunning, if any. `fingerprint` is a hash of
    the whole request."""

    contact: dict[str, Any] = field(repr=False)
    amount: Decimal
    currency: str
    due_on: date
    payment_link: str = field(repr=False)
    fingerprint: str
    external_id: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass
class Changed:
    """An invoice after a change, and what that stopped."""

    invoice: Invoice
    stopped: Stopped


def make(caller: Caller, wanted: Wanted, now: datetime) -> tuple[Invoice, bool]:
    """Make an invoice, to be reminded of from its first stage on; whether it was made. The same
    external id again is no second one: the first is returned when the request is the same. Raises
    Conflict when it differs, Invalid."""
    with atomic():
        known = _same(caller, wanted)
        if known is not None:
            return known, False
        contact = people.keep(caller, "contact", wanted.contact, now)
        dunning_words.require(caller, wanted.policy, contact.locale, "dunning")
        made = Invoice.add(
            organization=caller.organization_id,
            mode=caller.mode,
            external_id=wanted.external_id,
            contact=contact.id,
            amount=wanted.amount,
            currency=wanted.currency,
            due_on=wanted.due_on,
            payment_link=wanted.payment_link,
            policy=dict(wanted.policy),
            metadata=dict(wanted.metadata),
            state=InvoiceState.SCHEDULED,
            fingerprint=wanted.fingerprint,
            created_at=now,
            updated_at=now,
        )
        if made is None:
            known = _same(caller, wanted)
            if known is None:
                raise Conflict("another request makes the same external_id")
            return known, False
        invoice = turn(caller, made)
        dunning.tell(invoice, now)
        dunning.plan(invoice, now)
    return invoice, True


def _same(caller: Caller, wanted: Wanted) -> Invoice | None:
    if wanted.external_id is None:
        return None
    found = Invoice.of(caller.organization_id, caller.mode, external_id=wanted.external_id)
    if found is not None and found.fingerprint != wanted.fingerprint:
        raise Conflict("a different invoice has this external_id", "external_id")
    return found


def show(caller: Caller, invoice_id: str) -> Invoice:
    """One invoice with whoever owes it. Raises NotFound."""
    found = Invoice.of(caller.organization_id, caller.mode, id=invoice_id)
    if found is None:
        raise NotFound
    return found


def turn(caller: Caller, invoice_id: str) -> Invoice:
    """The same, locked until the transaction ends. Raises NotFound."""
    show(caller, invoice_id)
    invoice = Invoice.take_turn(invoice_id)
    assert invoice is not None, "it was just there"
    return invoice


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[Invoice]:
    """Invoices newest first, at most `limit`, older than `before` (created_at, id). Filters:
    external_id, state, contact_id, phone (E.164), email, from_ and to (by due date, from included,
    to not)."""
    wanted = people.by_hash(filters)
    return Invoice.find(caller.organization_id, caller.mode, wanted, limit, before)


def edit(
    caller: Caller, invoice_id: str, changes: Mapping[str, Any], version: int | None, now: datetime
) -> Changed:
    """Change any of amount (text), due_on, payment_link, policy, paused, metadata. `version` is the
    one the client read. Raises NotFound, Conflict (stale version, paid or closed invoice),
    Invalid."""
    with atomic():
        invoice = turn(caller, invoice_id)
        if version is not None and version != invoice.version:
            raise Conflict("the invoice was changed since this version was read", "version")
        values = {name: changes[name] for name in _PLAIN if name in changes}
        if "amount" in values:
            values["amount"] = money.amount(values["amount"], invoice.currency)
        values = {name: value for name, value in values.items() if getattr(invoice, name) != value}
        if not values:
            return Changed(invoice, Stopped())
        if values.keys() - _SILENT:
            _require_running(invoice)
        dunning_words.require(caller, values.get("policy", {}), invoice.contact.locale, "dunning")
        Invoice.edit(invoice, now, **values)
        dunning.tell(invoice, now, "invoice.changed")
        stopped = dunning.changed(invoice, now) if values.keys() - _SILENT else Stopped()
    return Changed(invoice, stopped)


def _require_running(invoice: Invoice) -> None:
    if invoice.open == 0:
        raise Conflict("the invoice is paid")
    if invoice.closed_as is not None:
        raise Conflict(f"the invoice is {invoice.closed_as.replace('_', ' ')}")


def dispute(caller: Caller, invoice_id: str, now: datetime) -> Changed:
    """Have nobody reminded of an invoice that is disputed, until that is over. Again, it is the
    same. Raises NotFound, Conflict for one that is paid or closed."""
    with atomic():
        invoice = turn(caller, invoice_id)
        _require_running(invoice)
        if invoice.disputed_at is None:
            Invoice.edit(invoice, now, disputed_at=now)
        return Changed(invoice, dunning.changed(invoice, now, calls_too=True))


def settle_dispute(caller: Caller, invoice_id: str, now: datetime) -> Changed:
    """The dispute is over: reminders go on where they stopped. Again, it is the same. Raises
    NotFound."""
    with atomic():
        invoice = turn(caller, invoice_id)
        if invoice.disputed_at is None:
            return Changed(invoice, Stopped())
        Invoice.edit(invoice, now, disputed_at=None)
        return Changed(invoice, dunning.changed(invoice, now))


def close(caller: Caller, invoice_id: str, how: Because, now: datetime) -> Changed:
    """Cancel an invoice or write it off: nobody is reminded of it any more. Again, it is the same.
    Raises NotFound, Conflict for one that is paid or closed in the other way."""
    with atomic():
        invoice = turn(caller, invoice_id)
        if invoice.closed_as != how:
            _require_running(invoice)
            Invoice.edit(invoice, now, closed_as=str(how))
        return Changed(invoice, dunning.changed(invoice, now, calls_too=True))


def forget(contact_id: str, now: datetime) -> list[str]:
    """Whoever owes is erased: nobody is reminded of their invoices any more, and what is owed stays
    on record. Returns calls to be ended after the commit. Call it in that transaction."""
    calls: list[str] = []
    for seen in Invoice.unpaid_of(contact_id):
        invoice = Invoice.take_turn(seen)
        if invoice is not None and invoice.open and invoice.closed_as is None:
            Invoice.edit(invoice, now, closed_as=str(Because.ERASED))
            calls += dunning.changed(invoice, now, calls_too=True).calls
    return calls
