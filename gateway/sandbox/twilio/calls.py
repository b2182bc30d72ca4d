"""The calls that the simulated Twilio knows, and the questions its list answers."""

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from threading import Lock, RLock
from typing import Any

from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.schedule import Lane, Scheduler
from gateway.sandbox.twilio.orders import CallOrder

TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


@dataclass(slots=True)
class Call:
    """One call. `number` counts the account's calls from 1; times are UTC; `seconds` is the billed
    talk time."""

    number: int
    account_sid: str
    sid: str
    order: CallOrder
    behaviour: Behaviour
    lane: Lane
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    seconds: int | None = None
    answered_by: str | None = None
    end: Callable[[str], None] | None = None
    lock: RLock = field(default_factory=RLock)

    @property
    def is_over(self) -> bool:
        """True in a terminal state, which never changes."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list asks for; days are UTC and compare with the start of the call, inclusively.
    `created_until` is how far a list has come that lags."""

    to: str = ""
    from_: str = ""
    status: str = ""
    started_on: date | None = None
    started_until: date | None = None
    started_since: date | None = None
    created_until: datetime | None = None

    def admits(self, call: Call) -> bool:
        """Whether the call belongs on the list; one that was not dialled yet has no start day."""
        if self.to not in ("", call.order.to) or self.from_ not in ("", call.order.from_):
            return False
        if self.created_until is not None and call.created_at > self.created_until:
            return False
        if self.status not in ("", call.status):
            return False
        if self.started_on is self.started_until is self.started_since is None:
            return True
        day = call.started_at.date() if call.started_at else None
        return day is not None and (
            (self.started_on is None or day == self.started_on)
            and (self.started_until is None or day <= self.started_until)
            and (self.started_since is None or day >= self.started_since)
        )


class CallBook:
    """Every call of one account, in memory: those since the start, and what a ledger kept."""

    def __init__(self, account_sid: str, scheduler: Scheduler) -> None:
        self._account_sid = account_sid
        self._scheduler = scheduler
        self._lock = Lock()
        self._by_sid: dict[str, Call] = {}
        self._by_to: dict[str, list[Call]] = {}
        self._count = 0
        self._last_sid: str | None = None

    def open(
        self, order: CallOrder, behaviour: Behaviour, now: datetime, sid: str | None = None
    ) -> Call:
        """A queued call, with a sid of its own unless one is given."""
        sid = sid or "CA" + secrets.token_hex(16)
        with self._lock:
            self._count += 1
            lane = Lane(self._scheduler)
            call = Call(self._count, self._account_sid, sid, order, behaviour, lane, now, now)
            self._by_sid[sid] = call
            self._by_to.setdefault(order.to, []).append(call)
        return call

    def take_back(self, line: dict[str, Any], behaviour: Behaviour) -> None:
        """A call of an earlier run, as its ledger line has it. It is over, in the way that was in
        store for it, since nobody can go on playing it."""
        order = CallOrder(
            to=line["to"], from_=line["from"], twiml="", url="",
            status_callback=line["callback_url"], events=frozenset(), detects_machine=False,
            amd_callback="", recording_callback="",
        )  # fmt: skip
        placed = datetime.fromisoformat(line["at"])
        call = self.open(order, behaviour, placed, line["external_id"])
        call.status, call.started_at, call.ended_at = behaviour.status, placed, placed
        call.seconds = 1 if behaviour.status == "completed" else 0

    def swap_last_sid(self, sid: str) -> str:
        """Remember this sid and give the one before it (itself, if it is the first)."""
        with self._lock:
            previous, self._last_sid = self._last_sid or sid, sid
            return previous

    def get(self, sid: str) -> Call | None:
        """The call with this sid, unless there was none or it was removed."""
        with self._lock:
            return self._by_sid.get(sid)

    def remove(self, call: Call) -> None:
        """Forget the call."""
        with self._lock:
            self._by_sid.pop(call.sid, None)
            self._by_to[call.order.to] = [
                other for other in self._by_to[call.order.to] if other is not call
            ]

    def page(self, wanted: CallFilter, size: int, below: int | None) -> tuple[list[Call], bool]:
        """The newest calls with a number under `below`, and whether more follow."""
        page: list[Call] = []
        for call in self._newest_first(wanted.to):
            if (below is None or call.number < below) and wanted.admits(call):
                if len(page) == size:
                    return page, True
                page.append(call)
        return page, False

    def _newest_first(self, to: str) -> Iterator[Call]:
        with self._lock:
            calls: Iterable[Call] = self._by_to.get(to, ()) if to else self._by_sid.values()
            return reversed(list(calls))
