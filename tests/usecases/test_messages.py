"""Messages, from the start gate to the last thing that is heard of them."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from gateway.domain.channel_plan import Step
from gateway.models.consent import Consent
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from tests.databases import ON_SQLITE
from tests.usecases.reports import MAIL, Reports, someone
from tests.waiting import until

SMS, WHATSAPP, EMAIL = [Step("sms")], [Step("whatsapp")], [Step("email")]
CARRIERS: dict[str, dict[str, str]] = {
    "twilio": {},
    "meta": {"WHATSAPP_PROVIDER": "meta"},
    "sendgrid": {"EMAIL_PROVIDER": "sendgrid"},
    "smtp": {"EMAIL_PROVIDER": "smtp"},
}
Reporting = Callable[..., Reports]


@pytest.mark.row("A2")
@pytest.mark.row("C9")
@pytest.mark.parametrize(
    ("carrier", "plan", "words"),
    [
        ("twilio", SMS, ["sent", "delivered"]),
        ("twilio", WHATSAPP, ["sent", "delivered", "read"]),
        ("meta", WHATSAPP, ["sent", "delivered", "read"]),
        ("sendgrid", EMAIL, ["processed", "delivered", "open"]),
    ],
)
def test_a_reminder_leaves_on_its_channel_and_ends_where_the_carrier_says(
    reporting: Reporting, carrier: str, plan: list[Step], words: list[str]
) -> None:
    reports = reporting(**CARRIERS[carrier])
    row = reports.due(plan)
    assert reports.work() == 1
    message = reports.message(row)
    assert (message.state, message.provider) == ("queued", carrier)
    assert (message.template, message.template_version) == ("reminder", 0)
    (placed,) = reports.desk.stack.sandbox.placed()
    assert (placed["provider"], placed["channel"]) == (carrier, plan[0].channel)
    assert str(message.text) in placed["text"]
    assert reports.desk.row(row.id).state == "sending"
    for word in words:
        reports.tell(message, word)
    kept = reports.message(row)
    assert kept.state == ("read" if len(words) == 3 else "delivered")
    assert kept.delivered_at is not None
    assert (kept.read_at is not None) == (kept.state == "read")
    assert reports.desk.states(reports.booking) == ["reached"]


@pytest.mark.row("A2")
def test_a_mail_server_that_takes_an_e_mail_has_reached_whom_it_can(reporting: Reporting) -> None:
    reports = reporting(**CARRIERS["smtp"])
    row = reports.due(EMAIL)
    assert reports.work() == 1
    (placed,) = reports.desk.stack.sandbox.placed()
    message = reports.message(row)
    assert (placed["to"], placed["subject"]) == (MAIL, message.subject)
    assert message.id in placed["unsubscribe_url"]
    assert (message.state, message.sent_at, message.lookup_at) == ("sent", reports.at, None)
    assert reports.desk.states(reports.booking) == ["reached"]


@pytest.mark.row("A2")
@pytest.mark.parametrize(
    ("carrier", "plan", "word", "code", "end"),
    [
        ("twilio", SMS, "undelivered", "30005", ("undelivered", "unreachable", "30005")),
        ("twilio", SMS, "failed", "30008", ("failed", None, "30008")),
        ("twilio", WHATSAPP, "failed", "63016", ("failed", "window_closed", "63016")),
        ("meta", WHATSAPP, "failed", "131026", ("failed", None, "131026")),
        ("sendgrid", EMAIL, "bounce", "5.1.1", ("undelivered", "unreachable", "5.1.1")),
    ],
)
def test_a_message_that_did_not_arrive_says_why(
    reporting: Reporting, carrier: str, plan: list[Step], word: str, code: str, end: Any
) -> None:
    reports = reporting(**CARRIERS[carrier])
    row = reports.due(plan)
    reports.work()
    reports.tell(reports.message(row), word, code)
    kept, after = reports.message(row), reports.desk.row(row.id)
    assert (kept.state, kept.provider_code) == (end[0], end[2])
    assert kept.ended_at is not None
    assert end[1] in (None, kept.reason)
    assert (after.state, after.reason) == ("not_reached", kept.reason)
    assert after.failure_class == kept.failure_class
    assert reports.work(3600) == 0


def test_a_refusal_ends_it_and_a_block_at_the_carrier_is_a_stop(reporting: Reporting) -> None:
    reports = reporting()
    blocked = reports.due(SMS, contact={"name": "Bob", "phone": "+15005550004"})
    reports.work()
    assert (reports.message(blocked).state, reports.message(blocked).provider_code) == (
        "failed", "21610",
    )  # fmt: skip
    after = reports.desk.row(blocked.id)
    assert (after.state, after.reason) == ("not_reached", "opted_out")
    said = Consent.get()
    assert (said.channel, said.granted, said.source) == ("sms", False, "carrier")
    again = reports.due(SMS, contact={"name": "Bob", "phone": "+15005550004"})
    reports.work()
    assert reports.sent(again) == []
    assert reports.desk.row(again.id).reason == "opted_out"


@pytest.mark.row("A2")
@ON_SQLITE
def test_every_order_of_the_same_reports_ends_in_the_same_log_and_outcome(
    reporting: Reporting,
) -> None:
    reports = reporting()
    words = ("sent", "delivered", "read", "failed", "undelivered")
    orders: dict[frozenset[str], set[Any]] = {}
    for size in (2, 3, 4):
        for order in permutations(words, size):
            if size == 4 and "undelivered" in order:
                continue
            message = _left(reports)
            for word in (*order, order[0]):
                reports.tell(message, word, "30008" if word[-4:] in ("iled", "ered") and
                             word != "delivered" else None)  # fmt: skip
            orders.setdefault(frozenset(order), set()).add(_ending(message))
    different = {tuple(same): ends for same, ends in orders.items() if len(ends) > 1}
    assert not different
    assert len(orders) == 10 + 10 + 1


FOUR, MAIL_FOUR = ("sent", "delivered", "read", "failed"), ("processed", "delivered", "open")


@pytest.mark.row("A2")
@pytest.mark.row("D3")
@ON_SQLITE
@pytest.mark.parametrize(
    ("carrier", "plan", "words", "code"),
    [
        ("twilio", SMS, FOUR, "30008"),
        ("twilio", SMS, FOUR, "30003"),
        ("twilio", WHATSAPP, FOUR, "63024"),
        ("meta", WHATSAPP, FOUR, "131026"),
        ("meta", WHATSAPP, FOUR, "131016"),
        ("sendgrid", EMAIL, (*MAIL_FOUR, "bounce"), "5.1.1"),
        ("sendgrid", EMAIL, (*MAIL_FOUR, "dropped"), None),
    ],
)
def test_sent_delivered_read_and_failed_in_any_order_end_in_one_log_at_every_carrier(
    reporting: Reporting, carrier: str, plan: list[Step], words: tuple[str, ...], code: str | None
) -> None:
    reports = reporting(**CARRIERS[carrier], RETRY_DEFAULT_SECONDS="60000")
    ends: dict[frozenset[str], set[Any]] = {}
    for size in (4, 3):
        for order in permutations(words, size):
            if size == 3 and words[3] not in order:
                continue
            message = _left(reports, plan)
            for word in order:
                reports.tell(message, word, code if word == words[3] else None)
            ends.setdefault(frozenset(order), set()).add(_ending(message))
    assert [len(found) for found in ends.values()] == [1] * 4, ends
    (whole,) = ends[frozenset(words)]
    assert (whole[0], whole[2:5], whole[-4]) == ("read", (True, True, True), "reached")


def _left(reports: Reports, plan: list[Step] = SMS) -> MessageLog:
    """A message that was taken by the carrier, without a queue."""
    row = reports.due(plan)
    reports.work()
    return reports.message(row)


def _ending(message: MessageLog) -> Any:
    kept = MessageLog.get_by_id(message.id)
    row = Notification.get_by_id(message.notification_id)
    known = [getattr(kept, name) is not None for name in ("sent_at", "delivered_at", "read_at")]
    why = (kept.failure_class, kept.reason, kept.provider_code)
    watched = (kept.lookup_at is None, kept.ended_at is None)
    return (kept.state, kept.provider_status, *known, *why, *watched, row.state, row.reason,
            row.failure_class, row.finished_at is None)  # fmt: skip


@pytest.mark.row("F2")
def test_reports_that_come_before_the_answer_count(reporting: Reporting) -> None:
    reports = reporting(silent=False)
    row = reports.due(SMS, contact=someone("0106"))
    reports.work()
    _heard(reports, row, "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]


def _heard(reports: Reports, row: Notification, state: str) -> None:
    def there() -> bool:
        reports.apply()
        return reports.message(row).state == state

    until(there, f"the message to be {state}", 30)
