"""Channel plans: attempts of unknown fate, cancels in between, and calls that a machine takes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.channel_plan import Step
from gateway.models.attempts import of_notifications
from gateway.models.notification import Notification
from gateway.usecases import bookings
from tests.client import ANSWERED
from tests.usecases.reports import Reports, someone
from tests.waiting import until

FALLBACK = [Step("whatsapp", "delivered", 30), Step("sms")]
VOICE = [Step("sms", "delivered", 30), Step("voice")]
HALF = 1800.0
Reporting = Callable[..., Reports]


def channels(reports: Reports, row: Notification) -> list[tuple[str, str]]:
    """Channel and state of each attempt, oldest first."""
    return [(one.channel, str(one.state)) for one in of_notifications([row.id])]


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


def answer(reports: Reports, row: Notification, word: str, number: int = -1) -> None:
    """The carrier tells, after everything else, who or what took the last call."""
    call = of_notifications([row.id])[number]
    reports.form(f"twilio/amd?attempt={call.id}", {
        "CallSid": str(call.external_id), "AccountSid": reports.shared["account_sid"],
        "AnsweredBy": word, "MachineDetectionDuration": "4000",
    })  # fmt: skip


def called(reports: Reports, plan: list[Step]) -> Notification:
    """A reminder whose call was taken and is over."""
    row = reports.due(plan)
    reports.work()

    def over() -> Any:
        reports.apply()
        return reports.desk.states(reports.booking) == ["reached"]

    until(over, "the call to end", 20)
    return row


@pytest.mark.row("A8")
def test_the_next_step_begins_when_it_is_told_late_that_a_machine_took_the_call(
    reporting: Reporting,
) -> None:
    reports = reporting()
    row = called(reports, [Step("voice", "answered", 30), Step("sms")])
    for _ in range(2):
        answer(reports, row, "machine_start")
    waiting = reports.desk.row(row.id)
    assert (waiting.state, waiting.step, waiting.finished_at) == ("scheduled", 1, None)
    assert waiting.plan[0]["ended"] == "no_answer"
    assert reports.work() == 1
    assert channels(reports, row) == [("voice", "completed"), ("sms", "queued")]
    reports.tell(reports.message(row), "delivered")
    answer(reports, row, "fax", 0)
    assert reports.desk.states(reports.booking) == ["reached"]
    assert reports.work(7200) == 0
    assert len(channels(reports, row)) == 2


@pytest.mark.parametrize(
    ("plan", "word", "state"),
    [
        ([Step("voice", "answered", 30), Step("sms")], "human", "reached"),
        ([Step("voice", "answered", 30), Step("sms")], "unknown", "reached"),
        ([Step("voice", "delivered", 30), Step("sms")], "machine_start", "reached"),
        ([Step("voice")], "machine_start", "reached"),
        ([Step("voice", "answered", 30)], "machine_start", "not_reached"),
    ],
)
def test_what_is_told_late_of_who_took_the_call_ends_as_if_it_were_told_in_time(
    reporting: Reporting, plan: list[Step], word: str, state: str
) -> None:
    reports = reporting()
    row = called(reports, plan)
    answer(reports, row, word)
    assert reports.desk.states(reports.booking) == [state]
    assert reports.work(7200) == 0
    assert len(channels(reports, row)) == 1


def test_no_step_begins_for_an_appointment_that_was_canceled_or_has_begun(
    reporting: Reporting,
) -> None:
    reports = reporting()
    plan = [Step("voice", "answered", 30), Step("sms")]
    row = called(reports, plan)
    reports.at += timedelta(hours=5)
    answer(reports, row, "machine_start")
    assert reports.desk.states(reports.booking) == ["not_reached"]
    reports.at -= timedelta(hours=5)
    row = called(reports, plan)
    bookings.cancel(reports.desk.caller, reports.booking.id, reports.at)
    answer(reports, row, "machine_start")
    reports.work()
    assert reports.desk.row(row.id).state == "reached", "the machine has it"
    assert len(channels(reports, row)) == 1


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
