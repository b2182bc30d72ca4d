"""What customers were promised, kept beside the product and without any of its code: which calls
are owed to whom at which moment. Moments are counted in whole microseconds of elapsed UTC time."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000_000
GRACE = 60_000_000  # a moment missed by less is still due

Owed = frozenset[tuple[str, int]]  # (rule, due)


def micro(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // timedelta(microseconds=1)


def utc_of(local: datetime, zone: str) -> datetime:
    """The moment at which clocks in this zone show `local` (its `fold` tells which, if twice)."""
    return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True)
class Rule:
    """before: so many minutes before the start; every: each so many minutes after booking, within
    the last `within` minutes before the start."""

    kind: str
    minutes: int
    within: int = 10_080

    @property
    def name(self) -> str:
        """As notifications call it."""
        return f"{self.kind}:{self.minutes}:voice:contact"

    def moments(self, booked: int, starts: int) -> list[int]:
        """When it asks for a call."""
        step = self.minutes * MINUTE
        if self.kind == "before":
            return [starts - step]
        opens = starts - self.within * MINUTE
        found = []
        at = booked + step
        while at < starts:
            if at >= opens:
                found.append(at)
            at += step
        return found


@dataclass(frozen=True)
class Terms:
    """What one booking came to by a request: the start, the rules, the person, whether it was
    canceled, or is over because the person is there already."""

    starts: int
    rules: tuple[Rule, ...]
    phone: str
    canceled: bool = False
    over: bool = False


@dataclass(frozen=True)
class Standing:
    """What is owed from a moment on. While an answer is out it may be the old terms or the new
    ones: then what either owes may come, and it is not certainly canceled."""

    since: int
    owed: Owed
    ends: int
    phones: frozenset[str]
    canceled: bool


@dataclass
class Promise:
    """One booking or request of one customer. `settled_at` is when a cancel was acknowledged with
    nothing left that could be sent."""

    name: str
    organization: int
    booked: int
    terms: Terms | None = None
    history: list[Standing] = field(default_factory=list)
    settled_at: int | None = None

    def become(self, terms: Terms, now: datetime, fixed: Owed | None = None) -> None:
        """These are the terms from now on; a request brings its one moment as `fixed`."""
        at = micro(now)
        self.history.append(self._standing(terms, at, fixed))
        self.terms = terms

    def perhaps(self, terms: Terms, now: datetime, fixed: Owed | None = None) -> None:
        """These may be the terms from now on: no answer came."""
        at, last = micro(now), self.history[-1] if self.history else None
        maybe = self._standing(terms, at, fixed)
        if last is not None:
            maybe = Standing(
                at, last.owed | maybe.owed, max(last.ends, maybe.ends),
                last.phones | maybe.phones, last.canceled and maybe.canceled,
            )  # fmt: skip
        self.history.append(maybe)

    def _standing(self, terms: Terms, at: int, fixed: Owed | None) -> Standing:
        before = self.history[-1].owed if self.history else frozenset()
        if terms.canceled or terms.over:
            owed: Owed = frozenset()
        elif fixed is not None:
            owed = fixed
        else:
            planned = {
                (rule.name, due)
                for rule in terms.rules
                for due in rule.moments(self.booked, terms.starts)
            }
            owed = frozenset(m for m in planned if m in before or m[1] >= at - GRACE)
        return Standing(at, owed, terms.starts, frozenset({terms.phone}), terms.canceled)

    def at(self, moment: datetime) -> Standing | None:
        """What was owed at this moment; None before the first request."""
        index = bisect_right(self.history, micro(moment), key=lambda standing: standing.since)
        return self.history[index - 1] if index else None
