"""Messages that the carrier took and could not bring for a reason that passes: sent again, once for
each wait, and never beside one that arrived."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gateway.domain.channel_plan import Step
from gateway.models.attempts import of_notifications
from gateway.models.notification import Notification
from gateway.usecases import bookings
from tests.usecases.reports import Reports

Reporting = Callable[..., Reports]
SMS = [Step("sms")]
WAITS = {"RETRY_DEFAULT_SECONDS": "60,600", "UNKNOWN_LOOKUP_SECONDS": "5,10"}


def states(reports: Reports, row: Notification) -> list[str]:
    """Of each attempt, oldest first."""
    return [str(one.state) for one in of_notifications([row.id])]


@pytest.mark.row("A8")
@pytest.mark.parametrize("word", ["undelivered", "failed"])
def test_a_handset_that_is_off_is_tried_again_by_the_waits_of_the_purpose(
    reporting: Reporting, word: str
) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    for wait in (60, 600):
        reports.tell(reports.message(row), word, "30003")
        waiting = reports.desk.row(row.id)
        assert (waiting.state, waiting.reason) == ("scheduled", "unreachable")
        assert waiting.next_attempt_at == reports.at + timedelta(seconds=wait)
        assert reports.work(wait - 1) == 0
        assert reports.work(1) == 1
    reports.tell(reports.message(row), word, "30003")
    after = reports.desk.row(row.id)
    assert (after.state, after.reason, after.failure_class) == (
        "not_reached", "unreachable", "temporary",
    )  # fmt: skip
    assert states(reports, row) == [word] * 3


def test_one_that_arrives_at_the_second_try_reached_somebody(reporting: Reporting) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    reports.tell(reports.message(row), "undelivered", "30003")
    reports.work(60)
    reports.tell(reports.message(row), "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]
    assert reports.work(7200) == 0


@pytest.mark.parametrize("code", ["30003", "30017", None])
def test_a_failure_told_twice_or_in_other_words_is_tried_again_once(
    reporting: Reporting, code: str | None
) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    first = reports.message(row)
    reports.tell(first, "failed", code)
    then = reports.desk.row(row.id)
    reports.at += timedelta(seconds=5)
    for _ in range(2):
        reports.tell(first, "undelivered", "30003")
        reports.tell(first, "sent")
    kept = reports.desk.row(row.id)
    assert (kept.next_attempt_at, kept.repeats) == (then.next_attempt_at, then.repeats)
    assert reports.work(60) == 1
    reports.tell(first, "undelivered", "30017")
    assert reports.desk.row(row.id).state == "sending"
    assert reports.work(7200) == 0
    assert len(states(reports, row)) == 2


@pytest.mark.parametrize("word", ["delivered", "read"])
def test_what_arrived_after_all_calls_off_the_try_that_has_not_left(
    reporting: Reporting, word: str
) -> None:
    reports = reporting(**WAITS)
    row = reports.due([Step("whatsapp")])
    reports.work()
    first = reports.message(row)
    reports.tell(first, "failed", "63012")
    assert reports.desk.states(reports.booking) == ["scheduled"]
    reports.tell(first, word)
    after = reports.desk.row(row.id)
    assert (after.state, after.next_attempt_at) == ("reached", None)
    assert reports.work(7200) == 0
    assert states(reports, row) == [word]


def test_what_arrived_after_all_calls_off_one_that_a_worker_has_in_hand(
    reporting: Reporting,
) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    first = reports.message(row)
    reports.tell(first, "undelivered", "30003")
    reports.at += timedelta(seconds=60)
    ((id_, claim),) = reports.desk.claim(reports.at)
    reports.tell(first, "delivered")
    assert reports.desk.deliver(id_, claim, reports.at) is None
    assert states(reports, row) == ["delivered"]
    assert reports.desk.states(reports.booking) == ["reached"]


def test_another_channel_is_better_than_another_try(reporting: Reporting) -> None:
    reports = reporting(**WAITS)
    row = reports.due([Step("sms", "delivered", 30), Step("whatsapp")])
    reports.work()
    reports.tell(reports.message(row), "undelivered", "30003")
    waiting = reports.desk.row(row.id)
    assert (waiting.step, waiting.next_attempt_at) == (1, reports.at)
    reports.work()
    reports.tell(reports.message(row), "failed", "63012")
    assert reports.desk.row(row.id).state == "scheduled"
    reports.work(60)
    channels = [one.channel for one in of_notifications([row.id])]
    assert channels == ["sms", "whatsapp", "whatsapp"]


def test_nothing_is_tried_again_where_an_earlier_channel_brought_it(reporting: Reporting) -> None:
    reports = reporting(**WAITS)
    row = reports.due([Step("whatsapp", "read", 30), Step("sms")])
    reports.work()
    reports.tell(reports.message(row), "delivered")
    reports.escalate(row, 1800)
    reports.work()
    reports.tell(reports.message(row), "undelivered", "30003")
    assert reports.desk.states(reports.booking) == ["reached"]


@pytest.mark.parametrize("code", ["30008", "30005", "30007"])
def test_what_will_not_pass_is_not_tried_again(reporting: Reporting, code: str) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    reports.tell(reports.message(row), "undelivered", code)
    assert reports.desk.states(reports.booking) == ["not_reached"]


def test_nothing_is_tried_again_past_its_end_or_after_a_cancel(reporting: Reporting) -> None:
    reports = reporting(**WAITS)
    row = reports.due(SMS)
    reports.work()
    reports.at += timedelta(hours=5, seconds=-30)
    reports.tell(reports.message(row), "undelivered", "30003")
    assert reports.desk.states(reports.booking) == ["not_reached"]

    reports.at = reports.desk.now
    row = reports.due(SMS)
    reports.work()
    first = reports.message(row)
    reports.tell(first, "undelivered", "30003")
    bookings.cancel(reports.desk.caller, reports.booking.id, reports.at)
    assert reports.work(60) == 0
    assert reports.desk.states(reports.booking) == ["canceled"]
