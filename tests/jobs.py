"""Jobs for tests: handlers that the tests bring, and a worker and a clock that move by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.jobs import KIND_OF
from gateway.models import agenda
from gateway.models.job import Job
from gateway.usecases import job_runs, jobs, work
from gateway.usecases.job_handlers import HANDLERS

LEASE = timedelta(seconds=15)
Handler = Callable[[str, datetime], None]


@contextmanager
def known(**handlers: tuple[str, Handler]) -> Iterator[None]:
    """For a while there are these jobs besides: `ring=("timer", function)` is the job test.ring."""
    for name, (kind, handler) in handlers.items():
        KIND_OF[f"test.{name}"], HANDLERS[f"test.{name}"] = kind, handler
    try:
        yield
    finally:
        for name in handlers:
            del KIND_OF[f"test.{name}"], HANDLERS[f"test.{name}"]


def claimed(now: datetime, limit: int = 200) -> list[tuple[str, int]]:
    """What a clock claims at a moment."""
    return [one for lane in agenda.JOB_LANES for one in work.claim(lane, now, limit, LEASE)]


def work_off(now: datetime) -> int:
    """Have a clock and a worker do all that is due at a moment; how many jobs were handed out."""
    count = 0
    while found := claimed(now):
        for id_, claim in found:
            job_runs.perform(id_, claim, lambda: now, LEASE)
        count += len(found)
    return count


def job(name: str, key: str) -> Job:
    """The row of a job."""
    return Job.get(Job.name == name, Job.key == key)


def plan(name: str, key: str, due_at: datetime, now: datetime, *of: Any) -> Job:
    """Plan a job and read it."""
    jobs.plan(name, key, due_at, now, *of)
    return job(name, key)
