"""Hours in which nobody is to be disturbed, by the clock on the recipient's wall."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.domain.errors import Invalid

_WRITTEN = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_DAY, _MINUTE, _INSTANT = timedelta(days=1), timedelta(minutes=1), timedelta.resolution
_KEYS = frozenset({"from", "to", "action"})


class Action(StrEnum):
    """What becomes of a notification whose moment is quiet: it leaves when the window is over, or
    just before the window began, or not at all."""

    DEFER = "defer"
    ADVANCE = "advance"
    SUPPRESS = "suppress"


@dataclass(frozen=True)
class Window:
    """One night, so to speak: quiet from `start`, and no more at `end` (UTC)."""

    start: datetime
    end: datetime

    @property
    def last_before(self) -> datetime:
        """The last whole minute before it."""
        return self.start - _MINUTE


@dataclass(frozen=True)
class QuietHours:
    """A daily window, `opens` included and `closes` not, in whole minutes of local time; over
    midnight when it opens later than it closes. Equal ends are no window. A moment is quiet when
    the local clock shows a time of the window just then: an hour that a clock change repeats is
    quiet both times or neither, and a window whose end is skipped ends with the skip. Time zones
    are IANA names; they change their offset at most once within two days, as all of them have done
    since 1972."""

    opens: time
    closes: time
    action: Action = Action.DEFER

    def covers(self, at: datetime, zone: str) -> bool:
        """Whether this moment is quiet."""
        shown = at.astimezone(_info(zone)).time()
        if self.opens <= self.closes:
            return self.opens <= shown < self.closes
        return shown >= self.opens or shown < self.closes

    def window(self, at: datetime, zone: str) -> "Window | None":
        """The quiet stretch that `at` lies in; None when it is not quiet."""
        if not self.covers(at, zone):
            return None
        return Window(self._since(at, zone), self._until(at, zone))

    def quiet_until(self, at: datetime, zone: str) -> datetime | None:
        """The first moment (UTC) from `at` on that is not quiet; None when `at` itself is not."""
        return self._until(at, zone) if self.covers(at, zone) else None

    def last_before(self, at: datetime, zone: str) -> datetime | None:
        """The last whole minute (UTC) before the quiet stretch that `at` lies in; None when `at`
        is not quiet."""
        window = self.window(at, zone)
        return window.last_before if window else None

    def _until(self, at: datetime, zone: str) -> datetime:
        at = at.astimezone(UTC)
        while True:
            end = at + (_clock(self.closes) - _clock(_shown(at, zone))) % _DAY
            change = _change(at, end, zone)
            if change is None:
                return end
            if not self.covers(change, zone):
                return change
            at = change

    def _since(self, at: datetime, zone: str) -> datetime:
        at = at.astimezone(UTC)
        while True:
            start = at - (_clock(_shown(at, zone)) - _clock(self.opens)) % _DAY
            change = _change(start - _INSTANT, at, zone)
            if change is None:
                return start
            before = change - _INSTANT
            if not self.covers(before, zone):
                return change
            at = before

    def to_json(self) -> dict[str, str]:
        """The window as a policy holds it."""
        return {"from": f"{self.opens:%H:%M}", "to": f"{self.closes:%H:%M}", "action": self.action}


# Nobody is called or written to at night, unless an organization wants it.
USUAL = QuietHours(time(21), time(8))


def check(kept: Any, field: str = "quiet_hours") -> None:
    """Raises Invalid, naming the dotted field, unless this is what a policy may say of quiet
    hours: any of from, to ("HH:MM") and action."""
    if not isinstance(kept, dict):
        raise Invalid("must be an object with from, to and action, or null", field)
    for name, value in kept.items():
        if name not in _KEYS:
            raise Invalid("holds a name that is not from, to or action", field)
        if name == "action":
            if not isinstance(value, str) or value not in set(Action):
                raise Invalid("must be defer, advance or suppress", f"{field}.action")
        elif not isinstance(value, str) or not _WRITTEN.fullmatch(value):
            raise Invalid("must be a time of day such as 21:00", f"{field}.{name}")


def from_json(kept: dict[str, Any], over: QuietHours = USUAL) -> QuietHours:
    """The window of a checked mapping; what it does not name is as in `over`."""
    return QuietHours(
        time.fromisoformat(kept["from"]) if "from" in kept else over.opens,
        time.fromisoformat(kept["to"]) if "to" in kept else over.closes,
        Action(kept["action"]) if "action" in kept else over.action,
    )


@cache
def _info(zone: str) -> ZoneInfo:
    return ZoneInfo(zone)


def _shown(at: datetime, zone: str) -> time:
    return at.astimezone(_info(zone)).time()


def _clock(shown: time) -> timedelta:
    return timedelta(
        hours=shown.hour,
        minutes=shown.minute,
        seconds=shown.second,
        microseconds=shown.microsecond,
    )


def _offset(at: datetime, zone: str) -> timedelta | None:
    return at.astimezone(_info(zone)).utcoffset()


def _change(start: datetime, end: datetime, zone: str) -> datetime | None:
    """The moment after `start` and up to `end`, a day or so apart at most, from which the zone's
    offset is another one; None when it stays."""
    later = _offset(end, zone)
    if _offset(start, zone) == later:
        return None
    # Clocks change at whole seconds.
    low, high = int(start.timestamp()), -int(-end.timestamp() // 1)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, UTC), zone) == later:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)
