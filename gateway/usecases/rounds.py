"""A round of questions to carriers: attempts past the gate, looked at for the last time, asked side
by side, and written down as the answers come."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from gateway import job_lines
from gateway.domain import lanes
from gateway.domain.outcomes import Reason
from gateway.domain.provider import Placement, Result
from gateway.failpoints import hit
from gateway.models import base, last_look
from gateway.models.base import is_lost
from gateway.providers.side_by_side import Questions
from gateway.usecases import breaker, delivery, outcome_batches
from gateway.usecases.gate import Opened

log = structlog.get_logger(__name__)

AHEAD = 0.05  # seconds before its slot at which an attempt is looked at for the last time
GATHER = 0.1  # seconds for which an answer waits for others, to be written down with them
FRESH = 1.0  # seconds for which a last look counts, but no more than a quarter of the lease
AWAY = 5.0  # seconds for which answers wait for a database that is away
PAUSE = 0.02  # seconds between two looks at the time while nothing but a slot is waited for

Clock = Callable[[], datetime]


@dataclass(eq=False)
class _Asked:
    """An attempt past the gate, and what became of it; `at` is its slot by the monotonic clock."""

    opened: Opened
    at: float
    began: float
    until: float = 0.0  # by the monotonic clock, as long as its last look counts
    placement: Placement | None = None
    objection: Reason | None = None
    fault: BaseException | None = field(default=None, repr=False)
    written: bool = False

    @property
    def about(self) -> tuple[str, str, str]:
        """Queue, kind and id of its row, as lines tell them."""
        row = self.opened.notification
        return lanes.queue_of_lane(row.lane), row.purpose, row.id

    @property
    def taken(self) -> bool:
        """Whether the carrier has it."""
        return self.placement is not None and self.placement.result == Result.ACCEPTED


class Round:
    """Several attempts, until what became of each is written. In its threads carriers are asked and
    nothing else: the database is the caller's alone."""

    def __init__(
        self, opened: Sequence[Opened], questions: Questions, clock: Clock, lease: timedelta
    ) -> None:
        self._clock, self._questions = clock, questions
        self._fresh = min(FRESH, lease.total_seconds() / 4)
        now, here = clock(), time.monotonic()
        self._all: list[_Asked] = []
        for one in opened:
            row = one.notification
            began = job_lines.started(lanes.queue_of_lane(row.lane), row.purpose, row.id)
            wait = (one.leave_at - now).total_seconds() if one.leave_at else 0.0
            self._all.append(_Asked(one, here + wait, began))
        self._ahead = deque(sorted(self._all, key=lambda one: one.at))
        self._answers: deque[_Asked] = deque()  # come, and not written down
        questions.expect(len(self._all))

    def run(self) -> None:
        """Ask and write, until all is done. Interrupted, it waits for the answers that are under
        way; what was not asked is taken back."""
        since = time.monotonic()
        try:
            # First of all whether any is under way: its answer is there before that ends.
            while self._questions.busy or self._ahead or self._answers:
                self._send_off()
                self._questions.wait()
                now = time.monotonic()
                if not self._answers:
                    since = now
                elif not self._questions.busy or now - since > GATHER:
                    self._write()
        except BaseException as fault:
            log.warning("round interrupted", error=type(fault).__name__)
            self._end()
            if is_lost(fault) or not isinstance(fault, Exception):
                raise

    def _end(self) -> None:
        self._questions.end()
        for one in self._all:
            if one.placement is None and one.objection is None and one.fault is None:
                one.objection = Reason.SUPERSEDED
                self._answers.append(one)
        latest = time.monotonic() + AWAY
        while True:
            try:
                self._write()
                return
            except Exception as fault:
                if not is_lost(fault) or time.monotonic() > latest:
                    raise
                time.sleep(PAUSE * 10)

    def _send_off(self) -> None:
        """Have those asked whose slot is near, if nothing speaks against it."""
        near = time.monotonic() + AHEAD
        ready: list[_Asked] = []
        while self._ahead and self._is_near(self._ahead[0], near):
            ready.append(self._ahead.popleft())
        if not ready:
            if self._ahead and not self._questions.busy:
                time.sleep(min(PAUSE, self._ahead[0].at - near))
            return
        pairs = [(one.opened.attempt.id, one.opened.notification.claim) for one in ready]
        now, until = self._clock(), time.monotonic() + AHEAD + self._fresh
        seen = last_look.look_each(pairs)
        for one in ready:
            one.until = until
            try:
                one.objection = delivery.objection(one.opened, seen[one.opened.attempt.id], now)
            except Exception as fault:
                if is_lost(fault):
                    raise
                one.fault = fault
            if one.objection is None and one.fault is None:
                self._questions.put(partial(self._ask, one))
            else:
                self._questions.forgo()
                self._answers.append(one)

    def _is_near(self, one: _Asked, near: float) -> bool:
        slot = one.opened.leave_at
        return one.at <= near or slot is None or slot <= self._clock()

    def _ask(self, one: _Asked) -> None:
        queue, kind, job_id = one.about
        with structlog.contextvars.bound_contextvars(queue=queue, kind=kind, job_id=job_id):
            try:
                if one.opened.leave_at is not None:
                    delivery.wait(one.opened.leave_at, self._clock)
                if time.monotonic() < one.until:
                    parent = one.opened.notification.traceparent
                    one.placement = delivery.ask(one.opened, self._clock, parent)
                else:  # the process slept: others may be at it by now
                    one.objection = Reason.SUPERSEDED
            except BaseException as fault:  # noqa: BLE001 - whatever it is, the row must learn it
                one.fault = fault
        self._answers.append(one)

    def _write(self) -> None:
        """Write down what came, those that were taken in one transaction. None is forgotten before
        that is done."""
        came = list(self._answers)
        done = self._write_together([one for one in came if one.taken and not one.written])
        for one in came:
            if one.opened.attempt.id in done:
                self._learn(one)
            elif not one.written:
                self._write_one(one)
                one.written = True
            self._answers.popleft()

    def _learn(self, one: _Asked) -> None:
        """Draw from an answer that was written what it says of the account, in the order in which
        they came."""
        if one.placement is not None:
            breaker.learn(one.opened.passage, one.opened.attempt, one.placement, self._clock())

    def _write_together(self, taken: Sequence[_Asked]) -> set[str]:
        answers = [(one.opened, one.placement) for one in taken if one.placement is not None]
        if len(answers) < 2:
            return set()
        hit("worker.before_result_commit")
        try:
            done = outcome_batches.accepted(answers, self._clock())
        except Exception as fault:  # noqa: BLE001 - each is written by itself then
            log.warning("answers not written together", error=type(fault).__name__)
            if is_lost(fault):
                _reconnect()
            return set()
        hit("worker.after_result_commit")
        for one in taken:
            if one.opened.attempt.id in done:
                one.written = True
                queue, kind, job_id = one.about
                delivery.told_taken(one.opened, queue=queue, kind=kind, job_id=job_id)
                job_lines.completed(queue, kind, job_id, one.began)
        return done

    def _write_one(self, one: _Asked, *, again: bool = True) -> None:
        queue, kind, job_id = one.about
        try:
            ids = structlog.contextvars.bound_contextvars(queue=queue, kind=kind, job_id=job_id)
            with ids, job_lines.ending(queue, kind, one.began):
                self._close(one)
        except Exception as fault:
            if not is_lost(fault):
                park(job_id, one.opened.notification.claim, fault, self._clock())
                return
            if not again:
                raise
            _reconnect()
            self._write_one(one, again=False)

    def _close(self, one: _Asked) -> None:
        if one.fault is not None:
            raise one.fault
        if one.placement is None:
            delivery.take_back(one.opened, one.objection or Reason.SUPERSEDED, self._clock())
            return
        hit("worker.before_result_commit")
        delivery.close(one.opened, one.placement, self._clock())
        hit("worker.after_result_commit")


def park(notification_id: str, claim: int, fault: BaseException, now: datetime) -> None:
    """Park a row whose job failed; that this fails as well stops no other. Raises when the database
    is away."""
    try:
        delivery.park(notification_id, claim, fault, now)
    except Exception as why:
        if is_lost(why):
            raise
        known = {"notification_id": notification_id, "error": type(why).__name__}
        log.error("row can't be parked", **known)


def _reconnect() -> None:
    base.give_back(broken=True)
    base.borrow()
