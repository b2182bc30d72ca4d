"""May this notification leave now? One pure answer, asked inside the transaction that claims it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason


@dataclass(frozen=True)
class Facts:
    """What is true of a notification and its subject at this moment. `planned_for` is the schedule
    version that planned it, `in_force` the subject's present one; `ended` says why there is nothing
    to tell any more."""

    due_at: datetime
    expires_at: datetime
    ended: Reason | None
    planned_for: int
    in_force: int
    opted_out: bool
    has_address: bool


@dataclass(frozen=True)
class Decision:
    """`state` is where the notification goes: sending means that it may leave; scheduled, that it
    waits until `until`; anything else is its outcome."""

    state: N
    reason: Reason | None = None
    until: datetime | None = None


def decide(facts: Facts, now: datetime) -> Decision:
    """Allow, defer or suppress; the first objection counts."""
    if facts.ended is not None:
        return Decision(N.CANCELED, facts.ended)
    if facts.planned_for != facts.in_force:
        return Decision(N.CANCELED, Reason.SUPERSEDED)
    if now >= facts.expires_at:
        return Decision(N.EXPIRED, Reason.EXPIRED)
    if facts.opted_out:
        return Decision(N.SUPPRESSED, Reason.OPTED_OUT)
    if not facts.has_address:
        return Decision(N.SUPPRESSED, Reason.INVALID_NUMBER)
    if now < facts.due_at:
        return Decision(N.SCHEDULED, until=facts.due_at)
    return Decision(N.SENDING)
