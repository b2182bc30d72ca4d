"""Workers and clocks: the same use cases as the actors of tasks/ call, in the same order as
tasks/tick.py has them. `Workers.jobs` and `Tick` mirror those files, and nothing else does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import seed as seed_jitter
from typing import TYPE_CHECKING, Any

from gateway import settings
from gateway.domain.errors import GatewayError
from gateway.failpoints import hit
from gateway.models import base, claims
from gateway.models.agenda import Agenda
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import delivery, ending, holds, inbox, resolution
from tests.simulation import waking
from tests.simulation.doorbell import Message
from tests.simulation.timeline import Killed

if TYPE_CHECKING:
    from tests.simulation.world import World

BATCH = 200
POLL, HELD_POLL = 0.5, 3.0  # seconds; nothing is lost when held rows are looked at more seldom
EVENT_PAUSE, LOOKUP_PAUSE = timedelta(seconds=10), timedelta(seconds=30)
ENDING_PAUSE = timedelta(seconds=10)
RESTART = 5.0


def alive(world: "World", act: Callable[[], None]) -> bool:
    """Run `act` as a process with a database connection of its own does. False when it was killed:
    then its connection is gone, and with it whatever was not committed."""
    seed_jitter(f"{world.dice.seed}|{world.timeline.label}")
    base.borrow()
    try:
        act()
    except Killed:
        base.give_back(broken=True)
        return False
    except Exception as fault:
        world.surprised(fault)
    finally:
        base.give_back()
    return True


class Workers:
    """What workers do with a message."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def jobs(self, job: str, args: tuple[Any, ...]) -> tuple[Callable[[], None], Any]:
        """What a job does, and its use case for parking it when it fails, as in tasks/actors."""
        clock, row_id = self.world.clock, args[0]
        lease = timedelta(seconds=settings.current().sending_lease_seconds)
        if job == "place_call":
            return lambda: delivery.attempt(row_id, args[1], clock, lease), delivery.park
        if job == "apply_event":
            return lambda: inbox.apply(row_id, clock()), inbox.park
        if job == "look_up":
            return lambda: resolution.look_up(row_id, args[1], clock()), None
        if job == "check_provider":
            return lambda: holds.check(row_id, clock()), None
        assert job == "end_call", job
        return lambda: ending.end(row_id, clock()), None

    def label(self, job: str, args: tuple[Any, ...]) -> str:
        """A name for a job that does not depend on ids."""
        row_id, *rest = args
        named = [self.world.label(row_id), *map(str, rest)]
        return " ".join([job, *named])

    def take(self, message: Message, done: Callable[[], None]) -> None:
        """Have a worker take a message up now."""
        label = self.label(*message)

        def work() -> None:
            if not alive(self.world, lambda: self._work(*message)):
                self.world.doorbell.again(message)
            done()

        self.world.timeline.spawn(label, work)

    def _work(self, job: str, args: tuple[Any, ...]) -> None:
        act, park = self.jobs(job, args)
        try:
            act()
        except Exception as fault:
            if not isinstance(fault, GatewayError):
                self.world.surprised(fault)
            if park is not None:
                park(*args, fault, self.world.clock())
        if self.world.meddle is not None:
            self.world.meddle(job, args[0])
        self.world.clocks.notice()


class Clocks:
    """Two clocks that tick when something is due, or when they are told."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self._planned: datetime | None = None
        self._turn = 0

    def notice(self) -> None:
        """Something was written: plan the next tick."""
        now = self.world.timeline.now
        due = self._needed()
        due = due - self.world.skew if due is not None else None
        if due is None:
            return
        poll = self.world.dice.uniform(f"poll {due}", 0.01, POLL)
        then = max(due, now) + timedelta(seconds=poll)
        if self._stopped(then):
            then = self.world.episodes.until("clocks stop", then)
        if self._planned is None or then < self._planned:
            self._planned = then
            self.world.timeline.at(then, lambda: self._wake(then))

    def _needed(self) -> datetime | None:
        """When something is to be done, as tasks.tick.Tick.pause sees it: what is frozen, or waits
        for a broker that is away, is looked at now and then."""
        plan, soon = waking.read(), self.world.clock() + timedelta(seconds=HELD_POLL)
        if self.world.doorbell.away:
            return soon if plan.next or plan.held else None
        moments = [plan.lease, plan.event, plan.look_up, plan.ending, plan.check]
        moments.append(max(plan.claim, soon) if plan.claim and holds.frozen() else plan.claim)
        moments.append(soon if plan.held else None)
        return min(filter(None, moments), default=None)

    def _stopped(self, at: datetime) -> bool:
        return self.world.episodes.on("clocks stop", at)

    def _wake(self, planned: datetime) -> None:
        if self._planned != planned:
            return
        self._planned = None
        self._turn = 3 - self._turn if self._turn else 1
        self.world.timeline.spawn(f"clock {self._turn}", self._tick)

    def _tick(self) -> None:
        def work() -> None:
            now = self.world.clock()
            plan = waking.read()
            if not self._stopped(now) and (plan.held or (plan.next and plan.next <= now)):
                Tick(self.world, now, plan).run()
            self.notice()

        if not alive(self.world, work):
            self.world.timeline.after(RESTART, self.restart)

    def restart(self) -> None:
        """A clock starts and looks what is due."""
        self.world.timeline.spawn("clock", lambda: void(alive(self.world, self.notice)))


def void(_: object) -> None:
    """Nothing more."""


class Tick:
    """One tick of a clock: tasks.tick.Tick with the simulated broker."""

    def __init__(self, world: "World", now: datetime, plan: Agenda) -> None:
        self.world, self.now, self.plan = world, now, plan
        self.worked = False

    def run(self) -> None:
        """Do all that is due."""
        plan, broker = self.plan, self.world.doorbell
        if self._due(plan.lease):
            self._part(lambda: delivery.sweep(self.now))
        if plan.held:
            self._part(lambda: holds.release(self.now))
        if broker.away:
            return
        if broker.emptied():
            self._part(self._start_over)
        if self.worked or self._due(plan.claim):
            self._part(self._claim)
        for moment, work in (
            (plan.ending, self._end_calls),
            (plan.event, self._apply_events),
            (plan.look_up, self._look_up),
            (plan.check, lambda: self._ring("check_provider", holds.checks_due(self.now))),
        ):
            if self._due(moment):
                self._part(work)

    def _due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.now

    def _part(self, work: Callable[[], int]) -> None:
        try:
            self.worked = work() > 0 or self.worked
        except Exception as fault:
            self.world.surprised(fault)

    def _start_over(self) -> int:
        claims.release_all_due(self.now)
        return delivery.sweep(self.now)

    def _claim(self) -> int:
        claimed, broker = 0, self.world.doorbell
        room = 0 if holds.frozen() else broker.room()
        lease = timedelta(seconds=settings.current().claim_lease_seconds)
        while room > 0:
            asked = min(room, BATCH)
            found = claims.claim_due("voice:3", self.now, asked, lease)
            hit("clock.after_lease")
            if not found:
                break
            queued = [broker.ring("place_call", *one) for one in found]
            hit("clock.after_enqueue")
            if not all(queued):
                claims.hand_back(found, self.now)
                break
            claimed += len(found)
            room = room - asked if len(found) == asked else 0
        return claimed

    def _end_calls(self) -> int:
        return self._ring("end_call", CallLog.claim_endings(self.now, BATCH, ENDING_PAUSE))

    def _apply_events(self) -> int:
        waiting = ProviderEvent.claim_waiting(self.now, BATCH, EVENT_PAUSE)
        return self._ring("apply_event", waiting)

    def _look_up(self) -> int:
        asked = CallLog.claim_look_ups(self.now, BATCH, LOOKUP_PAUSE)
        for call_id, number in asked:
            self.world.doorbell.ring("look_up", call_id, number)
        return len(asked)

    def _ring(self, job: str, ids: list[str]) -> int:
        for row_id in ids:
            self.world.doorbell.ring(job, row_id)
        return len(ids)
