"""Timers by the handful: handed out a moment before they are due, each done at its moment."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway import settings
from gateway.models import job_hands, turns
from gateway.models.base import atomic
from gateway.models.job import Job
from gateway.models.job_claims import in_line
from gateway.models.job_hands import MOST, Handful, Head
from gateway.usecases import job_runs

KIND = "timer"  # the one kind of work of the queue whose lanes are handed out like this
FULL = 25  # jobs that one worker gets while others are free
TOGETHER = timedelta(milliseconds=8)  # so much later one may be done, along with the next
BEHIND = timedelta(milliseconds=20)  # so late, a worker takes it that more are due than handed out


def hand_out(
    lane: str, now: datetime, ahead: timedelta, room: int, lease: timedelta
) -> list[Handful]:
    """Claim what is due of a lane of timers, and what is to be done for the first time within
    `ahead`, for at most `room` workers and never for more than may be at such work at once. One
    that failed before is in nobody's hand beside others."""
    if room < 1:
        return []
    with atomic():
        if not job_hands.may_hand_out(KIND):
            return []
        found, at_work = job_hands.heads(lane, KIND, now, now + ahead)
        room = min(room, settings.current().kind_concurrency[KIND] - at_work)
        if room > 0 and len(found) > MOST:
            found = _in_turn(lane, now, found)
        made = list(_handfuls(found, room))
        for heads, micros in zip(made, random.sample(range(1_000_000), len(made)), strict=True):
            job_hands.claim([one.id for one in heads], _until(now + lease, micros))
    return [Handful(heads[0].claim + 1, tuple(one.id for one in heads)) for heads in made]


def _until(moment: datetime, micros: int) -> datetime:
    """The end of a lease at this moment or within a second after it, which by its microsecond tells
    whose hand a job is in."""
    return moment + timedelta(microseconds=(micros - moment.microsecond) % 1_000_000)


def _in_turn(lane: str, now: datetime, found: Sequence[Head]) -> list[Head]:
    """Of more than can be handed out, those that go next in turn between organizations; if they are
    not due yet, the earliest."""
    ids = turns.take(in_line(lane, KIND, now), MOST)
    known = job_hands.heads_of(ids)
    return [known[id_] for id_ in ids] or list(found[:MOST])


def _handfuls(found: Sequence[Head], room: int) -> Iterator[list[Head]]:
    """At most `room` handfuls, the earliest first."""
    alike: dict[str | int, list[Head]] = {}
    for one in found:
        alike.setdefault(one.id if one.tried else one.claim, []).append(one)
    for some in alike.values():
        if room < 1:
            return
        parts = min(room, -(-len(some) // FULL))
        size = -(-len(some) // parts)
        yield from (some[first : first + size] for first in range(0, len(some), size))
        room -= parts


def attend(
    claim: int,
    ids: Sequence[str],
    clock: Callable[[], datetime],
    wait: Callable[[datetime], bool],
    lease: timedelta,
) -> None:
    """Do the jobs of a handful, each when its moment has come, but those that were taken back or
    moved meanwhile; `wait` sleeps until a moment, and says if that did not come. Safe to run any
    number of times: only the holder of the claim begins a job, and only once. Those that somebody
    has locked come last, so that no other waits for them. While more are due than clocks hand out,
    go on with others of the kind for a while."""
    left = job_hands.waiting(ids, claim)
    if not left:
        return
    micros, until = left[0].lease_until.microsecond, clock() + timedelta(seconds=job_runs.LONGEST)
    rows: list[Job] = []
    locked: list[str] = []
    while rows or left:
        if not rows:
            moment = max(one.due_at for one in left if one.due_at <= left[0].due_at + TOGETHER)
            if moment > clock() and not wait(moment):
                job_hands.give_back([one.id for one in left], claim)
                break
            now = clock()
            ready = [one.id for one in left if one.due_at <= now]
            left = left[len(ready) :]
            rows, others = _begin(ready, claim, now, _until(now + lease, micros))
            locked += others
            continue
        began = time.thread_time()
        done = job_runs.at(rows, clock)
        now = clock()
        behind = not left and not locked and now < until and now - rows[0].due_at > BEHIND
        most = job_runs.most(len(rows), time.thread_time() - began) if behind else 0
        rows = job_runs.close(done, now, _until(now + lease, micros), most)
    for id_ in locked:
        job_runs.perform(id_, claim, clock, lease)


def _begin(
    ids: Sequence[str], claim: int, now: datetime, lease_until: datetime
) -> tuple[list[Job], list[str]]:
    """Begin jobs of a handful, but what a hold keeps back; and which ones could not be begun since
    somebody has them locked."""
    rows = job_hands.begin(ids, claim, lease_until)
    others = _besides(rows, ids)
    if not others:
        return rows, []
    with atomic():
        more = job_hands.begin(others, claim, lease_until, held=True)
        rows = rows + job_runs.let_pass(more, now)
    others = _besides(more, others)
    return rows, [one.id for one in job_hands.waiting(others, claim)] if others else []


def _besides(rows: Sequence[Job], ids: Sequence[str]) -> list[str]:
    known = {row.id for row in rows}
    return [id_ for id_ in ids if id_ not in known]


def park(first: str, claim: int, *told: Any) -> None:
    """Decide what follows where the work on a handful failed as a whole: after the first of its
    jobs and their claim come the other jobs, the fault and the time."""
    *others, error, now = told
    for id_ in (first, *others):
        job_runs.park(id_, claim, error, now)
