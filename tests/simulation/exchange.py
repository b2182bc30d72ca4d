"""The carrier's own world: the calls it took, how each goes on, and what it tells about them."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from gateway.domain.lifecycle import CallState

if TYPE_CHECKING:
    from tests.simulation.world import World

ENDINGS = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
TALK = {"late": (600, 20_000), "later": (2, 30)}


@dataclass
class Call:
    """A call at the carrier. `course` is what becomes of it and when; ending it cuts that short."""

    external_id: str
    attempt: str
    label: str
    subject: str
    account: str
    to: str
    from_: str
    created_at: datetime
    course: list[tuple[datetime, str]] = field(default_factory=list)
    end_asked: list[datetime] = field(default_factory=list)
    visible_at: datetime | None = None  # in lists
    extra: bool = False  # the carrier placed it beside another one for a single request

    def status(self, now: datetime) -> str:
        """Its status at this moment."""
        passed = [status for at, status in self.course if at <= now]
        return passed[-1] if passed else "queued"

    def end(self, now: datetime) -> bool:
        """Hang up, or cancel before it is answered. False when it was over already."""
        status = self.status(now)
        if status in ENDINGS:
            return False
        kept = [step for step in self.course if step[0] <= now]
        self.course = [*kept, (now, "completed" if status == "in-progress" else "canceled")]
        return True


class Exchange:
    """The calls of one carrier."""

    def __init__(self, world: "World", name: str) -> None:
        self.world, self.name = world, name
        self.calls: dict[str, Call] = {}
        self.acknowledged: list[tuple[str, str]] = []  # (external id, status) answered with a 2xx

    def take(
        self, attempt: str, label: str, subject: str, account: str, to: str, from_: str,
        *, extra: bool = False,
    ) -> Call:  # fmt: skip
        """Take a call: from here on a telephone rings."""
        now = self.world.timeline.now
        call = Call(f"SC{self.name}{len(self.calls):08d}", attempt, label, subject, account, to,
                    from_, now, extra=extra)  # fmt: skip
        chance = self.world.dice.stream(f"course of {label}")
        lag = self.world.fault(f"list {label}", {"list lags": 0.03}, subject)
        call.visible_at = now + timedelta(seconds=chance.uniform(20, 100) if lag else 0.5)
        call.course = _course(chance, now)
        self.calls[call.external_id] = call
        self.world.note("carrier", f"takes {label}: {call.course[-1][1]}", subject)
        for number, _ in enumerate(call.course):
            self._announce(call, number)
        return call

    def listed(self, account: str, to: str, from_: str) -> list[Call]:
        """Calls between two numbers, as far as the carrier's list shows them yet."""
        now = self.world.timeline.now
        return [
            call for call in self.calls.values()
            if (call.account, call.to, call.from_) == (account, to, from_)
            and call.visible_at is not None and call.visible_at <= now
        ]  # fmt: skip

    def hang_up(self, external_id: str) -> bool:
        """End a call; True when it is over now."""
        now = self.world.timeline.now
        call = self.calls.get(external_id)
        if call is None:
            return False
        call.end_asked.append(now)
        if call.end(now):
            self.world.note("carrier", f"ends {call.label} when asked to", call.subject)
            self._announce(call, len(call.course) - 1)
        return True

    def _announce(self, call: Call, number: int) -> None:
        """Tell about one step of a call when it comes, as far as callbacks go."""
        at, status = call.course[number]
        name = f"callback {call.label} {status}"

        def tell() -> None:
            if (at, status) not in call.course:
                return  # it was ended before
            kind = self.world.fault(
                name, {"lost": 0.04, "twice": 0.04, "late": 0.02, "later": 0.06}, call.subject
            )
            if kind == "lost" or self.world.episodes.on("webhooks lost"):
                return
            low, high = TALK.get(str(kind), (0.02, 0.4))
            delay = self.world.dice.uniform(name, low, high)
            body = self._body(call, number, at, status)
            for copy in range(2 if kind == "twice" else 1):
                self.world.timeline.after(delay + 3 * copy, lambda: self._post(call, status, body))

        self.world.timeline.at(at, tell)

    def _body(self, call: Call, number: int, at: datetime, status: str) -> bytes:
        told = {"id": call.external_id, "attempt": call.attempt, "account": call.account,
                "status": status, "sequence": number, "at": at.isoformat()}  # fmt: skip
        return json.dumps(told).encode()

    def _post(self, call: Call, status: str, body: bytes, again: int = 1) -> None:
        def answered(took_it: bool) -> None:
            if took_it:
                self.acknowledged.append((call.external_id, status))
            elif again:
                self.world.timeline.after(2, lambda: self._post(call, status, body, again - 1))

        name = f"{self.name} tells {call.label} {status}"
        self.world.web.receive(self.name, name, call.subject, body, answered)


def _course(chance: Random, now: datetime) -> list[tuple[datetime, str]]:
    ending = chance.choices(("completed", "busy", "no-answer", "failed"), (70, 12, 12, 6))[0]
    at = now + timedelta(seconds=chance.uniform(0.1, 2))
    course = [(at, "initiated")]
    at += timedelta(seconds=chance.uniform(0.2, 3))
    if ending != "failed":
        course.append((at, "ringing"))
        at += timedelta(seconds=chance.uniform(2, 45))
    if ending == "completed":
        course.append((at, "in-progress"))
        at += timedelta(seconds=chance.uniform(5, 60) * chance.choice((1, 1, 1, 1, 1, 1, 1, 40)))
    return [*course, (at, ending)]


STATES = {str(state): state for state in CallState}
