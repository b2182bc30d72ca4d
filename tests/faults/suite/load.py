"""The client under whose load a fault happens: what it asks for, when, and the ledger it keeps.

Every request has its idempotency key and is written down, with fsync, before it leaves and again
when its answer is there. No answer, or a 5xx, is `unknown`: it is asked again with the same key
until it is known. A refusal (4xx) is the suite's own mistake, unless the call expired meanwhile.
"""

import heapq
import itertools
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from gateway.sandbox.ledger import Ledger

THREADS = 8
AGAIN, AGAIN_AT_MOST = 0.3, 2.0
ANSWER_SECONDS = 3.0
SPREAD = 4.5  # seconds over which the requests are spread, unless told otherwise
MOVED_BY = 2.0
BEFORE = timedelta(minutes=60)


@dataclass(frozen=True)
class Ask:
    """One thing to ask for; seconds count from the beginning of the load."""

    key: str
    to: str
    kind: str  # call, at, before
    at: float
    due: float | None = None  # None: now
    expires: float | None = None
    cancel: float | None = None
    move: float | None = None


def plan(
    dice: random.Random, numbers: Iterator[str], run: str, size: int, spread: float = SPREAD
) -> list[Ask]:
    """So many requests, each to a number of its own: half at once, some at a moment, a third as
    bookings, of which some are canceled and some moved about the time they fall due."""
    asks = []
    for position, to in enumerate(itertools.islice(numbers, size)):
        at = spread * position / size
        due = at + dice.uniform(0.5, 3.0)
        key = f"{run}-{position}"
        match position % 20:
            case 0 | 7 | 13:
                ask = Ask(key, to, "call", at, due)
            case 3:
                ask = Ask(key, to, "call", at, due, expires=due + dice.uniform(4, 12))
            case 1 | 6 | 11:
                ask = Ask(key, to, "before", at, due)
            case 2 | 9:
                ask = Ask(key, to, "at", at, due)
            case 4:
                ask = Ask(key, to, "before", at, due, cancel=due + dice.uniform(-1, 0.4))
            case 16:
                ask = Ask(key, to, "before", at, due, move=due + dice.uniform(-1, 0.4))
            case _:
                ask = Ask(key, to, "call", at)
        asks.append(ask)
    return asks


@dataclass(order=True)
class _Turn:
    at: float
    order: int
    op: str = field(compare=False)
    ask: Ask = field(compare=False)
    booking: str = field(compare=False, default="")
    tries: int = field(compare=False, default=0)
    request: "tuple[str, str, dict[str, Any]] | None" = field(compare=False, default=None)


class Load:
    """Works off a plan in threads, against one web address with one key."""

    def __init__(self, url: str, key: str, ledger: Path, asks: list[Ask]) -> None:
        self.url, self.ledger = f"{url}/api/v1", Ledger(ledger)
        self.asks = asks
        self._key = key
        self._begun, self._begun_at = time.monotonic(), datetime.now(UTC)
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._turns = [_Turn(ask.at, next(self._order), "ask", ask) for ask in asks]
        heapq.heapify(self._turns)
        self._open, self.acked, self._stopped = len(asks), 0, False
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]

    def start(self) -> None:
        """Begin now."""
        self._begun, self._begun_at = time.monotonic(), datetime.now(UTC)
        for thread in self._threads:
            thread.start()

    @property
    def settled(self) -> bool:
        """Whether every request has its answer."""
        return self._open == 0

    @property
    def last_due(self) -> float:
        """The monotonic time at which the last of them falls due."""
        return self._begun + max((ask.due or ask.at) + MOVED_BY for ask in self.asks)

    def wait_for(self, share: float, seconds: float) -> None:
        """Until so large a part of it is acknowledged."""
        with self._changed:
            self._changed.wait_for(lambda: self.acked >= share * len(self.asks), seconds)

    def stop(self) -> None:
        """Ask no more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS * 3)
        self.ledger.close()

    def _work(self) -> None:
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self._key}"
        while (turn := self._next()) is not None:
            self._take(session, turn)

    def _next(self) -> _Turn | None:
        with self._changed:
            while not self._stopped:
                wait = self._turns[0].at - self._elapsed() if self._turns else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._turns)
                self._changed.wait(wait)
        return None

    def _elapsed(self) -> float:
        return time.monotonic() - self._begun

    def _moment(self, seconds: float) -> datetime:
        return self._begun_at + timedelta(seconds=seconds)

    def _take(self, session: requests.Session, turn: _Turn) -> None:
        turn.request = turn.request or self._request(turn)
        method, path, options = turn.request
        self._note(turn, "sent")
        try:
            answer = session.request(
                method, self.url + path, timeout=ANSWER_SECONDS, **options
            )  # fmt: skip
            status, body = answer.status_code, answer.json()
        except (requests.RequestException, ValueError) as error:
            status, body = 0, {"error": type(error).__name__}
        if 200 <= status < 300:
            self._acked(turn, status, body)
        elif 400 <= status < 500 and status not in (408, 409, 429):
            past = turn.ask.expires is not None and status == 422
            self._note(turn, "too late" if past else "refused", status=status, problem=body)
            self._done()
        else:
            self._note(turn, "unknown", status=status)
            turn.tries += 1
            self._push(turn, self._elapsed() + min(AGAIN * turn.tries, AGAIN_AT_MOST))

    def _request(self, turn: _Turn) -> tuple[str, str, dict[str, Any]]:
        """The request, made once and repeated as it is. A client that is behind asks for moments
        that are still ahead."""
        ask, behind = turn.ask, max(0.0, self._elapsed() - turn.ask.at)
        if turn.op == "cancel":
            return "DELETE", f"/bookings/{turn.booking}", {}
        if turn.op == "move":
            later = self._moment((ask.due or 0) + MOVED_BY + behind) + BEFORE
            return "PATCH", f"/bookings/{turn.booking}", {"json": {"starts_at": later.isoformat()}}
        path = "/bookings"
        body: dict[str, Any] = {"contact": {"phone": ask.to, "name": "Ada"}}
        if ask.kind == "call":
            path, body = "/calls", {"to": ask.to, "say": "Your table is ready."}
            if ask.due is not None:
                body["send_at"] = self._moment(ask.due + behind).isoformat()
            if ask.expires is not None:
                body["expires_at"] = self._moment(ask.expires + behind).isoformat()
        else:
            due = self._moment((ask.due or 0) + behind)
            rule: dict[str, Any] = {"kind": "before", "minutes": 60, "channel": "voice"}
            if ask.kind == "at":
                rule = {"kind": "at", "at": due.isoformat(), "channel": "voice"}
            body |= {"starts_at": (due + BEFORE).isoformat(), "reminders": [rule]}
        return "POST", path, {"json": body, "headers": {"Idempotency-Key": ask.key}}

    def _acked(self, turn: _Turn, status: int, body: dict[str, Any]) -> None:
        reminders = body.get("reminders", [body] if turn.op == "ask" else [])
        told = {str(item["id"]): str(item["state"]) for item in reminders}
        self._note(turn, "acked", status=status, ids=told)
        then = turn.ask.cancel if turn.ask.cancel is not None else turn.ask.move
        if turn.op == "ask" and then is not None:
            op = "cancel" if turn.ask.cancel is not None else "move"
            follow = _Turn(0, next(self._order), op, turn.ask, str(body["id"]))
            self._push(follow, max(then, self._elapsed()))
        else:
            self._done()
        with self._changed:
            self.acked += turn.op == "ask"
            self._changed.notify_all()

    def _push(self, turn: _Turn, at: float) -> None:
        turn.at = at
        with self._changed:
            heapq.heappush(self._turns, turn)
            self._changed.notify()

    def _done(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    def _note(self, turn: _Turn, result: str, **more: Any) -> None:
        self.ledger.append(
            {"t": datetime.now(UTC).isoformat(), "key": turn.ask.key, "to": turn.ask.to,
             "op": turn.op, "result": result, **more}
        )  # fmt: skip
