"""/api/v1/invoices: what people owe, reminding them of it, and what they paid."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Response

from gateway import wallclock
from gateway.domain.dunning import Because
from gateway.http import doorbell
from gateway.http.answers import send
from gateway.http.arguments import Blueprint, opaque_id
from gateway.http.auth import caller, requires
from gateway.http.idempotency import HEADER, REPLAYED, fingerprint, once
from gateway.http.invoice_answer import (
    DunningReminder,
    InvoiceAnswer,
    InvoiceChanged,
    InvoiceDetail,
    InvoicePage,
    PaymentRecorded,
    dunning_reminder,
    dunning_reminders,
    invoice_answer,
    next_answer,
    payment_answer,
)
from gateway.http.invoice_input import InvoiceChanges, InvoiceInput, InvoiceQuery, PaymentInput
from gateway.http.pagination import page
from gateway.models.invoice import Invoice
from gateway.usecases import dunning_on_demand, dunning_outlook, invoices, invoices_paid
from gateway.usecases.idempotency import Answer
from gateway.usecases.invoices import Changed, Wanted

blueprint = Blueprint(
    "invoices",
    __name__,
    url_prefix="/api/v1/invoices",
    description="Unpaid invoices, their reminders and payments",
)
EXAMPLE = {
    "external_id": "inv-2026-117",
    "contact": {"external_id": "c-77", "name": "Ada", "phone": "+4915112345678", "locale": "de"},
    "amount": "120.00",
    "currency": "EUR",
    "due_on": "2026-12-01",
    "payment_link": "https://pay.example.com/117",
}
PAYMENT = {"amount": "20.00", "paid_at": "2026-12-05T10:00:00+01:00", "external_id": "tr-9"}
_AWAY = "Done, while a reminder is at a provider: a call is asked to end"


@blueprint.route("", methods=["POST"])
@requires("invoices:write")
@blueprint.doc(operationId="makeInvoice", summary="Make an invoice", parameters=[HEADER])
@blueprint.arguments(InvoiceInput, example=EXAMPLE)
@blueprint.response(201, InvoiceAnswer, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=InvoiceAnswer,
    success=True,
    description="The very same invoice is there already",
    headers=REPLAYED,
)
def make(wanted: dict[str, Any]) -> Response:
    """The same `external_id` again is no second invoice: 200 if identical, else 409."""
    asked = Wanted(**wanted, fingerprint=fingerprint())

    def work(now: datetime) -> Answer:
        invoice, created = invoices.make(caller(), asked, now)
        return Answer(201 if created else 200, _shown(invoice, now))

    return once(work)


@blueprint.route("", methods=["GET"])
@requires("invoices:read", query=True)
@blueprint.doc(operationId="listInvoices", summary="List invoices, newest first")
@blueprint.arguments(InvoiceQuery, location="query")
@blueprint.response(200, InvoicePage)
def list_invoices(query: dict[str, Any]) -> Response:
    """Filters combine; `from` and `to` are about the due date."""
    rows, following = page(
        caller(),
        "invoices",
        query,
        lambda filters, limit, before: invoices.search(caller(), filters, limit, before),
        lambda row: (row.created_at, row.id),
    )
    now = wallclock.now()
    return send(200, {"data": [_shown(row, now) for row in rows], "next_cursor": following})


@blueprint.route("/<invoice_id>", methods=["GET"])
@requires("invoices:read")
@blueprint.doc(operationId="showInvoice", summary="Show an invoice")
@blueprint.response(200, InvoiceDetail)
def show(invoice_id: str) -> Response:
    """With its reminders and their attempts, its payments, and when the next reminder comes or why
    none does."""
    now = wallclock.now()
    invoice = invoices.show(caller(), opaque_id(invoice_id))
    body = {
        **_shown(invoice, now),
        "dunning_in_force": dunning_outlook.rules_of(invoice).to_json(),
        "next_reminder": next_answer(dunning_outlook.upcoming(invoice, now)),
        "reminders": dunning_reminders(dunning_outlook.reminders(invoice)),
        "payments": [payment_answer(row) for row in invoices_paid.payments(invoice)],
    }
    return send(200, body)


@blueprint.route("/<invoice_id>", methods=["PATCH"])
@requires("invoices:write")
@blueprint.doc(operationId="changeInvoice", summary="Change an invoice")
@blueprint.arguments(InvoiceChanges, example={"due_on": "2026-12-15"})
@blueprint.response(200, InvoiceChanged)
def edit(changes: dict[str, Any], invoice_id: str) -> Response:
    """What is planned follows; what was sent stays. A `version` that is stale is a 409."""
    now, version = wallclock.now(), changes.pop("version", None)
    done = invoices.edit(caller(), opaque_id(invoice_id), changes, version, now)
    doorbell.ring_to_end(done.stopped.calls)
    return send(200, _changed(done, now))


@blueprint.route("/<invoice_id>", methods=["DELETE"])
@requires("invoices:write")
@blueprint.doc(operationId="cancelInvoice", summary="Cancel an invoice")
@blueprint.response(200, InvoiceChanged, description="Nothing of it can leave any more")
@blueprint.alt_response(202, schema=InvoiceChanged, success=True, description=_AWAY)
def cancel(invoice_id: str) -> Response:
    """Nobody is reminded of it any more. Again, it is the same."""
    now = wallclock.now()
    done = invoices.close(caller(), opaque_id(invoice_id), Because.CANCELED, now)
    doorbell.ring_to_end(done.stopped.calls)
    return send(200 if done.stopped.settled else 202, _changed(done, now))


@blueprint.route("/<invoice_id>/write-off", methods=["POST"])
@requires("invoices:write")
@blueprint.doc(operationId="writeOffInvoice", summary="Write an invoice off", parameters=[HEADER])
@blueprint.response(200, InvoiceChanged, headers=REPLAYED)
@blueprint.alt_response(
    202, schema=InvoiceChanged, success=True, description=_AWAY, headers=REPLAYED
)
def write_off(invoice_id: str) -> Response:
    """Nobody is reminded of it any more; a payment can still be recorded."""
    wanted = opaque_id(invoice_id)
    return _once(lambda now: invoices.close(caller(), wanted, Because.WRITTEN_OFF, now))


@blueprint.route("/<invoice_id>/dispute", methods=["POST"])
@requires("invoices:write")
@blueprint.doc(operationId="disputeInvoice", summary="Mark as disputed", parameters=[HEADER])
@blueprint.response(200, InvoiceChanged, headers=REPLAYED)
@blueprint.alt_response(
    202, schema=InvoiceChanged, success=True, description=_AWAY, headers=REPLAYED
)
def dispute(invoice_id: str) -> Response:
    """Nobody is reminded of it until the dispute is over. Again, it is the same."""
    wanted = opaque_id(invoice_id)
    return _once(lambda now: invoices.dispute(caller(), wanted, now))


@blueprint.route("/<invoice_id>/dispute", methods=["DELETE"])
@requires("invoices:write")
@blueprint.doc(operationId="endDispute", summary="End a dispute")
@blueprint.response(200, InvoiceChanged)
def settle(invoice_id: str) -> Response:
    """Reminders go on where they stopped. Again, it is the same."""
    now = wallclock.now()
    done = invoices.settle_dispute(caller(), opaque_id(invoice_id), now)
    return send(200, _changed(done, now))


@blueprint.route("/<invoice_id>/payments", methods=["POST"])
@requires("invoices:write")
@blueprint.doc(operationId="recordPayment", summary="Record a payment", parameters=[HEADER])
@blueprint.arguments(PaymentInput, example=PAYMENT)
@blueprint.response(201, PaymentRecorded, headers=REPLAYED)
@blueprint.alt_response(
    200,
    schema=PaymentRecorded,
    success=True,
    description="This payment was recorded before",
    headers=REPLAYED,
)
def pay(wanted: dict[str, Any], invoice_id: str) -> Response:
    """Once it is paid in full, no reminder leaves any more. A part that is paid is what later
    reminders don't ask for."""
    invoice, calls = opaque_id(invoice_id), list[str]()

    def work(now: datetime) -> Answer:
        paid = invoices_paid.pay(caller(), invoice, now=now, **wanted)
        calls.extend(paid.stopped.calls)
        after = {**_shown(paid.invoice, now), "settled": paid.stopped.settled}
        body = {**payment_answer(paid.payment), "invoice": after}
        return Answer(201 if paid.created else 200, body)

    answer = once(work)
    doorbell.ring_to_end(calls)
    return answer


@blueprint.route("/<invoice_id>/remind", methods=["POST"])
@requires("invoices:write")
@blueprint.doc(operationId="remindOfInvoice", summary="Send a reminder now", parameters=[HEADER])
@blueprint.response(202, DunningReminder, headers=REPLAYED)
def remind(invoice_id: str) -> Response:
    """One reminder, through the checks that every one passes; a 409 says by its `reason` why it may
    not be sent now."""
    wanted = opaque_id(invoice_id)

    def work(now: datetime) -> Answer:
        asked = dunning_on_demand.remind(caller(), wanted, now)
        return Answer(202, dunning_reminder(asked.notification), asked.ring)

    return once(work)


def _once(change: Callable[[datetime], Changed]) -> Response:
    calls = list[str]()

    def work(now: datetime) -> Answer:
        done = change(now)
        calls.extend(done.stopped.calls)
        return Answer(200 if done.stopped.settled else 202, _changed(done, now))

    answer = once(work)
    doorbell.ring_to_end(calls)
    return answer


def _shown(invoice: Invoice, now: datetime) -> dict[str, Any]:
    return invoice_answer(invoice, caller().organization.time_zone, now)


def _changed(done: Changed, now: datetime) -> dict[str, Any]:
    return {**_shown(done.invoice, now), "settled": done.stopped.settled}
