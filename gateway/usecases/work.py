"""Kinds of work as they are configured: their lanes, and how many may be at work at once."""

from datetime import datetime, timedelta

from gateway import settings
from gateway.domain import lanes
from gateway.domain.backoff import PURPOSES, Backoff
from gateway.models import claims, job_claims
from gateway.models.rate import Rate

MINUTE_AND_A_BIT = 63.0


def lane(channel: str, purpose: str) -> str:
    """The lane of a notification by the priorities in force."""
    return lanes.lane(channel, purpose, settings.current().kind_priorities)


def backoff() -> Backoff:
    """The waits of each kind of work, as configured."""
    configured = settings.current()
    return Backoff({name: getattr(configured, f"retry_{name}_seconds") for name in PURPOSES})


def unlimited(purpose: str) -> bool:
    """Whether any number of a kind may be at work at once, so that one that is due may be handed
    to a worker by whoever wrote it; the others go through the hands of a clock, which counts."""
    return purpose not in settings.current().kind_concurrency


def limited(purpose: str, any_own: bool) -> bool:
    """Whether a kind of work may be under any limit, where the organization has set its own or
    not."""
    return any_own or bool(settings.current().kind_per_minute.get(purpose))


def limits(organization_id: str, purpose: str, *, any_own: bool = True) -> list[Rate]:
    """The limits that a kind of work of an organization is under, the wider first; `any_own` is
    False where it is known to have set none itself. A minute's worth
    by the setting is spread over a little more than a minute: one that leaves late and one that
    leaves in time may come closer together than their slots."""
    per_minute = settings.current().kind_per_minute.get(purpose)
    usual = per_minute / MINUTE_AND_A_BIT if per_minute else None
    if usual is None and not any_own:
        return []
    return Rate.over(organization_id, purpose, usual)


def claim(lane: str, now: datetime, limit: int, lease: timedelta) -> list[tuple[str, int]]:
    """Claim due rows of a lane for the workers, notifications or jobs as its queue has them, in the
    order in which they should go, but of no kind more than may be at work at once."""
    within, due = claims.claim_within, claims.claim_due
    if lanes.queue_of_lane(lane) in lanes.WORKING:
        within, due = job_claims.claim_within, job_claims.claim_due
    configured = settings.current()
    first, kinds = lanes.priority(lane), lanes.kinds_in(lanes.queue_of_lane(lane))
    limited = {
        kind: most
        for kind, most in configured.kind_concurrency.items()
        if configured.kind_priorities[kind] == first and kind in kinds
    }
    found: list[tuple[str, int]] = []
    for kind, most in limited.items():
        found += within(kind, most, lane, now, limit - len(found), lease)
    if kinds <= limited.keys():
        return found
    return found + due(lane, now, limit - len(found), lease, besides=limited)
