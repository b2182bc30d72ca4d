"""A seeded month of one organization on a clock of its own: bookings, answers, changes and reports,
with every plan kept that was made on the way."""

import heapq
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from gateway.domain.errors import GatewayError
from gateway.models.attempts import AnyAttempt, of_notifications
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import bookings, plan
from gateway.usecases.plan import Contact as Planned
from tests.carrier import Carrier
from tests.journeys.wishes import Wishes
from tests.usecases.reports import Reports

START = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)  # its clocks change on the 28th
DAYS = 30
LEASE = timedelta(seconds=15)
FATES: tuple[list[str], ...] = (
    ["sent", "delivered"],
    ["delivered", "read"],
    ["sent", "undelivered"],
    ["sent"],
    [],
)
Event = tuple[datetime, int, str, Any]


@dataclass
class Month:
    """What happened, and all that should not have. `sent` counts attempts, `plans` the plans."""

    reports: Reports
    seed: int
    problems: list[str] = field(default_factory=list)
    sent: int = 0
    plans: int = 0
    turned_away: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.wishes = Wishes(self.random)
        self.desk, self.now = self.reports.desk, START
        self.last: dict[str, Planned] = {}  # by notification: what was planned last
        self._numbers = itertools.count()
        self._carrier = Carrier(self.desk.stack)
        self._events: list[Event] = []
        self._made: list[str] = []

    def run(self, how_many: int) -> None:
        """Live through the month."""
        for _ in range(how_many):
            at = START + timedelta(seconds=self.random.randrange((DAYS - 4) * 86_400))
            self._later(at, "book", None)
        end = START + timedelta(days=DAYS)
        while (moment := self._next()) is not None and moment <= end:
            self.now = self.reports.at = self.desk.now = max(self.now, moment)
            while self._events and self._events[0][0] <= self.now:
                _, _, kind, about = heapq.heappop(self._events)
                getattr(self, f"_{kind}")(about)
            self._steps()
            self._work()

    def _later(self, at: datetime, kind: str, about: Any) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), kind, about))

    def _next(self) -> datetime | None:
        row = Notification
        waiting = row.select(row.next_attempt_at).where(row.next_attempt_at.is_null(False))
        steps = row.select(row.step_until).where(row.step_until.is_null(False))
        heads = [
            getattr(one, name)
            for query, name in ((waiting, "next_attempt_at"), (steps, "step_until"))
            for one in query.order_by(getattr(row, name)).limit(1)
        ]
        heads += [at for at, *_ in self._events[:1]]
        return min(heads, default=None)

    def _book(self, _: Any) -> None:
        wanted = self.wishes.booking(self.now)
        rules = wanted.pop("reminders")
        booking = self.desk.book(wanted.pop("starts_at"), *rules, **wanted).booking
        self._made.append(booking.id)
        span = (booking.starts_at - self.now).total_seconds()
        for kind in self.wishes.changes():
            self._later(self.now + timedelta(seconds=self.random.random() * span), kind, booking.id)
        self._plan(booking.contact_id)

    def _change(self, booking_id: str) -> None:
        booking = Booking.get_by_id(booking_id)
        changes = self.wishes.edit(booking, self.now)
        self._try(lambda: bookings.edit(self.desk.caller, booking_id, changes, None, self.now))
        self._plan(booking.contact_id)

    def _cancel(self, booking_id: str) -> None:
        self._try(lambda: bookings.cancel(self.desk.caller, booking_id, self.now))
        self._plan(Booking.get_by_id(booking_id).contact_id)

    def _say(self, booking_id: str) -> None:
        booking = Booking.get_by_id(booking_id)
        wrote = MessageLog.select().where(MessageLog.to_hash == booking.contact.phone_hash)
        if not wrote.exists():
            return  # what a stranger writes waits until somebody wrote to them
        text = self.random.choice(["1", "1", "2", "3", "STOP", "START", "hello"])
        self.reports.writes(text, from_=str(booking.contact.phone))
        self._plan(booking.contact_id)

    def _report(self, about: tuple[str, str]) -> None:
        (attempt_id, word) = about
        found = [one for one in of_notifications([attempt_id]) if one.external_id is not None]
        if found:
            self._tell(found[-1], word)
            self._plan(Notification.get_by_id(attempt_id).contact_id)

    def _tell(self, attempt: AnyAttempt, word: str) -> None:
        if isinstance(attempt, CallLog):
            ended = "completed" if word == "delivered" else "no-answer"
            params = self._carrier.status(str(attempt.external_id), ended, 4)
            assert self._carrier.told(params, attempt.id).ok
            self.reports.apply()
        else:
            self.reports.tell(attempt, word, "30003" if word == "undelivered" else None)

    def _try(self, change: Any) -> None:
        try:
            change()
        except GatewayError:
            self.refused += 1  # it was over, or canceled, already

    def _steps(self) -> None:
        due = Notification.select().where(Notification.step_until <= self.now)
        for row in list(due):
            self.reports.escalate(row, 0)
            self._plan(row.contact_id)

    def _work(self) -> None:
        claimed = self.desk.claim(self.now)
        rows = [(Notification.get_by_id(id_), claim) for id_, claim in claimed]
        for row, claim in sorted(rows, key=lambda one: (one[0].due_at, one[0].id)):
            before = len(of_notifications([row.id]))
            fault = self.desk.deliver(row.id, claim, self.now)
            if fault is not None:
                self.problems.append(f"{row.id}: {fault!r}")
            self._hold_against_plan(row.id, before)

    def _hold_against_plan(self, id_: str, before: int) -> None:
        row, said = Notification.get_by_id(id_), self.last.get(id_)
        made = of_notifications([id_])[before:]
        if row.subject_type != "booking":
            pass  # an answer, or the confirmation of a cancellation: nothing foreseen
        elif said is None or said.at is None:
            self.problems.append(f"{id_}: {row.state} without a plan")
        elif made:
            self._compare(id_, (said.decision.allowed, said.at, said.channel,
                                said.content.text if said.content else None),
                          (True, self.now, made[0].channel, made[0].text))  # fmt: skip
        elif row.finished_at is not None:
            self.turned_away += 1
            decided = (str(said.decision.state), said.decision.reason, said.at)
            self._compare(id_, decided, (row.state, row.reason, self.now))
        elif said.at < row.next_attempt_at:
            self.problems.append(f"{id_}: waits beyond {said.at}")
        for attempt in made:
            self.sent += 1
            self._expect_news(attempt)
        if made or row.finished_at is not None:
            self._plan(row.contact_id)

    def _compare(self, id_: str, said: tuple[Any, ...], seen: tuple[Any, ...]) -> None:
        if said != seen:
            self.problems.append(f"{id_}: planned {said}, seen {seen}")

    def _expect_news(self, attempt: AnyAttempt) -> None:
        at = self.now
        words = self.random.choice(FATES)
        if isinstance(attempt, CallLog):
            words = self.random.choice([["delivered"], ["failed"]])
        for word in words:
            at += timedelta(seconds=self.random.randrange(1, 900))
            self._later(at, "report", (attempt.notification_id, word))

    def _plan(self, contact_id: str) -> None:
        """Make and keep the plans of everything about a person, as after every change."""
        phone = Contact.get_by_id(contact_id).phone_hash  # several rows may be one person
        known = [one.id for one in Contact.select(Contact.id).where(Contact.phone_hash == phone)]
        mine = Booking.contact.in_(known) | Booking.staff.in_(known)
        for booking in Booking.select(Booking.id).where(mine, Booking.starts_at > self.now):
            self.plans += 1
            for one in plan.of_booking(self.desk.caller, booking.id, self.now):
                if one.at is not None or one.notification.id not in self.last:
                    self.last[one.notification.id] = one

    def loose_ends(self) -> list[str]:
        """What was planned to leave and neither did nor says why not."""
        found = []
        for id_, said in self.last.items():
            row = Notification.get_by_id(id_)
            if not said.decision.allowed or said.at is None or said.at > self.now:
                continue
            if not of_notifications([id_]) and (row.finished_at is None or row.reason is None):
                found.append(f"{id_}: planned for {said.at}, {row.state}")
        return found
