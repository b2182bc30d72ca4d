"""Caught up after a restore: messages that were sent in the lost time are found and never sent
again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.provider import LookupFailed, MessageRequest
from gateway.domain.rendering import Rendered
from gateway.models.base import new_id
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
