"""One tick of the clock: its parts, each of which fails by itself."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import dramatiq
import redis
import structlog

from gateway import error_reports, settings, wallclock
from gateway.domain.lanes import WORKING
from gateway.domain.lanes import lanes as lanes_of
from gateway.failpoints import hit
from gateway.logs import places
from gateway.models import agenda, attempts, base, claims, job_claims, origins
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.provider_event import ProviderEvent
from gateway.usecases import cron, delivery, holds, job_runs, work
from tasks import broker, hands, moments, redis_client, trouble, workload
from tasks.actors.background import check_provider, look_up
from tasks.actors.events import apply_event
from tasks.actors.sending import BY_QUEUE, hand_out
from tasks.actors.timers import begin_step, mark_overdue, run_timer, run_timers
from tasks.actors.voice import end_call

log = structlog.get_logger(__name__)

BATCH = 200
EVENT_PAUSE = 10.0
LOOKUP_PAUSE = 30.0  # more than a look-up takes
ENDING_PAUSE = 10.0
STEP_PAUSE = 10.0
_AT_ONCE, _SOON, _LATER = 0.008, 0.03, 0.5  # pauses, in real seconds


class Tick:
    """A look at everything at one moment. A part that fails is logged by its name, and the others
    go on; while the broker is away only what needs no broker is done."""

    def __init__(self, now: datetime, known: agenda.Agenda | None = None) -> None:
        self.now = now
        self.known = known  # the agenda, where it was read a moment before
        self.claimed = 0
        self._load: workload.Workload | None = None
        self._worked = self._troubled = self._frozen = self._let_go = False
        self._paused: set[str | None] = set()  # of the queues that bring no rows to the start gate
        self._plan = agenda.everything(now)  # where what is due can't be read

    def run(self) -> "Tick":
        """Do all that is due. Raises StoreUnavailable when the database can't be reached."""
        if self.known is None:
            self._part("agenda", self._read)
        plan = self._plan = self.known or self._plan
        self.known = None
        for name, due, part in (
            ("leases", self._due(plan.lease), delivery.sweep),
            ("leases of jobs", self._due(plan.job_lease), job_runs.sweep),
            ("cron jobs", self._due(plan.cron), cron.fire),
            ("holds", plan.held, holds.release),
        ):
            if due:
                self._part(name, lambda part=part: part(self.now))  # type: ignore[misc]
        self._load = self._look()
        if self._load is None:
            return self
        if self._load.emptied:
            self._part("lost messages", self._start_over)
        self._let_go = self._worked
        jobs = (moments.of(plan, lane) for lane in plan.claims if lane in agenda.JOB_LANES)
        others = (plan.step, plan.overdue, plan.event, plan.look_up)
        if plan.holds and any(map(self._due, (*others, *jobs))):
            self._part("pauses", self._read_pauses)
        for queue in BY_QUEUE:
            self._part(f"claims of {queue}", lambda queue=queue: self._claim(queue))  # type: ignore[misc]
        for name, moment, act in (
            ("steps", plan.step, self._begin_steps),
            ("overdue", plan.overdue, self._mark_overdue),
            ("endings", plan.ending, self._end_calls),
            ("events", plan.event, self._apply_events),
            ("look-ups", plan.look_up, self._look_up),
            ("checks", plan.check, self._check_providers),
        ):
            if self._due(moment):
                self._part(name, act)
        return self

    def pause(self, poll: float) -> float:
        """Real seconds until the next tick, at most `poll`."""
        before = self._leases()
        if self._worked:
            self._part("agenda", self._read)
        plan = self._plan
        # A row that can't be taken back must not make the clock spin.
        stuck = (one for one in before if self._due(one) and one in self._leases())
        self._troubled = self._troubled or any(stuck)
        if plan.held or self._load is None:
            poll = min(poll, _LATER)
        now = wallclock.now()
        manned = self._load is not None
        for queue, moment in moments.ahead(plan, manned=manned, frozen=self._frozen):
            if queue in self._paused:
                continue
            left = (moment - now).total_seconds() / wallclock.rate()
            poll = min(poll, max(left, self._least(queue)))
        return poll

    def _leases(self) -> tuple[datetime | None, datetime | None]:
        return self._plan.lease, self._plan.job_lease

    def _least(self, queue: str | None) -> float:
        """The pause when something is due already: it waits for room, for workers that are not
        there, or for a part that fails."""
        nobody = queue is not None and self._load is not None and not self._load.threads.get(queue)
        if self._troubled or self._load is None or nobody:
            return _LATER
        return _AT_ONCE if self._worked else _SOON

    def _due(self, moment: datetime | None) -> bool:
        return moment is not None and moment <= self.now

    def _read(self) -> int:
        self._plan = self.known = agenda.read()
        return 0

    def _read_pauses(self) -> int:
        self._paused = set(holds.queues_paused())
        return 0

    def _part(self, name: str, work: Callable[[], int]) -> None:
        base.borrow()
        try:
            done = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts go on
            self._troubled = True
            base.give_back(broken=base.is_lost(error))
            known = {"part": name, "error": type(error).__name__}
            if trouble.tell(name, "part of a tick failed", **known, places=places(error)):
                error_reports.report(error)
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
        released = claims.release_all_due(self.now) + job_claims.release_all_due(self.now)
        workload.mark()
        if released:
            log.warning("broker lost its messages", released=released)
        return delivery.sweep(self.now) + job_runs.sweep(self.now)

    def _claim(self, queue: str) -> int:
        """Claim what is due of a queue, its first lanes first, as far as there is room."""
        lanes = [lane for lane in lanes_of(queue) if self._due_in(lane)]
        if not lanes or self._load is None or (queue in WORKING and queue in self._paused):
            return 0
        self._frozen = self._plan.holds and holds.frozen()
        room = 0 if self._frozen else self._load.room(queue)
        claimed = 0
        for lane in lanes:
            while room > claimed and self._load is not None:
                asked = min(room - claimed, BATCH)
                found = self._hand_out(queue, lane, asked)
                claimed += found
                if found < asked or queue == hands.QUEUE:
                    break
        self.claimed += claimed
        return claimed

    def _due_in(self, lane: str) -> bool:
        # What this tick let go is not on its agenda.
        return self._let_go or self._due(moments.of(self._plan, lane))

    def _hand_out(self, queue: str, lane: str, asked: int) -> int:
        if queue == hands.QUEUE:
            return self._hand_out_timers(lane, asked)
        lease = wallclock.span(settings.current().claim_lease_seconds)
        found = work.claim(lane, self.now, asked, lease)
        hit("clock.after_lease")
        if not found:
            return 0
        jobs = queue in WORKING
        log.info("due jobs found" if jobs else "due reminders found", count=len(found), lane=lane)
        queued = hand_out(queue, found, self._load)
        hit("clock.after_enqueue")
        if not queued:
            (job_claims if jobs else claims).hand_back(found, self.now)
            self._load = None
            return 0
        log.info("queued", count=len(found), lane=lane)
        return len(found)

    def _hand_out_timers(self, lane: str, workers: int) -> int:
        found = hands.hand_out(lane, self.now, workers, run_timer, run_timers)
        if found is None:
            self._load = None
        return found or 0

    def _begin_steps(self) -> int:
        pause = wallclock.span(STEP_PAUSE)
        waiting = claims.claim_steps(self.now, self._room("timers"), pause)
        return _ring(begin_step, [(id_,) for id_ in waiting])

    def _mark_overdue(self) -> int:
        pause = wallclock.span(STEP_PAUSE)
        waiting = Booking.claim_overdue(self.now, self._room("timers"), pause)
        return _ring(mark_overdue, [(id_,) for id_ in waiting])

    def _end_calls(self) -> int:
        pause = wallclock.span(ENDING_PAUSE)
        return _ring(end_call, [(id_,) for id_ in CallLog.claim_endings(self.now, BATCH, pause)])

    def _apply_events(self) -> int:
        pause = wallclock.span(EVENT_PAUSE)
        waiting = ProviderEvent.claim_waiting(self.now, self._room("events"), pause)
        return _ring(apply_event, [(id_,) for id_ in waiting])

    def _look_up(self) -> int:
        pause = wallclock.span(LOOKUP_PAUSE)
        found: list[tuple[str, int]] = []
        for table in attempts.TABLES:
            room = self._room("background") - len(found)
            found += table.claim_look_ups(self.now, room, pause) if room > 0 else []
        return _ring(look_up, found)

    def _check_providers(self) -> int:
        return _ring(check_provider, [(id_,) for id_ in holds.checks_due(self.now)])

    def _room(self, queue: str) -> int:
        if self._load is None or queue in self._paused:
            return 0
        return min(BATCH, self._load.room(queue))


def _ring(actor: "dramatiq.Actor[..., Any]", calls: Iterable[tuple[Any, ...]]) -> int:
    jobs = list(calls)
    if jobs:
        broker.nudge_each(actor, jobs, origins.of([args[0] for args in jobs]))
    return len(jobs)
