"""The queue `messages`: sending WhatsApp, SMS and e-mail."""

import dramatiq

from gateway import settings, wallclock
from gateway.domain.errors import NotSent
from gateway.usecases import delivery
from tasks import claims
from tasks.broker import broker


@dramatiq.actor(
    queue_name="messages", broker=broker, park=delivery.park, own_lines=True, throws=NotSent
)
def send_message(notification_id: str, claim: int) -> None:
    """Send the message of a claimed notification."""
    lease = wallclock.span(settings.current().sending_lease_seconds)
    delivery.attempt(notification_id, claim, wallclock.now, lease)


@dramatiq.actor(queue_name="messages", broker=broker, park=claims.park_each, own_lines=True)
def send_messages(*named: str | int) -> None:
    """Send the messages of several claimed notifications."""
    claims.make(named, send_message)
