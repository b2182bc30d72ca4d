"""Dead letters: look at them, send what failed once more, or give it up. A dry run and a run choose
by the same code."""

from datetime import datetime
from typing import Any

import structlog

from gateway.domain.errors import Conflict, NotFound
from gateway.domain.lifecycle import JobState as J
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import dead_letter_search, event_search
from gateway.models.base import atomic
from gateway.models.dead_letter import DISCARDED, EVENT, JOB, NOTIFICATION, REPLAYED, DeadLetter
from gateway.models.dead_letter_search import Standing
from gateway.models.job import Job
from gateway.models.notification import Notification
from gateway.usecases import operators, parked_events
from gateway.usecases.operators import Operator, Position, Tally

log = structlog.get_logger(__name__)

Filters = dict[str, Any]


def search(
    operator: Operator, filters: Filters, limit: int, before: Position | None = None
) -> list[DeadLetter]:
    """Letters within reach, newest first, older than `before` (created_at, id), each joined with
    its notification (`subject`), `event` or `job`. Filters: resolved, object (notification, event,
    job), reason, kind of the notification or name of the job, booking_id, from_ and to (by the
    letter's own time, UTC, from included, to not)."""
    return dead_letter_search.find(operator.reach, filters, limit, before)


def show(operator: Operator, letter_id: str) -> DeadLetter:
    """One letter. Raises NotFound."""
    found = dead_letter_search.of(operator.reach, letter_id)
    if found is None:
        raise NotFound
    return found


def replay(
    operator: Operator,
    filters: Filters,
    now: datetime,
    *,
    dry_run: bool,
    limit: int,
    after: Position | None = None,
) -> Tally:
    """Put what failed back to where it can leave at once, for the open letters that meet the
    filters (those of `search`, or ids), oldest first and at most `limit`. Every check of the start
    gate applies again, so that fewer may leave; what has expired stays. Raises NotFound when one of
    the ids is not within reach."""
    with atomic():
        _all_known(operator, filters)
        found = _standing(operator, filters, now, after)
        chosen = dead_letter_search.choose(operator.reach, filters, limit, after, ready_at=now)
        done = chosen if dry_run else _put_back(chosen, now)
        if not dry_run:
            _note(operator, "replay-dead-letters", done, now)
    tally = _tally(chosen, done)
    if after is None:
        tally.expired, tally.remaining = found.expired, found.ready - len(chosen)
        tally.skipped += found.stale + found.closed
    return tally


def discard(
    operator: Operator,
    filters: Filters,
    now: datetime,
    *,
    dry_run: bool,
    limit: int,
    after: Position | None = None,
) -> Tally:
    """Close the open letters that meet the filters, expired ones among them, as `replay` chooses
    them: they stay on record, and what they are about stays failed."""
    with atomic():
        _all_known(operator, filters)
        found = _standing(operator, filters, now, after)
        chosen = dead_letter_search.choose(operator.reach, filters, limit, after)
        done = chosen if dry_run else _close(chosen, now)
        if not dry_run:
            _note(operator, "discard-dead-letters", done, now)
    tally = _tally(chosen, done)
    if after is None:
        tally.remaining = found.open - len(chosen)
        tally.skipped += found.closed
    return tally


def discard_one(operator: Operator, letter_id: str, now: datetime) -> DeadLetter:
    """Close one letter; once more changes nothing. Raises NotFound, or Conflict when it was
    replayed."""
    letter = show(operator, letter_id)
    if letter.resolution is None:
        discard(operator, {"ids": [letter_id]}, now, dry_run=False, limit=1)
        letter = show(operator, letter_id)
    if letter.resolution != DISCARDED:
        raise Conflict("it was replayed already")
    return letter


def _all_known(operator: Operator, filters: Filters) -> None:
    named = set(filters.get("ids") or ())
    if named - dead_letter_search.known(operator.reach, sorted(named)):
        raise NotFound("one of these dead letters does not exist", "ids")


def _standing(
    operator: Operator, filters: Filters, now: datetime, after: Position | None
) -> Standing:
    # Counted once for all batches of a selection.
    counted = after is None
    return dead_letter_search.standing(operator.reach, filters, now) if counted else Standing()


def _put_back(chosen: list[DeadLetter], now: datetime) -> list[DeadLetter]:
    # First what failed, then its letter: the order in which a failure writes them, so that the two
    # can't wait for each other.
    def ids(of: str) -> list[str]:
        return [letter.object_id for letter in chosen if letter.object == of]

    rows = dead_letter_search.failed(ids(NOTIFICATION))
    jobs = dead_letter_search.failed_jobs(ids(JOB))
    return [letter for letter in chosen if _goes_on(letter, rows, jobs, now)]


def _goes_on(
    letter: DeadLetter, rows: dict[str, Notification], jobs: dict[str, Job], now: datetime
) -> bool:
    if letter.object != JOB:
        return _leaves_again(letter, rows, now)
    job = jobs.get(letter.object_id)
    if job is None or not Job.move(job, J.SCHEDULED, now, next_attempt_at=now, failures=0):
        return False
    return DeadLetter.resolve(JOB, job.id, REPLAYED, now)


def _leaves_again(letter: DeadLetter, rows: dict[str, Notification], now: datetime) -> bool:
    if letter.object == EVENT:
        return parked_events.again(letter.object_id, now)
    row = rows.get(letter.object_id)
    moved = row is not None and Notification.move(
        row, N.SCHEDULED, now, from_=[N.NOT_REACHED, N.UNKNOWN], next_attempt_at=now, failures=0,
        finished_at=None, reason=None, failure_class=None, held_by=None, slot_at=None,
    )  # fmt: skip
    if moved:
        DeadLetter.resolve(NOTIFICATION, letter.object_id, REPLAYED, now)
    return moved


def _close(chosen: list[DeadLetter], now: datetime) -> list[DeadLetter]:
    closed = []
    for letter in chosen:
        if letter.object == EVENT:
            event_search.discard(letter.object_id)
        if DeadLetter.resolve(letter.object, letter.object_id, DISCARDED, now):
            closed.append(letter)
    return closed


def _note(operator: Operator, action: str, done: list[DeadLetter], now: datetime) -> None:
    operators.note(operator, action, ((row.organization_id, row.id) for row in done), now)
    log.info("dead letters handled", action=action, count=len(done), key_id=operator.key_id)


def _tally(chosen: list[DeadLetter], done: list[DeadLetter]) -> Tally:
    told = [letter for letter in done if letter.object == NOTIFICATION]
    jobs = sum(letter.object == JOB for letter in done)
    people = [letter.subject.contact for letter in told]
    return Tally(
        notifications=len(told),
        events=len(done) - len(told) - jobs,
        jobs=jobs,
        people={str(one.phone_hash or one.email_hash or one.id) for one in people},
        skipped=len(chosen) - len(done),
        ids=[letter.id for letter in done],
        last=(chosen[-1].created_at, chosen[-1].id) if chosen else None,
    )
