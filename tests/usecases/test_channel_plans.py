"""Channel plans: when the next step begins, and when it does not any more."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.domain.channel_plan import Step
from gateway.models.attempts import of_notifications
from gateway.models.consent import Consent
from gateway.models.notification import Notification
from gateway.usecases import bookings, people
from tests.client import ANSWERED
from tests.usecases.reports import MAIL, Reports, someone
from tests.waiting import until

FALLBACK = [Step("whatsapp", "delivered", 30), Step("sms")]
UNREAD = [Step("whatsapp", "read", 30), Step("sms")]
VOICE = [Step("sms", "delivered", 30), Step("voice")]
HALF = 1800.0
Reporting = Callable[..., Reports]


def channels(reports: Reports, row: Notification) -> list[tuple[str, str]]:
    """Channel and state of each attempt, oldest first."""
    return [(one.channel, str(one.state)) for one in of_notifications([row.id])]


def stop(reports: Reports, channel: str, phone: str = ANSWERED) -> None:
    """The person wants nothing more on a channel."""
    caller = reports.desk.caller
    Consent.add(
        reports.at, organization=caller.organization_id, mode="test", channel=channel,
        purpose="all", address_hash=people.address_hash(phone), granted=False, source="test",
        at=reports.at,
    )  # fmt: skip


@pytest.mark.row("A8")
@pytest.mark.row("A2")
@pytest.mark.parametrize("plan", [FALLBACK, [Step("whatsapp", "delivered", 30), Step("voice")]])
def test_the_next_step_begins_at_once_when_the_first_one_fails(
    reporting: Reporting, plan: list[Step]
) -> None:
    reports = reporting()
    row = reports.due(plan)
    reports.work()
    reports.tell(reports.message(row), "undelivered", "63024")
    waiting = reports.desk.row(row.id)
    assert (waiting.state, waiting.step, waiting.next_attempt_at) == ("scheduled", 1, reports.at)
    assert waiting.lane == ("voice:3" if plan[1].channel == "voice" else "messages:3")
    assert waiting.plan[0]["ended"] == reports.sent(row)[0].reason
    assert reports.work() == 1
    second = of_notifications([row.id])[1]
    assert (second.channel, second.step, second.attempt) == (plan[1].channel, 1, 2)
    assert reports.desk.row(row.id).state == "sending"
    assert reports.desk.row(row.id).step_until is None


@pytest.mark.parametrize("why", ["opted out", "no address", "refused", "no carrier"])
def test_a_step_that_can_not_be_used_is_passed_over(reporting: Reporting, why: str) -> None:
    settings = {"EMAIL_PROVIDER": "smtp", "SANDBOX_SMTP_URL": ""} if why == "no carrier" else {}
    reports = reporting(**settings)
    first = "email" if why in ("no carrier", "no address") else "sms"
    person = {"name": "Ada", "phone": ANSWERED, "email": MAIL}
    if why == "no address":
        del person["email"]
    if why == "refused":
        person["phone"] = "+15005550009"
    if why == "opted out":
        stop(reports, "sms")
    row = reports.due([Step(first, "delivered", 30), Step("whatsapp")], contact=person)
    while reports.work():
        pass
    made = channels(reports, row)
    assert made[-1][0] == "whatsapp"
    assert len(made) == (2 if why == "refused" else 1)
    assert reports.desk.row(row.id).step == 1
    reasons = {
        "opted out": "opted_out", "no address": "invalid_address", "no carrier": "channel_unusable",
        "refused": "invalid_number",
    }  # fmt: skip
    assert reports.desk.row(row.id).plan[0]["ended"] == reasons[why]


@pytest.mark.parametrize(
    ("plan", "words"), [(FALLBACK, ["sent"]), (FALLBACK, []), (UNREAD, ["sent", "delivered"])]
)
def test_the_next_step_begins_when_what_was_hoped_for_did_not_come_true_in_time(
    reporting: Reporting, plan: list[Step], words: list[str]
) -> None:
    reports = reporting()
    row = reports.due(plan)
    reports.work()
    until_ = reports.desk.row(row.id).step_until
    for word in words:
        reports.tell(reports.message(row), word)
    reports.escalate(row, HALF - 1)
    assert reports.desk.row(row.id).step == 0
    assert reports.work() == 0
    reports.escalate(row, 1)
    assert until_ == reports.at
    assert reports.desk.row(row.id).step == 1
    assert reports.work() == 1
    assert [channel for channel, _ in channels(reports, row)] == ["whatsapp", "sms"]
    reports.tell(reports.message(row), "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]


@pytest.mark.parametrize(("plan", "word"), [(FALLBACK, "delivered"), (UNREAD, "read")])
@pytest.mark.parametrize("when", ["in time", "while the next waits", "while the next is away"])
def test_what_was_hoped_for_ends_the_plan_however_late_it_comes(
    reporting: Reporting, plan: list[Step], word: str, when: str
) -> None:
    reports = reporting()
    row = reports.due(plan)
    reports.work()
    first = reports.message(row)
    if when != "in time":
        reports.escalate(row, HALF)
    if when == "while the next is away":
        reports.work()
    reports.tell(first, word)
    assert reports.desk.states(reports.booking) == ["reached"]
    reports.escalate(row, 7200)
    assert reports.work() == 0
    assert len(reports.sent(row)) == (2 if when == "while the next is away" else 1)
    if when == "while the next is away":
        reports.tell(reports.message(row), "failed", "30008")
        assert reports.desk.states(reports.booking) == ["reached"]


def test_delivered_is_enough_in_the_end_where_reading_was_hoped_for(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(UNREAD)
    reports.work()
    reports.tell(reports.message(row), "delivered")
    reports.escalate(row, HALF)
    reports.work()
    reports.tell(reports.message(row), "undelivered", "30003")
    assert reports.desk.states(reports.booking) == ["reached"]


def test_delivered_is_enough_where_the_next_step_may_not_be_used(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(UNREAD)
    stop(reports, "sms")
    reports.work()
    reports.tell(reports.message(row), "delivered")
    reports.escalate(row, HALF)
    reports.work()
    assert reports.desk.states(reports.booking) == ["reached"]


@pytest.mark.parametrize("word", [None, "sent", "delivered"])
def test_a_plan_without_time_for_its_next_step_still_comes_to_an_end(
    reporting: Reporting, word: str | None
) -> None:
    reports = reporting()
    row = reports.due([Step("whatsapp", "read", 600), Step("sms")])
    reports.work()
    if word is not None:
        reports.tell(reports.message(row), word)
    reports.escalate(row, 36_000)  # the appointment was hours ago
    message = reports.message(row)
    if word != "delivered":
        assert reports.desk.row(row.id).state == "sending"
        for _ in range(4):
            if (message := reports.message(row)).lookup_at is not None:
                reports.at = max(reports.at, message.lookup_at)
                reports.look_up(message)
    after = reports.desk.row(row.id)
    assert after.finished_at is not None
    assert after.state == "reached"
    assert len(reports.sent(row)) == 1


@pytest.mark.parametrize("unless", ["read", "delivered"])
def test_the_only_step_need_only_arrive(reporting: Reporting, unless: str) -> None:
    reports = reporting()
    row = reports.due([Step("whatsapp", unless, 30)])
    reports.work()
    reports.tell(reports.message(row), "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]


def test_an_attempt_of_unknown_fate_is_resolved_before_the_next_step(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(VOICE, contact=someone("0111"))
    reports.work()
    message = reports.message(row)
    assert message.state == "unknown"
    reports.escalate(row, HALF)
    assert reports.work() == 0
    assert reports.desk.row(row.id).step == 0
    for _ in range(2):
        reports.look_up(reports.message(row))
    assert reports.desk.row(row.id).step == 1
    assert reports.work() == 1
    assert channels(reports, row)[0] == ("sms", "failed")
    assert channels(reports, row)[1][0] == "voice"


def test_one_that_turns_out_to_be_placed_keeps_its_step(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(VOICE, contact=someone("0110"))
    reports.work()

    def found() -> bool:
        message = reports.message(row)
        if message.lookup_at is not None and message.state != "delivered":
            reports.look_up(message)
        return reports.message(row).state == "delivered"

    until(found, "the message to be found", 20)
    assert reports.desk.states(reports.booking) == ["reached"]
    assert reports.work(7200) == 0
    assert len(channels(reports, row)) == 1


def test_a_carrier_that_can_not_be_asked_keeps_nobody_from_the_next_step(
    reporting: Reporting,
) -> None:
    reports = reporting(EMAIL_PROVIDER="smtp")
    person = {"name": "Ada", "phone": ANSWERED, "email": "timeout@simulator.invalid"}
    row = reports.due([Step("email", "delivered", 30), Step("sms")], contact=person)
    reports.work()
    assert reports.desk.row(row.id).state == "unknown"
    for _ in range(2):
        message = reports.message(row)
        assert message.lookup_at is not None
        reports.at = message.lookup_at
        reports.look_up(message)
    assert reports.at <= reports.booking.starts_at
    assert reports.work() == 1
    assert [channel for channel, _ in channels(reports, row)] == ["email", "sms"]


@pytest.mark.row("A3")
@pytest.mark.parametrize("plan", [FALLBACK, VOICE])
@pytest.mark.parametrize("when", ["before the next step", "with the next step waiting"])
def test_a_cancel_in_between_ends_the_plan(
    reporting: Reporting, plan: list[Step], when: str
) -> None:
    reports = reporting()
    row = reports.due(plan)
    reports.work()
    first = reports.message(row)
    if when == "with the next step waiting":
        reports.tell(first, "undelivered", "30003")
    bookings.cancel(reports.desk.caller, reports.booking.id, reports.at)
    reports.escalate(row, HALF)
    assert reports.work() == 0
    if when == "before the next step":
        reports.tell(first, "undelivered", "30003")
        assert reports.work(10) == 0
    after = reports.desk.row(row.id)
    assert after.finished_at is not None
    assert after.state in ("canceled", "not_reached")
    assert len(channels(reports, row)) == 1


def test_a_call_that_a_machine_took_goes_on_to_the_next_step(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due([Step("voice", "answered", 30), Step("sms")], contact=someone("0122"))
    reports.work()

    def over() -> bool:
        reports.apply()
        return reports.desk.row(row.id).step == 1

    until(over, "the machine to hang up", 20)
    assert reports.work() == 1
    assert [channel for channel, _ in channels(reports, row)] == ["voice", "sms"]
    reports.tell(reports.message(row), "undelivered", "30003")
    assert reports.desk.states(reports.booking) == ["reached"]


def test_a_person_who_answers_hears_it_once(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due([Step("voice", "answered", 30), Step("sms")])
    reports.work()

    def over() -> Any:
        reports.apply()
        return reports.desk.states(reports.booking) == ["reached"]

    until(over, "the call to end", 20)
    reports.escalate(row, HALF)
    assert reports.work(10) == 0
    assert [channel for channel, _ in channels(reports, row)] == ["voice"]
