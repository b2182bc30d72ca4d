"""Messages of which it is not known whether they left, and those that must not leave any more."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from gateway.domain.channel_plan import Step
from gateway.domain.reminders import BEFORE, Rule
from gateway.models import last_look
from gateway.models.dead_letter import DeadLetter
from gateway.models.feed import FeedEntry
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.usecases import gate
from tests.usecases.reports import PERSON, Reports, someone

SMS, WHATSAPP = [Step("sms")], [Step("whatsapp")]
Reporting = Callable[..., Reports]


@pytest.mark.row("A2")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_message_whose_request_timed_out_is_found_and_not_sent_twice(
    reporting: Reporting, channel: str
) -> None:
    reports = reporting()
    row = reports.due([Step(channel)], contact=someone("0110"))
    reports.work()
    message = reports.message(row)
    assert (message.state, message.external_id) == ("unknown", None)
    assert reports.desk.row(row.id).state == "unknown"
    assert reports.work(60) == 0
    reports.desk.stack.sandbox.fault("lost_callbacks", share=1.0, kind="message")
    reports.look_up(message)
    kept = reports.message(row)
    assert kept.external_id is not None
    assert kept.state in ("queued", "sent", "delivered", "read")
    assert len(reports.desk.stack.sandbox.placed()) == 1
    assert len(reports.sent(row)) == 1


@pytest.mark.parametrize("on_unknown", ["never", "once"])
def test_a_message_that_was_never_placed_is_sent_once_more_only_where_that_is_wanted(
    reporting: Reporting, on_unknown: str
) -> None:
    reports = reporting()
    row = reports.due(SMS, contact=someone("0111"), policy={"on_unknown": on_unknown})
    reports.work()
    for number in (1, 2):
        _give_up(reports, row)
        again = reports.work(10)
        assert again == (1 if (on_unknown, number) == ("once", 1) else 0)
    assert len(reports.sent(row)) == (2 if on_unknown == "once" else 1)
    after = reports.desk.row(row.id)
    assert (after.state, after.reason) == ("unknown", "not_confirmed")
    assert after.finished_at is not None
    assert DeadLetter.select().count() == 1


def _give_up(reports: Reports, row: Notification) -> None:
    """All look-ups of its last message, none of which shows anything."""
    for _ in range(3):
        message = reports.message(row)
        if message.lookup_at is not None:
            reports.at = max(reports.at, message.lookup_at) + timedelta(seconds=1)
            reports.look_up(message)


def test_a_message_nobody_ever_reports_on_ends_as_unknown_and_stays_what_it_is(
    reporting: Reporting,
) -> None:
    reports = reporting(WHATSAPP_PROVIDER="meta")
    row = reports.due(WHATSAPP)
    reports.work()
    message = reports.message(row)
    reports.tell(message, "sent")
    reports.at += timedelta(hours=80)
    reports.look_up(reports.message(row))
    after = reports.desk.row(row.id)
    assert (after.state, after.reason, after.step_until) == ("unknown", "not_confirmed", None)
    assert reports.message(row).state == "sent"
    reports.tell(message, "delivered")
    assert reports.desk.row(row.id).state == "reached"


@pytest.mark.row("E4")
@pytest.mark.row("A3")
@pytest.mark.parametrize("change", ["moved", "canceled", "checked_in"])
def test_a_queued_reminder_whose_booking_changed_meanwhile_is_not_sent(
    reporting: Reporting, change: str
) -> None:
    reports = reporting()
    desk = reports.desk
    row = reports.due(SMS)
    ((id_, claim),) = desk.claim(reports.at)
    later: datetime = reports.booking.starts_at + timedelta(days=1)
    if change == "moved":
        rules = [Rule(BEFORE, minutes=60, channel="sms")]
        desk.edit(reports.booking, reports.at, starts_at=later, starts_at_text="x", reminders=rules)
    else:
        desk.edit(reports.booking, reports.at, state=change)
    desk.deliver(id_, claim, reports.at)
    after = desk.row(row.id)
    why = {"moved": "superseded", "canceled": "canceled", "checked_in": "over"}
    assert (after.state, after.reason) == ("canceled", why[change])
    assert desk.stack.sandbox.look("requests") == []


@pytest.mark.row("E4")
def test_a_booking_moved_between_gate_and_connection_sends_nothing(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(SMS)
    ((id_, claim),) = reports.desk.claim(reports.at)
    opened = gate.open_attempt(id_, claim, reports.at, timedelta(seconds=15))
    assert opened is not None
    seen = last_look.look(opened.attempt.id, claim)
    assert (seen.mine, seen.canceled, seen.in_force) == (True, False, True)
    reports.desk.edit(reports.booking, reports.at, state="canceled")
    assert last_look.look(opened.attempt.id, claim).canceled
    assert row.id == id_


@pytest.mark.row("A2")
def test_a_mailbox_that_is_not_there_is_known_when_the_mail_server_refuses_it(
    reporting: Reporting,
) -> None:
    reports = reporting(EMAIL_PROVIDER="smtp")
    row = reports.due([Step("email")], contact={**PERSON, "email": "bounce@simulator.invalid"})
    reports.work()
    after = reports.desk.row(row.id)
    assert (after.state, after.failure_class) == ("not_reached", "permanent")
    message = reports.message(row)
    assert (message.state, message.provider_code) == ("failed", "550 5.1.1")


def test_a_second_message_for_one_attempt_is_kept_apart_and_flagged(reporting: Reporting) -> None:
    reports = reporting()
    row = reports.due(SMS)
    reports.work()
    message = reports.message(row)
    params = {
        "MessageSid": "SM" + "f" * 32, "AccountSid": message.account, "MessageStatus": "delivered",
        "From": message.from_address, "To": message.to_address,
    }  # fmt: skip
    reports.form(f"twilio/messages?attempt={message.id}", params)
    extra = MessageLog.get(MessageLog.external_id == "SM" + "f" * 32)
    assert (extra.notification_id, extra.reason, extra.state) == (None, "duplicate", "delivered")
    assert reports.message(row).state == "queued"
    flagged = FeedEntry.select().where(FeedEntry.type == "message.duplicate_suspected")
    assert {entry.object_id for entry in flagged} == {message.id, extra.id}
    reports.tell(message, "delivered")
    assert reports.desk.states(reports.booking) == ["reached"]
