"""Where an account keeps its calls, or its messages: by sid, by number, newest first."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Generic, Protocol, TypeVar


@dataclass(frozen=True, slots=True)
class Days:
    """UTC days that a list is limited to, each inclusive, as `Name`, `Name<` and `Name>` say."""

    on: date | None = None
    until: date | None = None
    since: date | None = None

    def admit(self, moment: datetime | None) -> bool:
        """Whether the moment is in them; none at all is only if every day is welcome."""
        if self.on is self.until is self.since is None:
            return True
        day = moment.date() if moment else None
        return day is not None and (
            (self.on is None or day == self.on)
            and (self.until is None or day <= self.until)
            and (self.since is None or day >= self.since)
        )


EVERY_DAY = Days()


class Entry(Protocol):
    """What stands on a shelf; `number` counts them from 1."""

    @property
    def sid(self) -> str:
        """Twilio's name for it."""

    @property
    def number(self) -> int:
        """Its place on the shelf."""

    @property
    def to(self) -> str:
        """Where it went."""


T = TypeVar("T", bound=Entry)


class Shelf(Generic[T]):
    """Everything of one kind of one account, in memory. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_sid: dict[str, T] = {}
        self._by_to: dict[str, list[T]] = {}
        self._count = 0
        self._last_sid: str | None = None

    def put(self, make: Callable[[int], T]) -> T:
        """Keep what is made for the next number."""
        with self._lock:
            self._count += 1
            entry = make(self._count)
            self._by_sid[entry.sid] = entry
            self._by_to.setdefault(entry.to, []).append(entry)
        return entry

    def swap_last_sid(self, sid: str) -> str:
        """Remember this sid and give the one before it (itself, if it is the first)."""
        with self._lock:
            previous, self._last_sid = self._last_sid or sid, sid
            return previous

    def get(self, sid: str) -> T | None:
        """The entry with this sid, unless there was none or it was removed."""
        with self._lock:
            return self._by_sid.get(sid)

    def remove(self, entry: T) -> None:
        """Forget it."""
        with self._lock:
            self._by_sid.pop(entry.sid, None)
            self._by_to[entry.to] = [other for other in self._by_to[entry.to] if other is not entry]

    def page(
        self, admits: Callable[[T], bool], to: str, size: int, below: int | None
    ) -> tuple[list[T], bool]:
        """The newest entries with a number under `below`, to this address or ("") to any, and
        whether more follow."""
        page: list[T] = []
        for entry in self._newest_first(to):
            if (below is None or entry.number < below) and admits(entry):
                if len(page) == size:
                    return page, True
                page.append(entry)
        return page, False

    def _newest_first(self, to: str) -> Iterator[T]:
        with self._lock:
            entries: Iterable[T] = self._by_to.get(to, ()) if to else self._by_sid.values()
            return reversed(list(entries))
