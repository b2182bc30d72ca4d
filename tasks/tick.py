"""One tick of the clock: its parts, each of which fails by itself."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import dramatiq
import redis
import structlog

from gateway import settings, wallclock
from gateway.failpoints import hit
from gateway.logs import places
from gateway.models import agenda, base, claims
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import delivery, holds
from tasks import broker, redis_client, trouble, workload
from tasks.actors.events import apply_event, check_provider, look_up_call
from tasks.actors.voice import end_call, place_call

log = structlog.get_logger(__name__)

BATCH = 200
EVENT_PAUSE = 10.0
LOOKUP_PAUSE = 30.0  # more than a look-up takes
ENDING_PAUSE = 10.0
_AT_ONCE, _SOON, _LATER = 0.02, 0.03, 0.5  # pauses, in real seconds


class Tick:
    """A look at everything at one moment. A part that fails is logged by its name, and the others
    go on; while the broker is away only what needs no broker is done."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.claimed = 0
        self._load: workload.Workload | None = None
        self._worked = self._troubled = self._frozen = False
        # Where the agenda can't be read, everything is taken for due.
        self._plan = agenda.Agenda(now, now, now, now, now, now, held=True)

    def run(self) -> "Tick":
        """Do all that is due. Raises StoreUnavailable when the database can't be reached."""
        self._part("agenda", self._read)
        plan = self._plan
        if self._due(plan.lease):
            self._part("leases", lambda: delivery.sweep(self.now))
        if plan.held:
            self._part("holds", lambda: holds.release(self.now))
        self._load = self._look()
        if self._load is None:
            return self
        if self._load.emptied:
            self._part("lost messages", self._start_over)
        if self._worked or self._due(plan.claim):
            self._part("claims", self._claim)
        for name, moment, work in (
            ("endings", plan.ending, self._end_calls),
            ("events", plan.event, self._apply_events),
            ("look-ups", plan.look_up, self._look_up),
            ("checks", plan.check, self._check_providers),
        ):
            if self._due(moment):
                self._part(name, work)
        return self

    def pause(self, poll: float) -> float:
        """Real seconds until the next tick, at most `poll`."""
        before = self._plan.lease
        if self._worked:
            self._part("agenda", self._read)
        plan = self._plan
        # A row that can't be taken back must not make the clock spin.
        self._troubled = self._troubled or (self._due(before) and plan.lease == before)
        away = self._load is None
        moments = [plan.lease]
        if not away:
            moments += [plan.event, plan.look_up, plan.ending, plan.check]
            moments += [] if self._frozen else [plan.claim]
        first = min(filter(None, moments), default=None)
        if plan.held or away:
            poll = min(poll, _LATER)
        if first is None:
            return poll
        left = (first - wallclock.now()).total_seconds() / wallclock.rate()
        return min(poll, max(left, self._least()))

    def _least(self) -> float:
        """The pause when something is due already: it waits for room, or for a part that fails."""
        if self._troubled or self._load is None or not self._load.threads.get("voice"):
            return _LATER
        return _AT_ONCE if self._worked else _SOON

    def _due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.now

    def _read(self) -> int:
        self._plan = agenda.read()
        return 0

    def _part(self, name: str, work: Callable[[], int]) -> None:
        base.borrow()
        try:
            done = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts go on
            self._troubled = True
            base.give_back(broken=base.is_lost(error))
            known = {"part": name, "error": type(error).__name__}
            trouble.tell(name, "part of a tick failed", **known, places=places(error))
            return
        trouble.over(name, "part of a tick works again", part=name)
        self._worked = self._worked or done > 0

    def _look(self) -> workload.Workload | None:
        try:
            load = workload.look()
        except (redis.RedisError, OSError) as error:
            trouble.tell("broker", "broker unreachable", error=redis_client.fault(error))
            return None
        trouble.over("broker", "broker is back")
        return load

    def _start_over(self) -> int:
        released = claims.release_all_due(self.now)
        workload.mark()
        if released:
            log.warning("broker lost its messages", released=released)
        return delivery.sweep(self.now)

    def _claim(self) -> int:
        self._frozen = holds.frozen()
        room = 0 if self._frozen or self._load is None else self._load.room("voice")
        lease = wallclock.span(settings.current().claim_lease_seconds)
        while room > 0:
            asked = min(room, BATCH)
            found = claims.claim_due(self.now, asked, lease)
            hit("clock.after_lease")
            if not found:
                break
            log.info("due reminders found", count=len(found))
            queued = broker.nudge_each(place_call, found)
            hit("clock.after_enqueue")
            if not queued:
                claims.hand_back(found, self.now)
                self._load = None
                break
            log.info("queued", count=len(found))
            self.claimed += len(found)
            room = room - asked if len(found) == asked else 0
        return self.claimed

    def _end_calls(self) -> int:
        pause = wallclock.span(ENDING_PAUSE)
        return _ring(end_call, [(id_,) for id_ in CallLog.claim_endings(self.now, BATCH, pause)])

    def _apply_events(self) -> int:
        pause = wallclock.span(EVENT_PAUSE)
        waiting = ProviderEvent.claim_waiting(self.now, self._events(), pause)
        return _ring(apply_event, [(id_,) for id_ in waiting])

    def _look_up(self) -> int:
        pause = wallclock.span(LOOKUP_PAUSE)
        return _ring(look_up_call, CallLog.claim_look_ups(self.now, self._events(), pause))

    def _check_providers(self) -> int:
        return _ring(check_provider, [(id_,) for id_ in holds.checks_due(self.now)])

    def _events(self) -> int:
        return 0 if self._load is None else min(BATCH, self._load.room("events"))


def _ring(actor: "dramatiq.Actor[..., Any]", calls: Iterable[tuple[Any, ...]]) -> int:
    jobs = list(calls)
    if jobs:
        broker.nudge_each(actor, jobs)
    return len(jobs)
