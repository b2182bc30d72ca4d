"""What a carrier's answers say about the carrier itself, apart from the one call."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from gateway.domain.outcomes import Reason
from gateway.domain.provider import Placement, Result


class Verdict(StrEnum):
    """WELL: it took a call. ILL: it is away, or nobody knows what it does. REFUSES_US: it does not
    know our account. NEITHER: it works, and this one call it did not take."""

    WELL = "well"
    ILL = "ill"
    REFUSES_US = "refuses_us"
    NEITHER = "neither"


# Our pace, or the one recipient: a full mailbox says nothing about who told us of it.
_NOT_ITS_OWN = (
    Reason.THROTTLED,
    Reason.UNDELIVERABLE,
    Reason.UNREACHABLE,
    Reason.INVALID_NUMBER,
    Reason.INVALID_ADDRESS,
    Reason.BLOCKED,
    Reason.OPTED_OUT,
)


def judge(placement: Placement) -> Verdict:
    """What one answer says. A rejection concerns one call and throttling our pace; both come from a
    carrier that works. Only a refusal in the carrier's own words, with its code, is one of us."""
    if placement.result == Result.ACCEPTED:
        return Verdict.WELL
    if placement.result == Result.REJECTED:
        return Verdict.NEITHER
    failure = placement.failure
    if placement.result == Result.NOT_SENT and failure is not None:
        if failure.reason in _NOT_ITS_OWN:
            return Verdict.NEITHER
        if failure.reason == Reason.CONFIGURATION and failure.provider_code:
            return Verdict.REFUSES_US
    return Verdict.ILL


def pause(pauses: Sequence[float], times: int) -> timedelta:
    """How long an ailing carrier is left alone after the nth bad turn in a row (from 1); the last
    pause of the series goes on."""
    return timedelta(seconds=pauses[min(times, len(pauses)) - 1]) if pauses else timedelta(0)


class Streak:
    """Failures in a row at one account, as one process sees them. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    def note(self, verdict: Verdict, most: int) -> bool:
        """Count one answer; True when it completes a row of `most` failures, and then the counting
        begins anew."""
        with self._lock:
            if verdict is Verdict.WELL:
                self._count = 0
            elif verdict is Verdict.ILL:
                self._count += 1
                if self._count >= most:
                    self._count = 0
                    return True
        return False
