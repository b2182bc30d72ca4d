"""The lines that tell of each job: started, completed with its seconds, failed with its error. Each
has queue, kind and job id; a row of the database is told of by its own id and kind of work."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import structlog

from gateway import error_reports, kinds, metrics, tracing
from gateway.domain.errors import GatewayError
from gateway.logs import places

log = structlog.get_logger("gateway.jobs")
_lines = logging.getLogger("gateway.jobs")

_TOLD = "ringback_told"


@contextmanager
def told(queue: str, kind: str, job_id: str, **more: Any) -> Iterator[None]:
    """Tell of the job that is done inside the block; the lines in it have the same ids. A fault is
    told once, whoever else sees it."""
    with structlog.contextvars.bound_contextvars(queue=queue, kind=kind, job_id=job_id):
        tracing.note(kind=kind, job_id=job_id)
        began = time.monotonic()
        log.info("job started", **more)
        with ending(queue, kind, began, **more):
            yield


@contextmanager
def ending(queue: str, kind: str, began: float, **more: Any) -> Iterator[None]:
    """The same from where a job is brought to its end, of one that `started` before."""
    try:
        yield
    except BaseException as fault:
        failed(fault, began, **more)
        raise
    seconds = _since(began)
    metrics.ran(queue, kinds.shown(kind), "completed", seconds)
    log.info("job completed", seconds=seconds, **more)


def started(queue: str, kind: str, job_id: str) -> float:
    """Tell of a job that is begun along with others, and when that was."""
    log.info("job started", queue=queue, kind=kind, job_id=job_id)
    return time.monotonic()


def completed(queue: str, kind: str, job_id: str, began: float) -> None:
    """Tell that one which `started` was completed along with others."""
    seconds = _since(began)
    metrics.ran(queue, kinds.shown(kind), "completed", seconds)
    log.info("job completed", queue=queue, kind=kind, job_id=job_id, seconds=seconds)


def told_together(queue: str, kind: str, ids: Sequence[str], began: float, **more: Any) -> None:
    """Tell of jobs that were done as one since `began`: each with its share of the seconds."""
    seconds = round(_since(began) / len(ids), 4)
    metrics.ran(queue, kinds.shown(kind), "completed", seconds, len(ids))
    for job_id in ids if _lines.isEnabledFor(logging.INFO) else ():
        log.info("job started", queue=queue, kind=kind, job_id=job_id, **more)
        log.info("job completed", queue=queue, kind=kind, job_id=job_id, seconds=seconds, **more)


def failed(fault: BaseException, began: float, **more: Any) -> None:
    """Tell that the job around this failed, by the error's type: what it says may be personal."""
    if getattr(fault, _TOLD, False):
        return
    setattr(fault, _TOLD, True)
    known = isinstance(fault, GatewayError)
    where = {} if known else {"places": places(fault)}
    seconds, about = _since(began), structlog.contextvars.get_contextvars()
    queue, kind = (about.get(name, "unknown") for name in ("queue", "kind"))
    metrics.ran(queue, kinds.shown(kind), "failed", seconds)
    log.warning("job failed", seconds=seconds, error=type(fault).__name__, **where, **more)
    error_reports.report(fault)


def _since(began: float) -> float:
    return round(time.monotonic() - began, 4)
