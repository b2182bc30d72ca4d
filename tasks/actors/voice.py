"""The queue `voice`: placing calls."""

import dramatiq

from gateway import settings, wallclock
from gateway.domain.errors import NotSent
from gateway.usecases import delivery, ending
from tasks import claims
from tasks.broker import broker


@dramatiq.actor(
    queue_name="voice", broker=broker, park=delivery.park, own_lines=True, throws=NotSent
)
def place_call(notification_id: str, claim: int) -> None:
    """Place the call of a claimed notification."""
    lease = wallclock.span(settings.current().sending_lease_seconds)
    delivery.attempt(notification_id, claim, wallclock.now, lease)


@dramatiq.actor(queue_name="voice", broker=broker, park=claims.park_each, own_lines=True)
def place_calls(*named: str | int) -> None:
    """Place the calls of several claimed notifications."""
    claims.make(named, place_call)


@dramatiq.actor(queue_name="voice", broker=broker)
def end_call(call_id: str) -> None:
    """Ask the provider to end a call that must not go on."""
    ending.end(call_id, wallclock.now())
