"""Messages that name several claims: a row's id and its claim, one pair after the other."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import dramatiq
import structlog

from gateway import settings, wallclock
from gateway.models import claims, origins
from gateway.models.base import is_lost
from gateway.usecases import deliveries, delivery
from tasks import broker

log = structlog.get_logger(__name__)

Claim = tuple[str, int]


def parcels(claimed: Sequence[Claim], size: int) -> list[Sequence[Any]]:
    """The arguments of messages that name these claims, `size` in each."""
    parts = (claimed[start : start + size] for start in range(0, len(claimed), size))
    return [tuple(chain.from_iterable(part)) for part in parts]


def pairs(named: Sequence[Any]) -> list[Claim]:
    """The claims that a message names."""
    return list(zip(named[::2], named[1::2], strict=True))


def make(named: Sequence[Any], alone: "dramatiq.Actor[..., Any]") -> None:
    """Make the attempts of the claims that a message names. Those for which there was no time get a
    message each, of the actor that makes them `alone`."""
    lease = wallclock.span(settings.current().sending_lease_seconds)
    left = deliveries.attempts_of(pairs(named), wallclock.now, lease)
    if left and not broker.nudge_each(alone, left, origins.of([id_ for id_, _ in left])):
        claims.hand_back(left, wallclock.now())


def park_each(*job: Any) -> None:
    """Decide what follows a failed job for each row that it named: its claims, then the fault and
    the moment. A row that can't be parked stops no other."""
    *named, fault, now = job
    for id_, claim in pairs(named):
        try:
            delivery.park(id_, claim, fault, now)
        except Exception as why:
            if is_lost(why):
                raise
            log.error("row can't be parked", notification_id=id_, error=type(why).__name__)
