"""One reminder of an invoice that somebody asks for: now, or a reason why not."""

from datetime import datetime

from gateway.domain import dunning as rules
from gateway.domain.decision import decide
from gateway.domain.dunning_rules import Stage
from gateway.domain.errors import NotNow
from gateway.domain.outcomes import Reason
from gateway.models.base import atomic
from gateway.models.invoice import Invoice
from gateway.models.notification import Notification
from gateway.usecases import dunning, dunning_outlook, facts, invoices, readiness, schedule, wording
from gateway.usecases.accounts import Caller
from gateway.usecases.requests import Requested


def remind(caller: Caller, invoice_id: str, now: datetime) -> Requested:
    """Write a reminder that leaves at once, of the highest stage that is reached or was told of. It
    passes the checks that every reminder passes, counts among them, and is checked again when it
    leaves. Raises NotFound; NotNow with the reason, and then nothing is written."""
    with atomic():
        invoice = invoices.turn(caller, invoice_id)
        stage = _stage(invoice, now)
        row = dunning.write(invoice, stage, now, at_once=True)
        kept = Notification.get_by_id(row["id"])
        _require_leave(kept, now)
        dunning.plan(invoice, now)
        kept = Notification.get_by_id(row["id"])
    return Requested(kept, schedule.ring_of([row]))


def _stage(invoice: Invoice, now: datetime) -> Stage:
    objection = dunning_outlook.held_up(invoice)
    if objection is not None:
        raise NotNow(objection)
    found = rules.by_hand(
        dunning_outlook.rules_of(invoice),
        invoice.due_on,
        dunning_outlook.zone_of(invoice),
        dunning_outlook.history(invoice),
        now,
    )
    if found.stage is None:
        raise NotNow(found.because)
    return found.stage


def _require_leave(row: Notification, now: datetime) -> None:
    """The sender's own decision, step by step of the channel plan."""
    about, reason = facts.occasion_of(row), Reason.CHANNEL_UNUSABLE
    for step in range(len(row.plan)):
        row.step = step
        usable = readiness.usable(row.organization_id, row.mode, row.channel)
        decision = decide(facts.gather(row, about, now, usable=usable), now)
        if decision.allowed:
            break
        reason = decision.reason or reason
        if not decision.next_step:
            raise NotNow(reason)
    else:
        raise NotNow(reason)
    try:
        wording.render(row, None, row.channel, about.organization, now)
    except wording.Unfillable:
        raise NotNow(Reason.TEMPLATE) from None
