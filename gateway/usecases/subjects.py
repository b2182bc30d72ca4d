"""What a notification is about beside bookings: whether there is still something to tell, and what
its words are made of."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from gateway.domain import dunning, money, times
from gateway.domain.lifecycle import EnrolmentState, InvoiceState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.sequences import next_step
from gateway.domain.waitlist_lifecycle import OfferState
from gateway.domain.wording import Occasion
from gateway.models import gathering, listed
from gateway.models.base import Row
from gateway.models.enrolment import RUNNING, Enrolment
from gateway.models.enrolment import SUBJECT as ENROLMENT
from gateway.models.invoice import SUBJECT as INVOICE
from gateway.models.invoice import Invoice
from gateway.models.notification import Notification
from gateway.models.offer import OFFER, Offer
from gateway.models.sequence import Sequence
from gateway.usecases import jobs

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Standing:
    """How a subject stands at this moment: why there is nothing to tell any more (`ended`), which
    schedule version of it is in force (None: the notification's own), whether it is paid."""

    ended: Reason | None = None
    in_force: int | None = None
    paid: bool = False


def read_ahead(rows: Collection[Notification]) -> dict[type, dict[str, Any]]:
    """The subjects of these notifications, by their kind and ids, as far as there are any beside
    bookings."""
    found: dict[type, dict[str, Any]] = {}
    for subject, table in _TABLES.items():
        ids = {row.subject_id for row in rows if row.subject_type == subject}
        if ids:
            found[table] = listed.by_id(table, ids)
    courses = found.get(Enrolment, {}).values()
    sequences = listed.by_id(Sequence, {course.sequence_id for course in courses})
    for course in courses:
        course.sequence = sequences[course.sequence_id]
    return found


def _kept(table: type[R], row: Notification) -> R:
    id_ = row.subject_id
    return gathering.recalled(table, id_, lambda: table.get_by_id(id_))


def standing(row: Notification) -> Standing:
    """How the subject of a notification stands."""
    read = _STANDING.get(row.subject_type)
    return read(row) if read is not None else Standing()


def finished(row: Notification, now: datetime) -> None:
    """A notification came to its end: what its subject makes of that. Call it in the same
    transaction."""
    act = _FINISHED.get(row.subject_type)
    if act is not None:
        act(row, now)


def paused(row: Notification) -> bool:
    """Whether what a notification is about is paused by hand: it waits until that is resumed."""
    if row.subject_type != ENROLMENT:
        return False
    found: Enrolment = _kept(Enrolment, row)
    return found.state == EnrolmentState.PAUSED or found.sequence.paused_at is not None


def occasion(row: Notification, about: Occasion) -> Occasion:
    """What the words of a notification without a booking are made of, at the moment of sending:
    `about`, which knows the person, and what the subject adds. The caller's own variables stay the
    first to be asked."""
    fill = _OCCASION.get(row.subject_type)
    return fill(row, about) if fill is not None else about


_OFFER_OVER = {
    OfferState.ACCEPTED: Reason.OVER,
    OfferState.DECLINED: Reason.OVER,
    OfferState.EXPIRED: Reason.EXPIRED,
    OfferState.REVOKED: Reason.CANCELED,
}


def _offer(row: Notification) -> Standing:
    """An offer that is over need not be told; what is said after it stands for itself."""
    if row.rule != OFFER:
        return Standing()
    return Standing(_OFFER_OVER.get(OfferState(_kept(Offer, row).state)))


def _offered(row: Notification, about: Occasion) -> Occasion:
    offer = _kept(Offer, row)
    slot = offer.slot
    ends = {"offer_expires": times.shown(offer.expires_at)}
    return replace(
        about,
        time_zone=row.contact.time_zone or slot.time_zone,
        service=slot.service.get("name"),
        price=slot.service.get("price"),
        staff=slot.staff.name if slot.staff else None,
        duration_minutes=slot.duration_minutes,
        starts_at=slot.starts_at,
        variables={**ends, **about.variables},
        offered=row.rule == OFFER,
    )


def _enrolment(row: Notification) -> Standing:
    """Whoever left a sequence is told no more of it, and nobody is told a step that was taken out
    of it."""
    found: Enrolment = _kept(Enrolment, row)
    if found.state == EnrolmentState.EXCLUDED:
        return Standing(Reason(found.reason or Reason.STOPPED))
    if not found.sequence.outlives(found.enrolled_at):
        return Standing(Reason.STOPPED)
    listed = any(step.id == row.rule for step in found.sequence.plan)
    return Standing(None if listed else Reason.SUPERSEDED)


def _invoice(row: Notification) -> Standing:
    """Nobody is reminded of what is paid, disputed or closed, and by the newest reminder alone."""
    found: Invoice = _kept(Invoice, row)
    if found.state in (InvoiceState.EXCLUDED, InvoiceState.PAUSED):
        return Standing(Reason.CANCELED)
    if found.reminder_id != row.id:
        return Standing(Reason.SUPERSEDED)
    return Standing(None, found.schedule_version, paid=found.state == InvoiceState.RECOVERED)


def _owed(row: Notification, about: Occasion) -> Occasion:
    found: Invoice = _kept(Invoice, row)
    overdue = dunning.days_overdue(found.due_on, about.time_zone, about.now)
    owed = {
        "amount": money.written(found.open, found.currency),
        "due_date": found.due_on.isoformat(),
        "days_overdue": str(overdue),
        "payment_link": found.payment_link,
    }
    return replace(about, variables={**about.variables, **owed})


def _offer_told(row: Notification, now: datetime) -> None:
    """Where nobody could be told of an offer, it is taken back; by a job, since the offer is locked
    before its notifications."""
    if row.rule == OFFER and row.state in (N.SUPPRESSED, N.NOT_REACHED, N.CANCELED):
        jobs.plan("offer.untold", row.subject_id, now, now, row.organization_id, row.mode)


def _step_ended(row: Notification, now: datetime) -> None:
    """After the last step of a sequence the course ends; by a job likewise."""
    found: Enrolment = _kept(Enrolment, row)
    if found.state in RUNNING and next_step(found.sequence.plan, found.done) is None:
        jobs.plan("enrolment.step", found.id, now, now, row.organization_id, row.mode)


_TABLES: Mapping[str, type[Row]] = {OFFER: Offer, ENROLMENT: Enrolment, INVOICE: Invoice}
_FINISHED: Mapping[str, Callable[[Notification, datetime], None]] = {
    OFFER: _offer_told,
    ENROLMENT: _step_ended,
}
_STANDING: Mapping[str, Callable[[Notification], Standing]] = {
    OFFER: _offer,
    ENROLMENT: _enrolment,
    INVOICE: _invoice,
}
_OCCASION: Mapping[str, Callable[[Notification, Occasion], Occasion]] = {
    OFFER: _offered,
    INVOICE: _owed,
}
