"""What will be sent about a booking, when, and why not: the sender's own decision, asked ahead of
time for everything that is pending."""

import heapq
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime

from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.reminders import EVERY
from gateway.domain.rendering import Rendered
from gateway.domain.templates import Unfillable
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.usecases import bookings, facts, readiness, schedule, steps, wording
from gateway.usecases.accounts import Caller
from gateway.usecases.facts import Occasion
from gateway.usecases.wanted import Wanted


@dataclass
class Contact:
    """One future contact, or one that came to its end. `at` (UTC) is when it leaves or ends, None
    for one that has ended or is at the carrier; `zone` the recipient's; `moved_by` why that is not
    its own moment. `content` is None where nothing leaves or the words can't be filled in."""

    notification: Notification
    zone: str
    step: int
    decision: Decision
    at: datetime | None = None
    moved_by: Reason | None = None
    content: Rendered | None = field(default=None, repr=False)

    @property
    def channel(self) -> str:
        """The channel it leaves on."""
        return str(self.notification.plan[self.step]["channel"])


class _Undone(Exception):
    """A booking that was only tried is taken back."""


def of_booking(caller: Caller, booking_id: str, now: datetime) -> list[Contact]:
    """The plan of a booking, in time order. Raises NotFound."""
    booking = bookings.show(caller, booking_id)
    return _plan(booking, Occasion(caller.organization, booking), now)


def simulate(caller: Caller, wanted: Wanted, now: datetime) -> list[Contact]:
    """The plan that a booking would have: it is booked, looked at and taken back in one
    transaction. Raises what booking raises."""
    found: list[Contact] = []
    try:
        with atomic():
            made = bookings.book(caller, replace(wanted, external_id=None), now)
            found = of_booking(caller, made.booking.id, now)
            raise _Undone
    except _Undone:
        return found


def _plan(booking: Booking, about: Occasion, now: datetime) -> list[Contact]:
    rows = Notification.of_subject(schedule.SUBJECT, booking.id)
    future = _Future(about, rows, now)
    contacts = [*future.unfold(), *(_ended(row, about) for row in rows if row.state not in PENDING)]
    for one in contacts:
        if one.at is not None and one.decision.allowed:
            one.content = _content(one, about)
    return sorted(
        contacts, key=lambda one: (one.at or one.notification.due_at, one.notification.id)
    )


def _ended(row: Notification, about: Occasion) -> Contact:
    reason = Reason(row.reason) if row.reason else None
    return Contact(row, about.zone(row.contact), row.step, Decision(N(row.state), reason))


def _content(one: Contact, about: Occasion) -> Rendered | None:
    assert one.at is not None
    try:
        return wording.render(
            one.notification, about.booking, one.channel, about.organization, one.at,
            digits=facts.takes_digits(one.notification),
        )  # fmt: skip
    except Unfillable:
        return None


class _Future:
    """What becomes of pending notifications if nothing else happens: each is woken at its moment
    and decided about as the sender does, and what leaves counts for those after it."""

    def __init__(self, about: Occasion, rows: list[Notification], now: datetime) -> None:
        self._about, self._now = about, now
        self._rows = {row.id: row for row in rows if row.state in PENDING}
        self._moments = _moments_of_repeating(rows)
        self._contacts: dict[str, Contact] = {}
        self._known: dict[tuple[str, str, str], Facts] = {}
        people = {row.contact_id: row for row in self._rows.values()}
        self._hashes = {id_: facts.hashes_of(row.contact) for id_, row in people.items()}
        self._sent = {
            id_: facts.lately(row, about.zone(row.contact), now) for id_, row in people.items()
        }

    def unfold(self) -> list[Contact]:
        """The end of each. One that moves on to its next step comes after the others of that
        moment, as it does at the clock."""
        waiting = [(self._first(row), 0, row.due_at, row.id) for row in self._rows.values()]
        heapq.heapify(waiting)
        while waiting:
            at, turn, due, id_ = heapq.heappop(waiting)
            again = self._wake(self._rows[id_], at)
            if again is not None:
                heapq.heappush(waiting, (again, turn + 1 if again == at else 0, due, id_))
        return list(self._contacts.values())

    def _first(self, row: Notification) -> datetime:
        if row.next_attempt_at is None or row.held_by is not None:
            return self._now
        first: datetime = max(self._now, row.next_attempt_at)
        return first

    def _wake(self, row: Notification, at: datetime) -> datetime | None:
        """Decide about one at a moment; when it is to be woken again, None when that was its
        end."""
        zone = self._about.zone(row.contact)
        one = self._contacts.setdefault(row.id, Contact(row, zone, row.step, Decision(N.SCHEDULED)))
        decision = decide(self._facts(row), at)
        if decision.state == N.SCHEDULED:
            if decision.reason != Reason.NOT_DUE:
                one.moved_by = decision.reason
            return decision.until
        if decision.next_step and row.step + 1 < len(row.plan) and at < row.expires_at:
            row.step += 1
            one.step = row.step
            return at
        one.decision, one.at = steps.verdict(row, decision), at
        if decision.allowed:
            self._leaves(row, at)
        return None

    def _leaves(self, row: Notification, at: datetime) -> None:
        """Count it for everybody with an address of this person's."""
        for contact_id, hashes in self._hashes.items():
            if hashes & self._hashes[row.contact_id]:
                self._sent[contact_id].add(row.id, at)

    def _facts(self, row: Notification) -> Facts:
        sent = self._sent[row.contact_id]
        key = (row.contact_id, row.channel, row.kind)
        if key not in self._known:
            usable = readiness.usable(row.organization_id, row.mode, row.channel)
            self._known[key] = facts.gather(row, self._about, self._now, usable=usable, sent=sent)
        known = self._known[key]
        gap = self._about.policy.gap_for(row.kind, row.contact.role)
        return replace(
            known,
            channel_lost=not known.channel_usable and readiness.is_lost(row),
            due_at=row.due_at,
            expires_at=row.expires_at,
            ended=facts.ended(row, self._about.booking),
            planned_for=row.schedule_version,
            made_at=row.created_at,
            sent_on_day=sent.by_day(row.id) if known.cap_per_day is not None else {},
            recipient_free_at=facts.free_at(sent.newest(row.id), gap),
            successor_at=self._successor(row) if known.quiet is not None else None,
        )

    def _successor(self, row: Notification) -> datetime | None:
        if row.kind != EVERY:
            return None
        moments = self._moments[row.rule]
        following = bisect_right(moments, row.due_at)
        return moments[following] if following < len(moments) else None


def _moments_of_repeating(rows: list[Notification]) -> dict[str, list[datetime]]:
    """The moments of each repeating rule that were not given up, in their order."""
    found: dict[str, list[datetime]] = {}
    for row in rows:
        if row.kind == EVERY and row.state != N.CANCELED:
            found.setdefault(row.rule, []).append(row.due_at)
    return {rule: sorted(moments) for rule, moments in found.items()}
