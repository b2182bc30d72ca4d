"""The further tables that keep something about people: one line each. A test holds that every table
stands here, or says why it need not."""

from gateway.models.enrolment import Enrolment
from gateway.models.invoice import Invoice
from gateway.models.offer import Offer
from gateway.models.payment import Payment
from gateway.models.personal import Holding, by_contact
from gateway.models.preference import Preference, customer_of
from gateway.models.waitlist_entry import OPEN, WaitlistEntry

HOLDINGS: tuple[Holding, ...] = (
    by_contact(
        WaitlistEntry,
        "waitlist",
        {"service": {}},
        lambda since: WaitlistEntry.state.in_(OPEN) | (WaitlistEntry.updated_at >= since),
    ),
    by_contact(Offer, "offers", {}, lambda since: Offer.offered_at >= since),
    by_contact(
        Enrolment,
        "enrolments",
        {"variables": {}},
        lambda since: Enrolment.ended_at.is_null() | (Enrolment.ended_at >= since),
    ),
    by_contact(
        Invoice,
        "invoices",
        {"payment_link": "", "metadata": {}},
        lambda since: (
            (Invoice.paid < Invoice.amount) & Invoice.closed_as.is_null()
            | (Invoice.updated_at >= since)
            | Invoice.disputed_at.is_null(False)
        ),
    ),
    Holding(
        "payments",
        Payment,
        lambda one: Payment.invoice.in_(
            Invoice.select(Invoice.id).where(Invoice.contact.in_(one.contact_ids))
        ),
        {},
    ),
    Holding(
        "preferences",
        Preference,
        lambda one: (
            (Preference.organization == one.organization_id)
            & (Preference.mode == one.mode)
            & Preference.customer.in_([customer_of(row) for row in one.contacts])
        ),
        None,
    ),
)
SUBJECTS = tuple(holding.table for holding in HOLDINGS if holding.locked)
