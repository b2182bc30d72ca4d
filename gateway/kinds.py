"""Kinds of work, with the figures that hold for each unless a setting says otherwise.

Plain data and how a setting spells it: below settings and domain, which both use it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

T = TypeVar("T")

# What comes before what, 1 first.
PRIORITIES: Mapping[str, int] = {
    "nudge": 1,
    "timer": 1,
    "waitlist": 2,
    "reminder": 3,
    "request": 3,
    "dunning": 5,
    "nurture": 6,
    "snapshot": 7,
    "preference": 9,
}
FIRST, LAST = 1, 9
REMINDERS = ("reminder", "nudge")  # the kinds that the reminder dispatcher serves
# How many of a kind may be at work at once, over all processes; the others: any number.
CONCURRENCY: Mapping[str, int] = {"waitlist": 10, "timer": 5, "preference": 2, "nudge": 2}
# How many of a kind may leave a minute for one organization, unless that has a limit of its own.
PER_MINUTE: Mapping[str, float] = {"waitlist": 10}
# What those call them who ask for statistics; either word is understood everywhere.
SHOWN: Mapping[str, str] = {"timer": "expiry", "waitlist": "notification"}
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_KNOWN = {shown: kind for kind, shown in SHOWN.items()}


@dataclass(frozen=True)
class Kept:
    """How much finished work the queue views show: the newest so many (None: any number), for so
    long after it ended; what failed apart from the rest."""

    done: int | None = None
    done_for: timedelta = timedelta(hours=24)
    failed: int | None = None
    failed_for: timedelta = timedelta(days=7)

    def __str__(self) -> str:
        done, failed = ("all" if most is None else most for most in (self.done, self.failed))
        return f"{done}/{_age(self.done_for)}:{failed}/{_age(self.failed_for)}"


def _age(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    unit = max(
        (name for name, length in _UNITS.items() if seconds % length == 0 and length <= seconds),
        key=_UNITS.__getitem__,
        default="s",
    )
    return f"{seconds // _UNITS[unit]}{unit}"


KEPT: Mapping[str, Kept] = {
    **{kind: Kept() for kind in PRIORITIES},
    "timer": Kept(100, timedelta(hours=1), 1000),
    "waitlist": Kept(200, timedelta(hours=24), 2000),
    "preference": Kept(50, timedelta(hours=1), 500),
}
_KEPT = re.compile(r"(all|\d{1,6})/(\d{1,6})([smhd]):(all|\d{1,6})/(\d{1,6})([smhd])", re.ASCII)


def known(name: str) -> str | None:
    """The kind of this name, by either word for it; None when there is none."""
    kind = _KNOWN.get(name, name)
    return kind if kind in PRIORITIES else None


def shown(kind: str) -> str:
    """The word for a kind in statistics."""
    return SHOWN.get(kind, kind)


def each(usual: Mapping[str, T], read: Callable[[str], T]) -> Callable[[str], Mapping[str, T]]:
    """A parser of `nudge=1,nurture=6`: what is named is laid over what is usual."""

    def parse(raw: str) -> Mapping[str, T]:
        found = dict(usual)
        for part in raw.split(","):
            name, equals, value = part.partition("=")
            kind = known(name.strip())
            if kind is None or not equals:
                raise ValueError("must be kind=value, … with kinds " + ", ".join(PRIORITIES))
            found[kind] = read(value.strip())
        return found

    return parse


def kept(raw: str) -> Kept:
    """`200/24h:2000/7d`: the newest 200 done for a day, 2,000 failed ones for seven; `all` for any
    number."""
    match = _KEPT.fullmatch(raw)
    if match is None:
        raise ValueError("must be like 200/24h:2000/7d, with all for any number and s, m, h, d")
    done, age, unit, failed, failed_age, failed_unit = match.groups()
    return Kept(_most(done), _for(age, unit), _most(failed), _for(failed_age, failed_unit))


def _most(number: str) -> int | None:
    return None if number == "all" else int(number)


def _for(number: str, unit: str) -> timedelta:
    return timedelta(seconds=int(number) * _UNITS[unit])
