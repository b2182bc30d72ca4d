"""What will become of a notification if nothing changes."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason


@dataclass(frozen=True)
class Projected:
    """`at` (as aware as the facts) is when it leaves or ends, by the sender's own decision; `waits`
    are the deferrals on the way there, in their order."""

    at: datetime
    decision: Decision
    waits: tuple[Decision, ...] = ()

    @property
    def moved_by(self) -> Reason | None:
        """What moves it away from its own moment: the last deferral's reason, other than that it
        is not due yet."""
        moved = [wait.reason for wait in self.waits if wait.reason != Reason.NOT_DUE]
        return moved[-1] if moved else None


def project(facts: Facts, from_: datetime) -> Projected:
    """Follow the sender's decisions from `from_` through their deferrals to the end. `from_` is
    now, or when the notification is tried next, if that is later."""
    at, waits = from_, []
    while (decision := decide(facts, at)).state == N.SCHEDULED:
        assert decision.until is not None, "a deferral names its end"
        assert decision.until > at, "and it lies ahead"
        waits.append(decision)
        at = decision.until
    return Projected(at, decision, tuple(waits))
