"""Kinds of work as they are configured: their lanes, and how many may be at work at once."""

from datetime import datetime, timedelta

from gateway import settings
from gateway.domain import lanes
from gateway.models import claims


def lane(channel: str, purpose: str) -> str:
    """The lane of a notification by the priorities in force."""
    return lanes.lane(channel, purpose, settings.current().kind_priorities)


def unlimited(purpose: str) -> bool:
    """Whether any number of a kind may be at work at once, so that one that is due may be handed
    to a worker by whoever wrote it; the others go through the hands of a clock, which counts."""
    return purpose not in settings.current().kind_concurrency


def claim(lane: str, now: datetime, limit: int, lease: timedelta) -> list[tuple[str, int]]:
    """Claim due rows of a lane for the workers, as `claims.claim_due`, but of no kind more than
    may be at work at once."""
    configured = settings.current()
    first = lanes.priority(lane)
    limited = {
        kind: most
        for kind, most in configured.kind_concurrency.items()
        if configured.kind_priorities[kind] == first
    }
    found: list[tuple[str, int]] = []
    for kind, most in limited.items():
        found += claims.claim_within(kind, most, lane, now, limit - len(found), lease)
    return found + claims.claim_due(lane, now, limit - len(found), lease, besides=limited)
