"""Channel plans: when the next step begins, and when it does not any more."""

from collections.abc import Callable

import pytest

from gateway.domain.channel_plan import Step
from gateway.models.attempts import of_notifications
from gateway.models.consent import Consent
from gateway.models.notification import Notification
from gateway.usecases import people
from tests.client import ANSWERED
from tests.usecases.reports import MAIL, Reports
from tests.waiting import until

FALLBACK = [Step("whatsapp", "delivered", 30), Step("sms")]
UNREAD = [Step("whatsapp", "read", 30), Step("sms")]
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

    def over() -> bool:
        message = reports.message(row)
        if message.lookup_at is not None:
            reports.at = max(reports.at, message.lookup_at)
            reports.look_up(message)
        return reports.desk.row(row.id).finished_at is not None

    until(over, "an end", 20, pause=0.2)
    after = reports.desk.row(row.id).state
    assert after == "reached" or word != "delivered"
    assert len(reports.sent(row)) == 1


@pytest.mark.parametrize("unless", ["read", "delivered"])
def test_the_only_step_need_only_arrive(reporting: Reporting, unless: str) -> None:
    reports = reporting()
    row = reports.due([Step("whatsapp", unless, 30)])
    reports.work()
    reports.tell(reports.message(row), "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]
