"""Further calls to somebody whose line was busy or who did not answer: an organization's own plan,
apart from the technical retries of domain/backoff.py."""

from collections.abc import Mapping
from typing import Any

from gateway.domain.errors import Invalid
from gateway.domain.outcomes import Reason

REASONS = (Reason.BUSY, Reason.NO_ANSWER)
MOST = 10  # further calls about one thing
SHORTEST, LONGEST = 1, 7 * 24 * 3600  # seconds


def check(plan: Any) -> dict[str, list[float]]:
    """A plan as it is kept: {"busy": [seconds, …], "no_answer": […]}, each wait counted from the
    end of the call before. Raises Invalid for anything else."""
    if not isinstance(plan, dict) or not set(plan) <= set(REASONS):
        raise Invalid("must be an object with lists for busy and no_answer", "repeats")
    for waits in plan.values():
        if not isinstance(waits, list) or len(waits) > MOST:
            raise Invalid(f"must be lists of at most {MOST} waits", "repeats")
        if not all(_is_wait(wait) for wait in waits):
            raise Invalid(f"must be seconds from {SHORTEST} to {LONGEST}", "repeats")
    return {str(reason): list(waits) for reason, waits in plan.items() if waits}


def _is_wait(wait: Any) -> bool:
    number = isinstance(wait, int | float) and not isinstance(wait, bool)
    return number and SHORTEST <= wait <= LONGEST


def wait(plan: Mapping[str, list[float]], reason: str, repeats: int) -> float | None:
    """Seconds until the next call after `repeats` further ones, when the last ended by this
    reason; None when the plan has no more. All further calls count, whichever reason each had."""
    waits = plan.get(reason, [])
    return waits[repeats] if repeats < len(waits) else None
