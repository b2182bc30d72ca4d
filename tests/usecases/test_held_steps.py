"""A step of a plan whose carrier is held: it gives way to another channel in time, and never
twice."""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.channel_plan import Step
from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import NotificationState
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Placement, Result
from gateway.domain.reminders import AT, Rule
from gateway.models import agenda, base, claims
from gateway.models.attempts import of_notifications
from gateway.models.booking import Booking
from gateway.models.hold import EVERYTHING, Hold
from gateway.models.notification import Notification
from gateway.usecases import accounts, bookings, delivery, gate, holds, outcomes, steps
from gateway.usecases.wanted import Wanted
from tests.conftest import Account, Configure
from tests.stack import special

LEASE, SECOND, MINUTE = timedelta(seconds=15), timedelta(seconds=1), timedelta(minutes=1)
TWILIO, SMTP = "AC" + "1" * 32, "smtp:mail.example.com:587"
LIVE = {
    "TWILIO_ACCOUNT_SID": TWILIO,
    "TWILIO_AUTH_TOKEN": "t" * 32,
    "TWILIO_FROM_NUMBER": "+15005550006",
    "TWILIO_WHATSAPP_FROM": "+15005550006",
    "SMTP_URL": "smtp://mail.example.com:587",
    "EMAIL_FROM": "Practice <practice@example.com>",
    "PUBLIC_BASE_URL": "https://hooks.example.com",
}
PLAN = (Step("whatsapp", "delivered", 30), Step("sms", "delivered", 20), Step("email"))
_numbers = itertools.count(10)


class Practice:
    """A practice that sends by Twilio and by its mail server; no carrier is ever asked."""

    def __init__(self, account: Account) -> None:
        self.now = datetime(2027, 3, 26, 10, tzinfo=UTC)
        self.caller = accounts.authenticate(account.live_key, self.now)

    def due(self, *plan: Step, minutes: int = 120) -> Notification:
        """A reminder that is due now, of an appointment in so many minutes."""
        starts_at = self.now + minutes * MINUTE
        person = {
            "name": "Ada",
            "phone": special(f"01{next(_numbers)}"),
            "email": "ada@example.com",
        }
        wanted = Wanted(
            starts_at=starts_at, starts_at_text="then", fingerprint="f", contact=person,
            reminders=[Rule(AT, at=self.now, channels=plan or PLAN)],
        )  # fmt: skip
        self.booking: Booking = bookings.book(self.caller, wanted, self.now - SECOND).booking
        (row,) = Notification.of_subject("booking", self.booking.id)
        return row

    def work(self, after: timedelta = timedelta(0)) -> list[gate.Opened]:
        """What clock and workers do so much later, but for the carriers; what would leave."""
        self.now += after
        holds.release(self.now)
        for id_ in claims.claim_steps(self.now, 99, LEASE):
            steps.escalate(id_, self.now)
        due = [one for lane in agenda.LANES for one in claims.claim_due(lane, self.now, 99, LEASE)]
        opened = [gate.open_attempt(id_, claim, self.now, LEASE) for id_, claim in due]
        return [one for one in opened if one is not None]

    def refused(self, opened: gate.Opened) -> None:
        """The carrier is away."""
        failure = Failure(FailureClass.TEMPORARY, Reason.PROVIDER_ERROR)
        with pytest.raises(NotSent) as fault:
            delivery.close(opened, Placement(Result.NOT_SENT, failure=failure), self.now)
        row = opened.notification
        delivery.park(row.id, row.claim, fault.value, self.now)

    def hold(self, scope: str = f"provider|twilio|{TWILIO}", minutes: float | None = None) -> None:
        """Something is held: paused, or by a breaker for so many minutes."""
        Hold.delete().where(Hold.scope == scope).execute()
        until = None if minutes is None else self.now + minutes * MINUTE
        Hold.create(scope=scope, reason="provider_error", since=self.now, until=until)

    def row(self, row: Notification) -> Notification:
        """As it is now."""
        found: Notification = Notification.get_by_id(row.id)
        return found


@pytest.fixture
def practice(configure: Configure, open_account: Callable[[str], Account]) -> Iterator[Practice]:
    configure(**LIVE)
    account = open_account("Practice")
    with base.connection():
        yield Practice(account)


@pytest.mark.row("D4")
@pytest.mark.row("A8")
def test_a_step_that_is_held_gives_way_to_a_channel_that_is_not_after_the_time_it_has(
    practice: Practice,
) -> None:
    row = practice.due()
    practice.hold()
    assert practice.work() == []
    assert practice.row(row).step_until == practice.now + 30 * MINUTE
    assert practice.work(29 * MINUTE) == []
    assert practice.row(row).step == 0
    (opened,) = practice.work(MINUTE)
    after = practice.row(row)
    assert (opened.attempt.channel, after.step, after.state) == ("email", 2, "sending")
    assert after.plan[0]["ended"] == "provider_error"
    assert after.step_until is None
    Hold.delete().execute()
    assert practice.work(30 * MINUTE) == []
    assert practice.row(row).tries == 1


def test_what_goes_on_in_time_keeps_its_channel(practice: Practice) -> None:
    row = practice.due()
    practice.hold()
    practice.work()
    Hold.delete().execute()
    (opened,) = practice.work(10 * MINUTE)
    assert opened.attempt.channel == "whatsapp"
    assert practice.row(row).step_until is None
    outcomes.accepted(opened.attempt, Placement(Result.ACCEPTED, "SM" + "1" * 32), practice.now)
    assert practice.row(row).step_until == practice.now + 30 * MINUTE


def test_as_long_as_every_channel_is_held_it_waits_and_then_takes_the_first_that_is_free(
    practice: Practice,
) -> None:
    row = practice.due()
    practice.hold()
    practice.hold(f"provider|smtp|{SMTP}")
    practice.work()
    assert practice.work(40 * MINUTE) == []
    assert (practice.row(row).step, practice.row(row).state) == (0, "scheduled")
    Hold.delete().where(Hold.scope.startswith("provider|smtp")).execute()
    (opened,) = practice.work(2 * MINUTE)
    assert opened.attempt.channel == "email"


def test_with_little_time_left_it_gives_way_after_half_of_it(practice: Practice) -> None:
    practice.due(minutes=20)
    practice.hold()
    practice.work()
    assert practice.work(9 * MINUTE) == []
    (opened,) = practice.work(MINUTE)
    assert opened.attempt.channel == "email"


def test_the_last_channel_is_waited_for(practice: Practice) -> None:
    row = practice.due(Step("email", "delivered", 30), Step("sms"))
    practice.hold(f"provider|smtp|{SMTP}")
    practice.hold()
    practice.work()
    assert practice.work(60 * MINUTE) == []
    only, same = practice.due(Step("sms")), practice.due(Step("sms", "delivered", 9), PLAN[0])
    practice.work()
    assert practice.row(only).step_until is None
    assert practice.row(same).step_until is None, "WhatsApp leaves by the same account"
    Hold.delete().execute()
    found = practice.work(MINUTE)
    assert {one.attempt.channel for one in found} == {"email", "sms"}
    assert practice.row(row).step == 0


def test_tries_in_between_do_not_begin_the_time_anew(practice: Practice) -> None:
    """A breaker lets one try now and then, and it is always this one."""
    row = practice.due()
    for _ in range(10):
        found = practice.work()
        if found and found[0].attempt.channel == "email":
            break
        practice.hold(minutes=4)
        for one in found:
            practice.refused(one)
        practice.now += 4 * MINUTE
    begun = practice.row(row).due_at
    assert practice.row(row).step == 2
    assert 30 * MINUTE <= practice.now - begun <= 40 * MINUTE
    assert len([one for one in of_notifications([row.id]) if one.open]) == 1


def test_nothing_of_the_step_may_be_open_or_with_the_carrier(practice: Practice) -> None:
    row = practice.due()
    (opened,) = practice.work()
    outcomes.became_unknown(opened.attempt, practice.now)
    practice.hold()
    Notification.update(step_until=practice.now).where(Notification.id == row.id).execute()
    assert practice.work(40 * MINUTE) == []
    assert practice.row(row).step == 0
    waits = {"state": "scheduled", "held_by": f"provider|twilio|{TWILIO}"}
    Notification.update(**waits, step_until=practice.now).where(Notification.id == row.id).execute()
    assert practice.work(MINUTE) == []
    assert practice.row(row).step == 0


@pytest.mark.row("E7")
@pytest.mark.parametrize("scope", [EVERYTHING, "queue|messages", "kind|reminder"])
def test_what_somebody_paused_waits_for_that_alone(practice: Practice, scope: str) -> None:
    row = practice.due()
    practice.hold(scope)
    practice.work()
    assert (practice.row(row).held_by, practice.row(row).step_until) == (scope, None)
    practice.work(60 * MINUTE)
    assert practice.row(row).step == 0


def test_many_rows_that_are_held_along_give_way_as_well(practice: Practice) -> None:
    rows = [practice.due() for _ in range(3)]
    sooner = practice.due(minutes=20)
    Notification.update(state="scheduled", claim=0, next_attempt_at=practice.now).execute()
    practice.hold()
    row = practice.row(rows[0])
    Notification.move(row, NotificationState.DUE, practice.now)
    assert gate.open_attempt(row.id, row.claim, practice.now, LEASE) is None
    held = [practice.row(one) for one in rows]
    assert {one.held_by for one in held} == {f"provider|twilio|{TWILIO}"}
    assert {one.step_until for one in held} == {practice.now + 30 * MINUTE}
    assert practice.row(sooner).held_by is None
    assert practice.work() == []
    assert practice.row(sooner).step_until == practice.now + 10 * MINUTE
    assert len(practice.work(30 * MINUTE)) == 3
