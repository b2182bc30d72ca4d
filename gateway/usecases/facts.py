"""The facts by which it is decided whether a notification may leave: gathered in one place for the
sender, which acts on them, and for the plan, which shows what it will do."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.domain import times
from gateway.domain.decision import Facts
from gateway.domain.lifecycle import BookingState
from gateway.domain.outcomes import Reason
from gateway.domain.policy import Policy
from gateway.domain.reminders import EVERY
from gateway.models import circumstances, contacted, gathering
from gateway.models.booking import Booking
from gateway.models.circumstances import Circumstances
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.contacted import Person
from gateway.models.notification import Notification
from gateway.models.offer import OFFER
from gateway.models.organization import Organization
from gateway.usecases import policies, subjects

# Bookings in these states have nobody left to remind.
ENDED = {
    BookingState.CANCELED: Reason.CANCELED,
    BookingState.CHECKED_IN: Reason.OVER,
    BookingState.FULFILLED: Reason.OVER,
    BookingState.NO_SHOW: Reason.OVER,
}
# What is told about the end of a booking itself.
OF_THE_END = ("cancellation", "reply")
LONGEST_DAY = timedelta(hours=50)  # a local day and more, over any change of zones


@dataclass(frozen=True)
class Occasion:
    """What a notification is about and whose it is."""

    organization: Organization
    booking: Booking | None
    circumstances: Circumstances | None = None  # where they were looked up along with it

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return policies.in_force(self.organization, self.booking)

    def zone(self, contact: Contact) -> str:
        """The zone a person lives by: their own, else that of the appointment, else ours."""
        about = self.booking.time_zone if self.booking is not None else None
        return str(contact.time_zone or about or self.organization.time_zone)


def occasion_of(row: Notification) -> Occasion:
    """The occasion of a notification, whose contact is read along with it."""
    return gathering.recalled("occasion", row.id, lambda: _occasion_of(row))


def _occasion_of(row: Notification) -> Occasion:
    row.contact, known = circumstances.around(row)
    id_ = row.booking_id
    booking = gathering.recalled(Booking, id_, lambda: Booking.get_by_id(id_)) if id_ else None
    return Occasion(row.contact.organization, booking, known)


def address_of(contact: Contact, channel: str) -> tuple[str | None, str]:
    """A person's address on a channel and its keyed hash, empty when there is none."""
    if channel == "email":
        return contact.email, contact.email_hash or ""
    return contact.phone, contact.phone_hash or ""


def takes_digits(row: Notification) -> bool:
    """Whether 1, 2 or 3 may be answered: by the contact, to our words about an appointment or to an
    offer of one."""
    own_words = row.wording.get("say") or row.wording.get("text")
    about = (row.booking_id is not None and row.purpose == "reminder") or row.kind == OFFER
    return about and row.contact.role == "contact" and not own_words


class Sent:
    """What went to one person lately: of each notification the first attempt."""

    def __init__(self, zone: str, found: Iterable[tuple[datetime, str]] = ()) -> None:
        self._zone, self._first = zone, dict[str, datetime]()
        self._by_day: Counter[date] = Counter()
        self._newest: datetime | None = None
        for at, notification_id in sorted(found):
            self.add(notification_id, at)

    def add(self, notification_id: str, at: datetime) -> None:
        """Something leaves, after everything that did before."""
        if notification_id not in self._first:
            self._first[notification_id] = self._newest = at
            self._by_day[times.local_day(at, self._zone)] += 1

    def by_day(self, but: str) -> Mapping[date, int]:
        """How many there were on each day of the person's, without one notification."""
        if but not in self._first:
            return Counter(self._by_day)
        return self._by_day - Counter([times.local_day(self._first[but], self._zone)])

    def newest(self, but: str) -> datetime | None:
        """The last of them, without one notification."""
        if but not in self._first:
            return self._newest
        return max((at for id_, at in self._first.items() if id_ != but), default=None)


def hashes_of(contact: Contact) -> frozenset[str]:
    """The keyed hashes of a person's addresses."""
    return frozenset(filter(None, (contact.phone_hash, contact.email_hash)))


def person_of(row: Notification) -> Person:
    """Whom a notification is for, as one that others may be for too."""
    return Person(row.organization_id, row.mode, tuple(sorted(hashes_of(row.contact))))


def addresses_of(row: Notification) -> set[tuple[str, str, str]]:
    """What two notifications have in common that are for the same person."""
    person = person_of(row)
    return {(person.organization, person.mode, hashed) for hashed in person.hashes}


def lately(row: Notification, zone: str, now: datetime) -> Sent:
    """What went to the person of a notification."""
    return Sent(zone, contacted.lately(person_of(row), now - LONGEST_DAY))


def is_counted(row: Notification, policy: Policy) -> bool:
    """Whether it matters to a notification what went to its person lately."""
    kind, role = row.kind, row.contact.role
    return policy.cap_for(kind, role) is not None or bool(policy.gap_for(kind, role))


def _in_turn(row: Notification, zone: str, now: datetime) -> Sent:
    """The same, while nobody else decides about the person."""
    person = person_of(row)

    def read() -> contacted.Found:
        contacted.take_turns([person])
        return contacted.lately(person, now - LONGEST_DAY)

    return Sent(zone, gathering.recalled(Person, person, read))


def gather(
    row: Notification, about: Occasion, now: datetime, *, usable: bool, sent: Sent | None = None
) -> Facts:
    """The facts of a notification at its present step. `usable` says whether there is a carrier and
    a sender for its channel; `sent` is what went to the person, where that is known: else it is
    looked up where it matters, and nobody else may decide about the person meanwhile."""
    contact, policy = row.contact, about.policy
    _, hashed = address_of(contact, row.channel)
    quiet = policy.quiet_for(row.kind, contact.role)
    cap, gap = policy.cap_for(row.kind, contact.role), policy.gap_for(row.kind, contact.role)
    zone = about.zone(contact)
    if sent is None and is_counted(row, policy):
        sent = _in_turn(row, zone, now)
    sent = sent or Sent(zone)
    booking, subject = about.booking, subjects.standing(row)
    in_force = booking.schedule_version if booking else subject.in_force
    return Facts(
        due_at=row.due_at,
        expires_at=row.expires_at,
        ended=ended(row, booking) or subject.ended,
        planned_for=row.schedule_version,
        in_force=row.schedule_version if in_force is None else in_force,
        opted_out=bool(hashed) and _opted_out(row, about, hashed),
        has_address=bool(hashed),
        channel_usable=usable,
        channel=row.channel,
        kind=row.kind,
        role=contact.role,
        confirmed=booking is not None and booking.state == BookingState.CONFIRMED,
        paid=subject.paid,
        quiet=quiet,
        zone=zone,
        sent_on_day=sent.by_day(row.id) if cap is not None else {},
        cap_per_day=cap,
        recipient_free_at=free_at(sent.newest(row.id), gap),
        made_at=row.created_at,
        successor_at=_successor(row) if quiet is not None else None,
    )


def _opted_out(row: Notification, about: Occasion, hashed: str) -> bool:
    if about.circumstances is not None:
        return about.circumstances.opted_out
    return Consent.withdrawn(row.organization_id, row.mode, row.channel, row.purpose, hashed)


def ended(row: Notification, booking: Booking | None) -> Reason | None:
    """Why there is nothing to tell any more; None while there is."""
    if row.cancel_requested_at is not None:
        return Reason.CANCELED
    if booking is None or row.kind in OF_THE_END:
        return None
    return ENDED.get(BookingState(booking.state))


def free_at(newest: datetime | None, gap: int) -> datetime | None:
    """When the gap since the last one is over."""
    return newest + timedelta(seconds=gap) if newest is not None and gap else None


def _successor(row: Notification) -> datetime | None:
    return Notification.after(row) if row.kind == EVERY else None
