"""A channel that nobody serves any more, and one that nobody ever did: the plan says what comes of
it, and the sender does that."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway import providers, settings
from gateway.domain.channel_plan import Step
from gateway.domain.reminders import AT, Rule
from gateway.models import agenda, base, claims
from gateway.models.booking import Booking
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import accounts, bookings, gate, holds, plan
from gateway.usecases.wanted import Wanted
from tests.client import ANSWERED
from tests.conftest import Account, Configure
from tests.stack import special

LEASE, MINUTE = timedelta(seconds=15), timedelta(minutes=1)
_days = itertools.count(1)  # what a process let go at a moment it remembers beyond a test
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "t" * 32,
    "TWILIO_FROM_NUMBER": "+15005550006",
    "PUBLIC_BASE_URL": "https://hooks.example.com",
}
ALONE, BEHIND = (Step("sms"),), (Step("whatsapp", "delivered", 30), Step("sms"))
AHEAD = (Step("sms", "delivered", 30), Step("whatsapp"))


class Practice:
    """A practice that can send text messages and calls, and no WhatsApp, which nobody set up."""

    def __init__(self, configured: settings.Settings, account: Account) -> None:
        self._configured = configured
        self.now = datetime(2027, 3, 1, 10, tzinfo=UTC) + timedelta(days=next(_days))
        self.opens = self.now + 10 * MINUTE
        self.caller = accounts.authenticate(account.live_key, self.now)

    def book(self, *steps: Step, phone: str = ANSWERED) -> Booking:
        """An appointment in two hours, with one reminder in ten minutes."""
        starts_at = self.now + timedelta(hours=2)
        wanted = Wanted(
            starts_at=starts_at, starts_at_text="then", fingerprint="f",
            contact={"name": "Ada", "phone": phone},
            reminders=[Rule(AT, at=self.opens, channels=steps)],
        )  # fmt: skip
        return bookings.book(self.caller, wanted, self.now).booking

    def planned(self, booking: Booking, now: datetime) -> tuple[str, str | None, datetime | None]:
        """What the plan says will become of it: state, reason, when."""
        (one,) = plan.of_booking(self.caller, booking.id, now)
        return str(one.decision.state), one.decision.reason, one.at

    def work(self, now: datetime) -> int:
        """What clock and workers do, but for the carrier; how many rows came to the gate."""
        holds.release(now)
        due = [one for lane in agenda.LANES for one in claims.claim_due(lane, now, 99, LEASE)]
        for id_, claim in due:
            gate.open_attempt(id_, claim, now, LEASE)
        return len(due)

    def row(self, booking: Booking) -> Notification:
        """The reminder."""
        (row,) = Notification.of_subject("booking", booking.id)
        return row

    def lose(self) -> None:
        """The settings of the carrier slip."""
        providers.load(replace(self._configured, twilio_account_sid=None))

    def mend(self) -> None:
        """They are back."""
        providers.load(self._configured)


@pytest.fixture
def practice(configure: Configure, open_account: Callable[[str], Account]) -> Iterator[Practice]:
    configured = configure(**TWILIO)
    account = open_account("Practice")
    with base.connection():
        yield Practice(configured, account)


@pytest.mark.row("C9")
@pytest.mark.row("D4")
def test_a_channel_that_was_lost_is_waited_for_and_costs_nothing_meanwhile(
    practice: Practice,
) -> None:
    booking = practice.book(*ALONE)
    practice.lose()
    ends = booking.starts_at
    assert practice.planned(booking, practice.now) == ("expired", "expired", ends)
    assert practice.work(practice.opens) == 1
    row = practice.row(booking)
    assert (row.state, row.reason, row.next_attempt_at) == ("scheduled", "channel_unusable", ends)
    assert row.held_by == "channel|live|sms"
    assert [practice.work(practice.opens + n * MINUTE) for n in range(1, 4)] == [0, 0, 0]
    assert practice.planned(booking, practice.opens + 4 * MINUTE) == ("expired", "expired", ends)

    practice.mend()
    assert practice.planned(booking, practice.opens + 5 * MINUTE)[0] == "sending"
    assert practice.work(practice.opens + 5 * MINUTE) == 1
    assert practice.row(booking).state == "sending"


def test_a_channel_that_stays_lost_ends_in_time(practice: Practice) -> None:
    booking = practice.book(*ALONE)
    practice.lose()
    practice.work(practice.opens)
    practice.work(booking.starts_at)
    row = practice.row(booking)
    assert (row.state, row.reason) == ("expired", "expired")


@pytest.mark.row("C9")
def test_a_last_channel_that_nobody_ever_set_up_ends_at_once_as_the_plan_says(
    practice: Practice,
) -> None:
    booking = practice.book(*AHEAD)
    practice.lose()
    planned = practice.planned(booking, practice.now)
    assert planned == ("suppressed", "channel_unusable", practice.opens)
    assert practice.work(practice.opens) == 1
    assert practice.row(booking).step == 1
    practice.work(practice.opens)
    row = practice.row(booking)
    assert (row.state, row.reason, row.finished_at) == planned


def test_a_last_channel_by_which_something_left_before_is_waited_for(practice: Practice) -> None:
    earlier, booking = practice.book(*ALONE, phone=special("0141")), practice.book(*BEHIND)
    assert practice.work(practice.opens) == 2
    assert practice.row(earlier).state == "sending"
    practice.lose()
    assert practice.planned(booking, practice.opens)[:2] == ("expired", "expired")
    practice.work(practice.opens)
    assert practice.row(booking).held_by == "channel|live|sms"
    practice.mend()
    assert practice.work(practice.opens + MINUTE) == 1
    assert practice.row(booking).state == "sending"


@pytest.mark.row("C9")
def test_a_sender_of_its_own_at_a_carrier_that_is_gone_is_no_sender(practice: Practice) -> None:
    Sender.create(
        organization=practice.caller.organization_id, mode="live", channel="sms",
        provider="twilio", account="AC" + "2" * 32, address="+15005550007", created_at=practice.now,
    )  # fmt: skip
    booking = practice.book(*ALONE)
    practice.lose()
    assert practice.planned(booking, practice.now)[0] == "expired"
    practice.work(practice.opens)
    scope = f"channel|live|sms|{practice.caller.organization_id}"
    assert practice.row(booking).held_by == scope
    practice.mend()
    assert practice.work(practice.opens + MINUTE) == 1
    assert practice.row(booking).state == "sending"


def test_workers_with_the_old_settings_are_not_asked_again_and_again(practice: Practice) -> None:
    booking = practice.book(*ALONE)
    practice.lose()
    practice.work(practice.opens)
    practice.mend()
    assert holds.release(practice.opens + MINUTE) == 1
    practice.lose()
    assert practice.work(practice.opens + MINUTE) == 1
    assert practice.row(booking).held_by is not None
    practice.mend()
    assert holds.release(practice.opens + MINUTE) == 0
    assert holds.release(practice.opens + 2 * MINUTE) == 1
