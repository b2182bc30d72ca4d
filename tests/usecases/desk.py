"""A desk from which a test does by hand what web, clock and workers do: book, claim, deliver."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.reminders import BEFORE, Rule
from gateway.models import agenda, claims
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.notification import Notification
from gateway.usecases import accounts, bookings, delivery, holds
from gateway.usecases.wanted import Booked, Wanted
from tests.client import ANSWERED
from tests.stack import Stack

LEASE = timedelta(seconds=15)


class Desk:
    """One organization in test mode. `now` is the moment at which the test began."""

    def __init__(self, stack: Stack, mode: str = "test") -> None:
        self.stack = stack
        self.now = datetime.now(UTC)
        key = stack.account.test_key if mode == "test" else stack.account.live_key
        self.caller = accounts.authenticate(key, self.now)

    def wanted(self, starts_at: datetime, *rules: Rule, **more: Any) -> Wanted:
        """A booking as asked for, with these rules (one, an hour before, if none is given)."""
        values: dict[str, Any] = {
            "starts_at": starts_at,
            "starts_at_text": starts_at.isoformat(),
            "contact": {"name": "Ada", "phone": ANSWERED},
            "fingerprint": "f",
            "reminders": list(rules or [Rule(BEFORE, minutes=60)]),
            **more,
        }
        return Wanted(**values)

    def book(self, starts_at: datetime, *rules: Rule, **more: Any) -> Booked:
        """Book at `now`."""
        return bookings.book(self.caller, self.wanted(starts_at, *rules, **more), self.now)

    def edit(self, booking: Booking, now: datetime, **changes: Any) -> Booked:
        """Change a booking over the version that is there."""
        present = bookings.show(self.caller, booking.id)
        return bookings.edit(self.caller, booking.id, changes, present.version, now)

    def plan(self, booking: Booking) -> list[Notification]:
        """All notifications of a booking in the order in which they fall due."""
        return [row for row, _ in bookings.reminders(self.caller, booking.id)]

    def states(self, booking: Booking) -> list[str]:
        """Their states."""
        return [str(row.state) for row in self.plan(booking)]

    def claim(self, now: datetime) -> list[tuple[str, int]]:
        """What the clock would hand out."""
        return [one for lane in agenda.LANES for one in claims.claim_due(lane, now, 200, LEASE)]

    def deliver(self, notification_id: str, claim: int, now: datetime) -> BaseException | None:
        """What a worker does with one message, the middleware's parking included; the fault."""
        clock: Callable[[], datetime] = lambda: now  # noqa: E731
        try:
            delivery.attempt(notification_id, claim, clock, LEASE)
        except Exception as fault:
            delivery.park(notification_id, claim, fault, now)
            return fault
        return None

    def work(self, now: datetime) -> int:
        """Let go, claim and deliver everything due; how many there were."""
        holds.release(now)
        claimed = self.claim(now)
        for notification_id, claim in claimed:
            self.deliver(notification_id, claim, now)
        return len(claimed)

    def row(self, notification_id: str) -> Notification:
        """A notification as it is now."""
        found: Notification = Notification.get_by_id(notification_id)
        return found

    def attempts(self, notification_id: str) -> list[CallLog]:
        """Its calls, oldest first."""
        return CallLog.of_notifications([notification_id])
