"""What was and will be done about an invoice that is not paid."""

from dataclasses import replace
from datetime import datetime

from gateway.domain import dunning, policy
from gateway.domain.dunning import Because, Next, Reminded
from gateway.domain.dunning_rules import Rules, Stage
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models import attempts, contacted
from gateway.models.attempts import AnyAttempt
from gateway.models.invoice import SUBJECT, Invoice
from gateway.models.notification import OPEN, Notification

PURPOSE = "dunning"
# What another try would not change.
_LASTING = frozenset({Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.INVALID_ADDRESS})


def rules_of(invoice: Invoice) -> Rules:
    """The rules in force: the invoice's over its organization's over the usual ones."""
    return policy.merged(invoice.organization.policy, invoice.policy).dunning


def zone_of(invoice: Invoice) -> str:
    """The time zone of whoever owes."""
    return str(invoice.contact.time_zone or invoice.organization.time_zone)


def rule(stage: Stage) -> str:
    """What a notification of a stage is identified by."""
    return f"{PURPOSE}:{stage.days_overdue}"


def stage_of(row: Notification) -> int:
    """The stage of a reminder, by its days overdue."""
    return int(row.rule.rpartition(":")[2])


def reminders(invoice: Invoice) -> list[tuple[Notification, list[AnyAttempt]]]:
    """Each reminder of an invoice, in time order, with its attempts."""
    rows = Notification.of_subject(SUBJECT, invoice.id)
    made: dict[str, list[AnyAttempt]] = {}
    for attempt in attempts.of_notifications([row.id for row in rows]):
        made.setdefault(str(attempt.notification_id), []).append(attempt)
    return [(row, made.get(row.id, [])) for row in rows]


def history(invoice: Invoice) -> list[Reminded]:
    """Its reminders so far, those aside that were taken back before anything of them left."""
    rows = Notification.of_subject(SUBJECT, invoice.id)
    left = contacted.last_left([row.id for row in rows])
    return [
        _reminded(row, left.get(row.id))
        for row in rows
        if row.id in left or row.state != N.CANCELED
    ]


def _reminded(row: Notification, left_at: datetime | None) -> Reminded:
    return Reminded(
        stage=stage_of(row),
        left_at=left_at,
        open=row.state in OPEN and row.finished_at is None,
        ended_at=row.finished_at,
        in_vain=row.reason in _LASTING,
    )


def upcoming(invoice: Invoice, now: datetime) -> Next:
    """The next reminder of an invoice, or why there is none."""
    objection = held_up(invoice)
    if objection is not None:
        return Next(objection)
    found = dunning.following(
        rules_of(invoice), invoice.due_on, zone_of(invoice), history(invoice), now
    )
    if found.because == Because.UNDER_WAY:
        return replace(found, at=_looked_at(invoice))
    return found


def held_up(invoice: Invoice) -> Because | None:
    """Why an invoice is not reminded of, whatever its days."""
    if invoice.open == 0:
        return Because.PAID
    if invoice.closed_as is not None:
        return Because(invoice.closed_as)
    if invoice.disputed_at is not None:
        return Because.DISPUTED
    return Because.PAUSED if invoice.paused else None


def _looked_at(invoice: Invoice) -> datetime | None:
    """When the reminder on its way is tried (again), if it waits for that."""
    rows = Notification.of_subject(SUBJECT, invoice.id)
    return next((row.next_attempt_at for row in rows if row.next_attempt_at is not None), None)
