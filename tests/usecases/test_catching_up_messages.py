"""Caught up after a restore: messages that were sent in the lost time are found and never sent
again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.provider import LookupFailed, MessageRequest
from gateway.domain.rendering import Rendered
from gateway.models.base import new_id
from gateway.models.contact import Contact
from gateway.models.message_log import MessageLog
from gateway.models.notification import Notification
from gateway.models.provider_event import ProviderEvent
from gateway.providers import for_channel
from gateway.usecases import inbox
from tests.stack import special
from tests.usecases.desk import Desk
from tests.usecases.restored import Restored
from tests.waiting import until

ADA, BOB = special("0141"), special("0142")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def restored(desk: Desk) -> Restored:
    return Restored(desk)


def waiting(restored: Restored, phone: str, *channels: str, **more: Any) -> Notification:
    """A message that waits and was due a minute ago."""
    plan = [{"channel": channel, "unless": "delivered", "within_minutes": 30}
            for channel in channels[:-1]] + [{"channel": channels[-1]}]  # fmt: skip
    values = {"plan": plan, "lane": "messages:3", "wording": {"text": "See you."}, **more}
    return restored.waiting(phone, -MINUTE, **values)


def lost(restored: Restored, phone: str, channel: str) -> str:
    """A message that left in the lost time; the carrier's id."""
    carrier = for_channel(channel)
    request = MessageRequest(
        attempt_id=new_id("ml"), account=str(carrier.account("test", channel)), to=phone,
        from_=str(carrier.sender("test", channel)), locale="en", channel=channel,
        callback_base_url=restored.desk.stack.settings.public_url, content=Rendered("See you."),
    )  # fmt: skip
    placed = carrier.place(request)
    assert placed.external_id is not None
    return placed.external_id


@pytest.mark.row("A4")
@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_a_message_that_left_before_the_restore_is_adopted_and_never_sent_again(
    restored: Restored, channel: str
) -> None:
    ada, bob = waiting(restored, ADA, channel), waiting(restored, BOB, channel)
    sid = lost(restored, ADA, channel)
    done = restored.thaw()
    assert (done.checked, done.adopted, done.waiting, done.unknown) == (2, 1, 1, 0)
    (kept,) = MessageLog.of_notifications([ada.id])
    assert (kept.external_id, kept.channel, kept.attempt) == (sid, channel, 1)
    assert restored.work() == 1
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    assert restored.placed() == [prefix + ADA, prefix + BOB]
    assert restored.desk.row(bob.id).state == "sending"

    def told() -> bool:
        for event_id in _waiting_events():
            inbox.apply(event_id, datetime.now(UTC))
        return restored.desk.row(ada.id).state == "reached"

    until(told, "news of the adopted message", 30)


def _waiting_events() -> list[str]:
    later = datetime.now(UTC) + timedelta(days=1)
    return ProviderEvent.claim_waiting(later, 100, timedelta(0))


def over(restored: Restored, row: Notification) -> bool:
    """Whether a notification has its outcome, once everything that may happen has."""
    for event_id in _waiting_events():
        inbox.apply(event_id, datetime.now(UTC))
    restored.work()
    return restored.desk.row(row.id).finished_at is not None


@pytest.mark.row("A4")
def test_a_later_step_that_left_in_the_lost_time_is_not_sent_again(restored: Restored) -> None:
    row = waiting(restored, special("0102"), "whatsapp", "sms")
    first = lost(restored, special("0102"), "whatsapp")
    second = lost(restored, special("0102"), "sms")
    assert restored.thaw().adopted == 1
    until(lambda: over(restored, row), "the end of the plan", 30)
    kept = {(one.step, one.external_id) for one in MessageLog.of_notifications([row.id])}
    assert kept == {(0, first), (1, second)}
    assert len(restored.placed()) == 2


def sent(restored: Restored, phone: str, minutes_ago: int, *channels: str) -> Notification:
    """A message whose first step left so long before the backup, and was not heard of since."""
    channel, made = channels[0], restored.desk.now - minutes_ago * MINUTE
    carrier = for_channel(channel)
    row = waiting(restored, phone, *channels, state="sending", next_attempt_at=None, tries=1)
    Notification.carry(row.id, step_until=made + 30 * MINUTE)
    MessageLog.create(
        organization=row.organization_id, mode=row.mode, notification=row.id, channel=channel,
        state="sent", external_id=lost(restored, phone, channel), provider=carrier.name,
        account=carrier.account("test", channel), from_address=carrier.sender("test", channel),
        to_address=phone, to_hash=row.contact.phone_hash, created_at=made,
    )  # fmt: skip
    return row


@pytest.mark.row("A4")
def test_a_step_that_began_in_the_lost_time_is_found_on_its_own_channel(
    restored: Restored,
) -> None:
    row = sent(restored, ADA, 40, "whatsapp", "sms")
    second = lost(restored, ADA, "sms")
    assert restored.thaw().adopted == 1
    kept = restored.desk.row(row.id)
    assert (kept.step, kept.tries, kept.step_until) == (1, 2, None)
    (text,) = [one for one in MessageLog.of_notifications([row.id]) if one.step == 1]
    assert (text.external_id, text.attempt) == (second, 2)


@pytest.mark.row("A4")
def test_a_step_by_mail_that_may_have_begun_in_the_lost_time_is_not_begun_by_guess(
    restored: Restored,
) -> None:
    """Nobody can be asked whether a mail left."""
    failed, arrived = (sent(restored, to, 10, "sms", "email") for to in (special("0101"), ADA))
    for row in (failed, arrived):
        person = Contact.id == row.contact_id
        Contact.update(email="ann@example.com", email_hash="0f").where(person).execute()
    (attempt,) = MessageLog.of_notifications([failed.id])
    carrier = for_channel("sms")

    def over_there() -> bool:
        found = carrier.fetch(attempt.account, attempt.external_id or "")
        return found is not None and found.state == "undelivered"

    until(over_there, "the end of the text message")
    restored.freeze()
    dry = restored.catch_up(dry=True)
    done = restored.thaw()
    assert (done.checked, done.unknown, done.adopted) == (1, 1, 0)
    assert dry == done
    kept = restored.desk.row(failed.id)
    assert (kept.state, kept.reason) == ("unknown", "not_confirmed")
    assert restored.desk.row(arrived.id).state == "sending"


@pytest.mark.row("A4")
def test_a_message_goes_to_a_row_that_waits_for_it_before_another_ones_later_step(
    restored: Restored,
) -> None:
    plain = waiting(restored, ADA, "sms")
    planned = waiting(restored, ADA, "whatsapp", "sms")
    sid = lost(restored, ADA, "sms")
    restored.thaw()
    (kept,) = MessageLog.of_notifications([plain.id])
    assert kept.external_id == sid
    assert restored.desk.row(planned.id).state == "scheduled"


@pytest.mark.row("A4")
def test_calls_and_messages_to_one_number_are_not_taken_for_each_other(restored: Restored) -> None:
    text, ring = waiting(restored, ADA, "sms"), restored.waiting(ADA, -MINUTE)
    sid = restored.lost_call(ADA)
    assert restored.thaw().adopted == 1
    assert MessageLog.of_notifications([text.id]) == []
    (call,) = restored.desk.attempts(ring.id)
    assert call.external_id == sid


@pytest.mark.row("A4")
def test_where_the_carrier_does_not_answer_nothing_is_let_go(restored: Restored) -> None:
    waiting(restored, ADA, "sms")
    restored.desk.stack.sandbox.fault("lookup_503", share=1.0)
    restored.freeze()
    with pytest.raises(LookupFailed):
        restored.catch_up()
