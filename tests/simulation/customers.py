"""What customers do, and what they remember of it: a promise is what was answered, never what the
product has stored."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from gateway.domain.errors import GatewayError
from gateway.usecases import bookings
from tests.simulation.promises import Owed, Promise, Terms, micro, utc_of
from tests.simulation.seasons import TOWNS, USUAL, Action

if TYPE_CHECKING:
    from tests.simulation.world import World


class Customers:
    """They act at their moments, and ask again when no answer came."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.unanswered: dict[str, Terms] = {}

    def come(self, actions: list[Action]) -> None:
        """Have all of them act at their moments."""
        for action in actions:
            if self.world.dice.takes_part(action.name):
                self.world.timeline.at(action.at, partial(self.act, action))

    def act(self, action: Action) -> None:
        """Do it now, for the first time or again."""
        if action.kind == "stop":
            self._stop(action)
            return
        promise = self._promise(action)
        if promise is None:
            return
        if action.kind in ("book", "request") and action.name not in self.unanswered:
            promise.booked = micro(self.world.timeline.now)
        self.world.web.serve(action, lambda result: self._answered(action, promise, result))

    def _promise(self, action: Action) -> Promise | None:
        if action.kind in ("book", "request") and action.subject not in self.world.promises:
            self.world.booked[action.subject] = action
            fresh = Promise(action.subject, action.town, 0)
            self.world.promises[action.subject] = fresh
            return fresh
        promise = self.world.promises.get(action.subject)
        known = promise is not None and (promise.terms is not None or action.kind == "book"
                                         or action.kind == "request")  # fmt: skip
        return promise if known else None

    def _answered(self, action: Action, promise: Promise, result: Any) -> None:
        now = self.world.timeline.now
        said = f"{action.kind} {_shown(action)}"
        if result is None:
            self.world.note("customer", f"{said}: no answer", action.subject)
            self._no_answer(action, promise, now)
        elif isinstance(result, GatewayError):
            self.world.note("customer", f"{said}: {result.slug}", action.subject)
            self._refused(action, promise, now)
        else:
            self._promised(action, promise, result, now, said)

    def _promised(
        self, action: Action, promise: Promise, result: Any, now: datetime, said: str
    ) -> None:
        replayed = bool(getattr(result, "replayed", False))
        if not replayed and action.kind in ("book", "request"):
            promise.booked = micro(now)
        settled = getattr(result, "settled", None)
        note = {None: "", True: ", nothing can leave", False: ", something is under way"}[settled]
        self.world.note("customer", f"{said}: promised{note}", action.subject)
        if settled and promise.settled_at is None:
            promise.settled_at = micro(now)
        if action.kind == "again":
            self._same(action, result)
        terms, fixed = self._terms(action, promise, result.body if replayed else None)
        promise.become(terms, now, fixed)
        self.unanswered.pop(action.name, None)

    def _same(self, action: Action, result: Any) -> None:
        if result.created or result.booking.id != self.world.web.ids[action.subject]:
            self.world.violated("P2 second booking", f"{action.subject} exists twice",
                                action.subject)  # fmt: skip

    def _no_answer(self, action: Action, promise: Promise, now: datetime) -> None:
        if action.kind in ("book", "request"):
            promise.booked = micro(now)
        terms, fixed = self._terms(action, promise, None)
        promise.perhaps(terms, now, fixed)
        self.unanswered[action.name] = terms
        wait = self.world.dice.uniform(f"patience {action.name}", 1, 20)
        self.world.timeline.after(wait, lambda: self.act(action))

    def _refused(self, action: Action, promise: Promise, now: datetime) -> None:
        """Nothing changed; unless an earlier try of the same went through without an answer."""
        maybe = self.unanswered.pop(action.name, None)
        if maybe is None or promise.terms is None:
            return
        caller = self.world.callers[action.town]
        booking = bookings.show(caller, self.world.web.ids[action.subject])
        there = (micro(booking.starts_at), booking.state == "canceled")
        done = there == (maybe.starts, maybe.canceled)
        promise.become(maybe if done else promise.terms, now)

    def _terms(self, action: Action, promise: Promise, replay: Any) -> tuple[Terms, Owed | None]:
        details, zone = action.details, TOWNS[action.town].zone
        if action.kind == "request":
            return self._request_terms(action, promise)
        starts = micro(utc_of(details["starts"], zone)) if "starts" in details else 0
        if action.kind == "book":
            return Terms(starts, details["rules"] or USUAL, details["phone"]), None
        terms = promise.terms
        assert terms is not None
        if action.kind == "move":
            terms = replace(terms, starts=starts)
        elif action.kind == "phone":
            terms = replace(terms, phone=details["phone"])
        elif action.kind == "replan":
            terms = replace(terms, rules=details["rules"])
        elif action.kind == "check_in":
            terms = replace(terms, over=True)
        elif action.kind == "cancel":
            terms = replace(terms, canceled=True)
        return terms, None

    def _request_terms(self, action: Action, promise: Promise) -> tuple[Terms, Owed]:
        details = action.details
        due = promise.booked + round((details["wait"] or 0) * 1_000_000)
        ends = due + round((details["lasts"] or 86_400) * 1_000_000)
        return Terms(ends, (), details["phone"]), frozenset({("request:voice", due)})

    def _stop(self, action: Action) -> None:
        promise = self.world.promises.get(action.subject)
        if promise is None or promise.terms is None:
            return
        phone = promise.terms.phone
        self._say(action, phone, granted=False)
        then = self.world.timeline.now + timedelta(seconds=action.details["for"])
        self.world.timeline.at(then, lambda: self._say(action, phone, granted=True))

    def _say(self, action: Action, phone: str, *, granted: bool) -> None:
        world = self.world

        def say() -> None:
            world.speak(action.town, phone, granted)

        world.note("customer", f"{'start' if granted else 'stop'} for this number", action.subject)
        world.timeline.spawn(action.name, say)


def _shown(action: Action) -> str:
    details = dict(action.details)
    if details.get("rules"):
        details["rules"] = [f"{rule.kind}:{rule.minutes}" for rule in details["rules"]]
    if "starts" in details:
        details["starts"] = f"{details['starts'].isoformat()} in {TOWNS[action.town].zone}"
    return " ".join(f"{name}={value}" for name, value in details.items() if value is not None)
