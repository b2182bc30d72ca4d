"""The promises about a placement, checked at the very moment at which the carrier is asked and at
which it takes a call."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.domain.provider import CallRequest, Placement, Result
from gateway.models import base
from gateway.models.call_log import CallLog
from tests.simulation.exchange import Call, Exchange
from tests.simulation.names import Named
from tests.simulation.promises import Standing, micro
from tests.simulation.seasons import TOWNS

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass
class Asked:
    """One question to a carrier to place a call; `gated_at` is when its row was written."""

    named: Named
    attempt: int
    attempt_id: str
    at: datetime
    gated_at: datetime
    result: Result | None = None
    call: Call | None = None
    extra: Call | None = None  # a second one, which the carrier placed by itself

    @property
    def subject(self) -> str:
        """Whose booking or request it is."""
        return self.named.subject

    @property
    def label(self) -> str:
        """Its name in this run and every other."""
        return f"{self.named.label} try {self.attempt}"

    def went_on(self, now: datetime) -> str | None:
        """How the call stands that came of it; of two, the one that was not to be ended."""
        if self.call is None:
            return None
        ended = self.extra is not None and bool(self.call.end_asked)
        kept = self.extra if ended and self.extra is not None else self.call
        return kept.status(now)


@dataclass
class Placements:
    """Every question and every call taken, by (subject, rule, due)."""

    world: "World"
    questions: dict[Named, list[Asked]] = field(default_factory=dict)
    frozen_at: datetime | None = None

    def asked(self, carrier: str, request: CallRequest) -> Asked:
        """A carrier is asked to place a call. Breaks off the run unless it may be."""
        row = CallLog.get_or_none(CallLog.id == request.attempt_id)
        if base.db.in_transaction():
            self.world.violated("P3 phantom", "the carrier is asked inside a transaction")
        named, attempt = self.world.names.call(request.attempt_id)
        if row is None or named is None:
            self.world.violated("P3 phantom", f"{carrier} is asked without a committed attempt")
        now = self.world.timeline.now
        asked = Asked(named, attempt, row.id, now, row.created_at)
        self.world.note("worker", f"asks for {asked.label}", asked.subject)
        self._may_leave(asked, request)
        self._is_no_guess(asked)
        self.questions.setdefault(named, []).append(asked)
        return asked

    def _may_leave(self, asked: Asked, request: CallRequest) -> None:
        promise = self.world.promises.get(asked.subject)
        gate = promise.at(asked.gated_at) if promise else None
        last = promise.at(asked.at) if promise else None
        if promise is None or gate is None or last is None:
            self.world.violated("P1 invented", f"nobody asked for {asked.label}", asked.subject)
        self._is_owed(asked, gate)
        if not last.canceled:
            self._is_owed(asked, last)
        if self.frozen_at is not None and asked.gated_at > self.frozen_at:
            self.world.violated("P4 frozen", f"{asked.label} leaves while all is frozen",
                                asked.subject)  # fmt: skip
        if request.to not in gate.phones & last.phones:
            self.world.violated("P4 wrong person", f"{asked.label} calls another number",
                                asked.subject)  # fmt: skip
        if micro(asked.at) >= last.ends:
            self.world.violated("P4 late", f"{asked.label} leaves after its end", asked.subject)
        if last.canceled:
            self.world.violated("P4 canceled", f"{asked.label} leaves canceled", asked.subject)
        if self.world.said_stop(promise.organization, request.to, asked.gated_at):
            self.world.violated("P4 opted out", f"{asked.label} goes to somebody who said stop",
                                asked.subject)  # fmt: skip

    def _is_owed(self, asked: Asked, gate: Standing) -> None:
        if micro(asked.at) < asked.named.due:
            self.world.violated("P4 early", f"{asked.label} leaves early", asked.subject)
        if (asked.named.rule, asked.named.due) not in gate.owed:
            self.world.violated("P4 not owed", f"{asked.label} is not owed", asked.subject)

    def _is_no_guess(self, asked: Asked) -> None:
        for earlier in self.questions.get(asked.named, ()):
            if earlier.attempt_id == asked.attempt_id:
                self.world.violated("P3 twice", f"{asked.label} is asked for twice", asked.subject)
            if earlier.result in (None, Result.UNKNOWN) and earlier.call is None:
                self.world.violated("P3 guess", f"{asked.label} follows a try of unknown fate",
                                    asked.subject)  # fmt: skip

    def taken(self, asked: Asked, exchange: Exchange) -> None:
        """The carrier takes the call. Breaks off the run when the person is called once too
        often, or after a cancel that was acknowledged as settled."""
        now = self.world.timeline.now
        promise = self.world.promises[asked.subject]
        if promise.settled_at is not None and promise.settled_at <= micro(now):
            self.world.violated("P4 canceled", f"{asked.label} leaves after a settled cancel",
                                asked.subject)  # fmt: skip
        plan = TOWNS[promise.organization].repeats
        before = [other.went_on(now) for other in self.questions[asked.named]]
        endings = [status.replace("-", "_") for status in before if status is not None]
        for ending in endings:
            if endings.count(ending) > len(plan.get(ending, ())):
                self.world.violated("P3 twice", f"{asked.label} after a call that was {ending}",
                                    asked.subject)  # fmt: skip

    def answered(self, asked: Asked, placement: Placement) -> None:
        """The carrier's answer reached the worker."""
        asked.result = placement.result
        self.world.note("worker", f"hears {placement.result}: {asked.label}", asked.subject)
