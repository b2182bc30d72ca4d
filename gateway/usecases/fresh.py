"""A notification as it is first written, whatever it is about."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway import settings
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models.base import new_id
from gateway.usecases import work


def notification(
    now: datetime,
    *,
    subject: tuple[str, str],
    purpose: str,
    plan: Sequence[Mapping[str, Any]],
    due_at: datetime,
    opens_at: datetime | None = None,
    past: bool = False,
    at_once: bool = False,
    **columns: Any,
) -> dict[str, Any]:
    """The columns of a row. `subject` is its type and id. It opens at `opens_at`, else when it is
    due. One that is `past` is kept to be shown; one that may leave `at_once` is claimed for the
    request that makes it, unless the clock counts its kind of work."""
    opens = opens_at or due_at
    claimed = at_once and not past and opens <= now and work.unlimited(purpose)
    return {
        "id": new_id("nt"),
        "subject_type": subject[0],
        "subject_id": subject[1],
        "schedule_version": 1,
        "number": 1,
        "purpose": purpose,
        "booking": None,
        "plan": list(plan),
        "step": 0,
        "lane": work.lane(plan[0]["channel"], purpose),
        "metadata": {},
        "due_at": due_at,
        "created_at": now,
        "tries": 0,
        **_standing(opens, now, past=past, claimed=claimed),
        **columns,
    }


def _standing(opens: datetime, now: datetime, *, past: bool, claimed: bool) -> dict[str, Any]:
    """The columns that say where it stands: past, due and claimed, or waiting."""
    if past:
        return {
            "state": N.SUPPRESSED, "reason": Reason.PAST, "finished_at": now,
            "next_attempt_at": None, "lease_until": None, "claim": 0,
        }  # fmt: skip
    waiting = {"reason": None, "finished_at": None}
    if claimed:
        lease = timedelta(seconds=settings.current().claim_lease_seconds)
        taken = {"next_attempt_at": None, "lease_until": now + lease, "claim": 1}
        return {"state": N.DUE, **taken, **waiting}
    return {
        "state": N.SCHEDULED, "next_attempt_at": opens, "lease_until": None, "claim": 0, **waiting
    }  # fmt: skip
