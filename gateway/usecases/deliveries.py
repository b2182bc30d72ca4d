"""Several attempts at a time: past the start gate together, asked side by side, their answers
written down together. Whatever is not plain goes the way of one (`delivery`), and what is wrong
with one stops no other."""

import time
from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import structlog

from gateway import job_lines
from gateway.failpoints import hit
from gateway.models.base import is_lost
from gateway.models.handle import answers
from gateway.providers.side_by_side import Questions, places
from gateway.usecases import delivery, gate_batches
from gateway.usecases.rounds import Clock, Round, park

log = structlog.get_logger(__name__)

LONGEST = 3.0  # real seconds in which a worker begins with more of what one message named

Claim = tuple[str, int]


def attempts_of(claims: Sequence[Claim], clock: Clock, lease: timedelta) -> list[Claim]:
    """Make the attempts of claimed notifications (id, claim), as `delivery.attempt` does for one,
    and park those that fail; gives the claims for which there was no time. Raises when the database
    is away."""
    waiting, lone, until = list(claims), deque[Claim](), time.monotonic() + LONGEST
    while (waiting or lone) and time.monotonic() < until:
        if lone:
            _alone(lone.popleft(), clock, lease)
        else:
            come, waiting = _round(waiting, clock, lease)
            lone.extend(come)
    return [*waiting, *lone]


def _alone(claim: Claim, clock: Clock, lease: timedelta) -> None:
    began = time.monotonic()
    try:
        delivery.attempt(*claim, clock, lease)
    except Exception as fault:
        if is_lost(fault) and not answers():
            raise
        with structlog.contextvars.bound_contextvars(job_id=claim[0]):
            job_lines.failed(fault, began)
        park(*claim, fault, clock())


def _round(claims: list[Claim], clock: Clock, lease: timedelta) -> tuple[list[Claim], list[Claim]]:
    """Make the attempts that the gate opens for together, as many as may be asked at a time. Those
    that have to come alone, and those that found no place."""
    if len(claims) > 1:
        with places(len(claims)) as questions:
            width = questions.width
            if width > 1:
                return _together(claims[:width], questions, clock, lease), claims[width:]
    return claims[:1], claims[1:]


def _together(
    claims: Sequence[Claim], questions: Questions, clock: Clock, lease: timedelta
) -> list[Claim]:
    hit("worker.before_claim_commit")
    try:
        opened, left = gate_batches.open_together(claims, clock(), lease)
    except Exception as fault:
        if is_lost(fault):
            raise
        log.warning("gate not passed together", error=type(fault).__name__)
        return list(claims)
    if opened:
        hit("worker.after_claim_commit")
        Round(opened, questions, clock, lease).run()
    return list(left)
