"""Which call of a carrier's list belongs to which notification, when our own record of it is lost.

All of one sender and one number. Both sides go by time: a call is never older than the moment at
which its notification fell due, and never much later than the moment at which it expired.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.lifecycle import AttemptState, arrived, is_final
from gateway.domain.provider import Found

# Around a moment of ours, as seen by the carrier: clocks that differ, and the time a request takes.
EARLY, LATE = timedelta(seconds=5), timedelta(seconds=45)


@dataclass(frozen=True)
class Expecting:
    """A notification that may have a call which we do not know. `waits`: it would leave now, so
    that a call of its own is what it most likely has. Otherwise it has an attempt already, whose
    `last` state, None if it may be anything, says whether another may have followed. `later`: the
    call would be one of a further step of its plan, which it may have reached meanwhile."""

    id: str
    due_at: datetime
    expires_at: datetime
    waits: bool
    last: AttemptState | None = None
    later: bool = False

    def may_have(self, at: datetime) -> bool:
        """Whether a call of that moment may be its own."""
        return self.due_at - EARLY <= at <= self.expires_at + LATE


@dataclass
class Owned:
    """The calls of one notification: its attempts, oldest first, and those that can't be attempts
    beside them, since it should not have been called again."""

    attempts: list[Found] = field(default_factory=list)
    suspected: list[Found] = field(default_factory=list)


def pair(expecting: Iterable[Expecting], calls: Sequence[Found]) -> dict[str, Owned]:
    """The calls of each notification that has any, by its id; each call at most once. In time
    order, each call goes to the earliest due of those that wait and have none yet; else to one
    whose last attempt failed, as a further attempt; else to one that may have come to this step
    of its plan; else to one that was called already, as suspected. A call that fits none is left
    out."""
    rows = sorted(expecting, key=lambda row: (row.due_at, row.id))
    owned: dict[str, Owned] = {}
    for call in sorted(calls, key=_by_time):
        assert call.created_at is not None, "a list always says when"
        fitting = [row for row in rows if row.may_have(call.created_at)]
        free = [row for row in fitting if row.id not in owned]
        fresh = [row for row in free if row.waits and not row.later]
        again = [row for row in fitting if _may_follow(row, owned.get(row.id))]
        chosen = fresh or again or [row for row in free if row.later]
        for row in chosen[:1]:
            owned.setdefault(row.id, Owned()).attempts.append(call)
        if not chosen:
            for row in [row for row in fitting if row.id in owned][-1:]:
                owned[row.id].suspected.append(call)
    return owned


def _may_follow(row: Expecting, present: Owned | None) -> bool:
    """Whether a further attempt may have been made."""
    if present is None:
        return not (row.waits or row.later) and (row.last is None or _failed(row.last))
    return _failed(present.attempts[-1].state)


def _failed(state: AttemptState) -> bool:
    return is_final(state) and not arrived(state)


def _by_time(call: Found) -> tuple[str, bool, str]:
    """The order in which calls were made. A carrier tells whole seconds: within one, what is over
    came first."""
    return str(call.created_at), not is_final(call.state), call.external_id


def reserved(attempts: Sequence[datetime], calls: Sequence[Found]) -> set[str]:
    """Ids of the calls that belong to attempts which we know without their call's id, by when they
    were made: one for each, the earliest in its time. A look-up will find them."""
    taken: set[str] = set()
    for made in sorted(attempts):
        mine = [
            call
            for call in sorted(calls, key=_by_time)
            if call.created_at is not None
            and made - EARLY <= call.created_at <= made + LATE
            and call.external_id not in taken
        ]
        taken |= {call.external_id for call in mine[:1]}
    return taken
