"""The calls that the simulated Twilio knows, and the questions its list answers."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import RLock
from typing import Any

from gateway.sandbox.behaviour import Behaviour
from gateway.sandbox.schedule import Lane, Scheduler
from gateway.sandbox.twilio.orders import CallOrder
from gateway.sandbox.twilio.shelf import EVERY_DAY, Days, Shelf

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
    def to(self) -> str:
        """The number called."""
        return self.order.to

    @property
    def is_over(self) -> bool:
        """True in a terminal state, which never changes."""
        return self.status in TERMINAL


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list asks for; days compare with the start of the call, which one that was not dialled
    yet has none of. `created_until` is how far a list has come that lags."""

    to: str = ""
    from_: str = ""
    status: str = ""
    started: Days = EVERY_DAY
    created_until: datetime | None = None

    def admits(self, call: Call) -> bool:
        """Whether the call belongs on the list."""
        if self.to not in ("", call.order.to) or self.from_ not in ("", call.order.from_):
            return False
        if self.created_until is not None and call.created_at > self.created_until:
            return False
        return self.status in ("", call.status) and self.started.admit(call.started_at)


class CallBook(Shelf[Call]):
    """Every call of one account, in memory: those since the start, and what a ledger kept."""

    def __init__(self, account_sid: str, scheduler: Scheduler) -> None:
        super().__init__()
        self._account_sid = account_sid
        self._scheduler = scheduler

    def open(
        self, order: CallOrder, behaviour: Behaviour, now: datetime, sid: str | None = None
    ) -> Call:
        """A queued call, with a sid of its own unless one is given."""
        name, lane = sid or "CA" + secrets.token_hex(16), Lane(self._scheduler)
        return self.put(
            lambda number: Call(number, self._account_sid, name, order, behaviour, lane, now, now)
        )

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
