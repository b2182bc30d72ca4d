"""How much work waits, runs and is done, as counted from the rows themselves."""

from datetime import datetime
from typing import Any

from gateway.models import queue_counts
from gateway.usecases import holds, operators
from gateway.usecases.accounts import Caller


def stats(caller: Caller, now: datetime) -> dict[str, Any]:
    """Counts of the caller's organization and mode, by queue and by kind of notification:
    waiting, active, delayed, completed, failed, dead, stalled, and whether it is paused. Voice and
    all kinds are while everything is frozen; events never are."""
    frozen = holds.frozen()
    kinds = queue_counts.notifications(caller.organization_id, caller.mode, now)
    events = queue_counts.events(caller.organization_id, operators.reach(caller))
    return {
        "queues": [
            {"queue": "voice", **_total(list(kinds.values())), "paused": frozen},
            {"queue": "events", **events, "paused": False},
        ],
        "kinds": [{"kind": kind, **counts, "paused": frozen} for kind, counts in kinds.items()],
    }


def _total(counts: list[dict[str, int]]) -> dict[str, int]:
    return {name: sum(one[name] for one in counts) for name in queue_counts.NAMES}
