"""Reminding of invoices that are not paid: what follows a change, and sending what is due."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway.domain import channel_plan, dunning
from gateway.domain.dunning import Because, Next
from gateway.domain.dunning_rules import Stage
from gateway.domain.lifecycle import INVOICE_MOVES, InvoiceState
from gateway.domain.outcomes import Reason
from gateway.models import withdrawal
from gateway.models.base import atomic
from gateway.models.feed import FeedEntry, entry
from gateway.models.invoice import SUBJECT, Invoice
from gateway.models.notification import Notification
from gateway.usecases import fresh, jobs, stopping
from gateway.usecases.dunning_outlook import PURPOSE, held_up, rule, rules_of, upcoming, zone_of

log = structlog.get_logger(__name__)

JOB = "invoice.remind"
VALID_FOR = timedelta(hours=24)
LOOK_AGAIN = timedelta(minutes=10)  # while one is on its way
LOOK_AT_LEAST = timedelta(days=1)  # rules and time zones may change meanwhile
_OVER = frozenset({Because.STAGES, Because.MAXIMUM})


@dataclass
class Stopped:
    """What a change of an invoice came to. `settled` is False while something of it is at a
    provider; `calls` are the ids of calls to be ended after the commit."""

    settled: bool = True
    calls: list[str] = field(default_factory=list)


def changed(invoice: Invoice, now: datetime, *, calls_too: bool = False) -> Stopped:
    """Bring everything in step with an invoice that was made or changed, whose turn this
    transaction has: what is planned is taken back, also what may or may not have left yet, and
    with `calls_too` calls that somebody hears just now; what comes next is planned anew."""
    objection = held_up(invoice)
    Invoice.put(invoice, schedule_version=invoice.schedule_version + 1)
    reason = _WITHDRAWN.get(objection, Reason.CANCELED) if objection else Reason.SUPERSEDED
    withdrawal.cancel_pending(SUBJECT, invoice.id, now, reason)
    away = withdrawal.under_way(SUBJECT, invoice.id)
    stop = stopping.stop if calls_too else stopping.stop_unsent
    stopped = Stopped(_finished(away), stop(away, now))
    plan(invoice, now)
    return stopped


def settled(invoice: Invoice) -> bool:
    """Whether nothing of it is at a provider."""
    return _finished(withdrawal.under_way(SUBJECT, invoice.id))


def _finished(rows: Iterable[Notification]) -> bool:
    return all(row.finished_at is not None for row in rows)


_WITHDRAWN = {Because.PAID: Reason.PAID, Because.ERASED: Reason.ERASED}


def plan(invoice: Invoice, now: datetime) -> Next:
    """Write down where an invoice stands, and have it looked at when its next reminder is due.
    Call it in the transaction that has its turn."""
    found = upcoming(invoice, now)
    _stand(invoice, found.because, now)
    if found.because in _HELD or found.because in _OVER:
        jobs.cancel(JOB, invoice.id, now)
        return found
    if found.because == Because.UNDER_WAY:
        at = max(found.at or now, now) + LOOK_AGAIN
    else:
        assert found.at is not None, "a stage has its moment"
        at = min(found.at, now + LOOK_AT_LEAST)
    jobs.plan(JOB, invoice.id, at, now, invoice.organization_id, invoice.mode)
    return found


_HELD: dict[Because, tuple[InvoiceState, Reason | Because | None]] = {
    Because.PAID: (InvoiceState.RECOVERED, Because.PAID),
    Because.DISPUTED: (InvoiceState.EXCLUDED, Because.DISPUTED),
    Because.CANCELED: (InvoiceState.EXCLUDED, Because.CANCELED),
    Because.WRITTEN_OFF: (InvoiceState.EXCLUDED, Because.WRITTEN_OFF),
    Because.ERASED: (InvoiceState.EXCLUDED, Because.ERASED),
    Because.PAUSED: (InvoiceState.PAUSED, None),
}


def _stand(invoice: Invoice, because: Because, now: datetime) -> None:
    if because in _HELD:
        state, reason = _HELD[because]
    elif because in _OVER:
        state, reason = InvoiceState.EXHAUSTED, because
    else:
        reminded = invoice.reminder_id is not None
        state, reason = (InvoiceState.ACTIVE if reminded else InvoiceState.SCHEDULED), None
    why = str(reason) if reason else None
    present = InvoiceState(invoice.state)
    if (present, invoice.reason) == (state, why):
        return
    assert state == present or state in INVOICE_MOVES[present], f"{present} to {state}"
    paid: dict[str, Any] = {"recovered_at": now} if state == InvoiceState.RECOVERED else {}
    Invoice.put(invoice, state=state, reason=why, **paid)
    tell(invoice, now)


def tell(invoice: Invoice, now: datetime, type_: str | None = None) -> None:
    """Append to the feed where an invoice stands."""
    said = entry(
        invoice.organization_id, invoice.mode, now, SUBJECT, invoice.id, str(invoice.state),
        invoice.reason, type_,
    )  # fmt: skip
    FeedEntry.append([said])


def remind(invoice_id: str, now: datetime) -> None:
    """Send the reminder that is due, and have the invoice looked at again. Safe to repeat, too
    early and too late: of stages that were missed the highest is sent."""
    with atomic():
        invoice = Invoice.take_turn(invoice_id)
        if invoice is None:
            return
        found = plan(invoice, now)
        if found.stage is None or found.at is None or found.at > now:
            return
        row = write(invoice, found.stage, now)
        again = dunning.tomorrow(rules_of(invoice), zone_of(invoice), now)
        jobs.plan(JOB, invoice.id, again, now, invoice.organization_id, invoice.mode)
    log.info("reminder planned", invoice_id=invoice.id, notification_id=row["id"], rule=row["rule"])


def write(
    invoice: Invoice, stage: Stage, now: datetime, *, at_once: bool = False
) -> dict[str, Any]:
    """Write the reminder of a stage, due now, as the newest of its invoice."""
    same = rule(stage)
    rows = Notification.of_subject(SUBJECT, invoice.id)
    row = fresh.notification(
        now,
        subject=(SUBJECT, invoice.id),
        purpose=PURPOSE,
        plan=channel_plan.to_json(stage.channels),
        due_at=now,
        at_once=at_once,
        organization=invoice.organization_id,
        mode=invoice.mode,
        schedule_version=invoice.schedule_version,
        rule=same,
        number=1 + sum(known.rule == same for known in rows),
        kind=PURPOSE,
        contact=invoice.contact_id,
        wording={"template": stage.template},
        expires_at=now + VALID_FOR,
    )
    Notification.add([row])
    Invoice.put(invoice, reminder_id=row["id"])
    _stand(invoice, Because.STAGE, now)
    return row
