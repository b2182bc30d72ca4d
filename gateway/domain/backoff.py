"""How long to wait before the next try, by purpose. One table; its figures are settings."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

MOST = 3600.0  # a provider's wish beyond an hour is not waited for

PURPOSES = (
    "default", "voice", "waitlist", "timer", "preference", "nurture", "dunning", "snapshot",
    "event",
)  # fmt: skip


class Backoff:
    """The series of waits of each purpose: the nth wait follows the nth failed try, and when the
    series is used up there is no further try."""

    def __init__(self, series: Mapping[str, Sequence[float]]) -> None:
        self._series = {purpose: tuple(series[purpose]) for purpose in PURPOSES}

    def next_try(
        self, purpose: str, tries: int, now: datetime, retry_after: float | None = None
    ) -> datetime | None:
        """When to try again after `tries` failed tries (at least 1); None when that was the last.
        A purpose without a series of its own has the default one. The provider's wish in seconds
        counts when it is longer than ours, up to an hour."""
        series = self._series.get(purpose, self._series["default"])
        if tries > len(series):
            return None
        wait = max(series[tries - 1], min(retry_after or 0.0, MOST))
        return now + timedelta(seconds=wait)


def unclaimed(claims: int) -> timedelta:
    """How long a row waits that was claimed so many times without an attempt: not at all after the
    first two, then longer each time, up to half a minute."""
    return timedelta(seconds=min(30.0, 2.0 ** (claims - 3))) if claims > 2 else timedelta(0)
