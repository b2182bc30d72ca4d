"""The safety net of the reminders: finding those that should be planned and are not, and putting
back in line what is stuck."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from gateway import settings
from gateway.domain import reminders
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import NotificationState as N
from gateway.models import stuck
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.hold import REMINDERS, Hold, reminders_scope
from gateway.models.notification import Notification
from gateway.models.reach import Reach
from gateway.usecases import dead_letters, delivery, facts, operators, schedule
from gateway.usecases.operators import Operator

log = structlog.get_logger(__name__)

BATCH = 200
MOST = 1000  # bookings, or stuck rows of each sort, that one call looks at


@dataclass
class Found:
    """What a rescan came to: bookings looked at, and reminders that were missing and are (or with a
    dry run: would be) planned. `next` is the start from which the next call goes on, None at the
    end. `ring` is to be handed to the broker after the commit."""

    bookings: int = 0
    missing: int = 0
    next: datetime | None = None
    ring: list[schedule.Ring] = field(default_factory=list)


@dataclass
class Reset:
    """What was stuck and goes on: `stalled` were with a worker that did not finish, `waiting`
    waited for nothing any more, `failed` had failed for a technical reason."""

    stalled: int = 0
    waiting: int = 0
    failed: int = 0


def rescan(
    operator: Operator,
    now: datetime,
    *,
    dry_run: bool,
    since: datetime | None = None,
    ahead: timedelta | None = None,
    most: int = MOST,
) -> Found:
    """Look at the bookings ahead, the nearest first and at most so many, from a start on and so far
    `ahead` (all without), and plan what their rules ask for and is not there. Whatever was planned
    before, canceled or sent, is not made again: rule, moment and schedule version tell each from
    all others, so that any number of scans at once make it once."""
    until = None if ahead is None else now + ahead
    found = look(operator.reach, now, since or now, until, most, dry_run=dry_run)
    if not dry_run:
        operators.note(operator, "rescan-reminders", [(None, str(found.missing))], now)
        log.warning("reminders rescanned", bookings=found.bookings, missing=found.missing)
    return found


def look(
    reach: Reach,
    now: datetime,
    since: datetime,
    until: datetime | None,
    most: int,
    *,
    bare: bool = False,
    dry_run: bool = False,
) -> Found:
    """The same for the bookings that start from a moment on and until another; with `bare` only
    those that have rules and no reminder at all."""
    found, position = Found(), (max(now, since), "")
    while found.bookings < most:
        limit = min(BATCH, most - found.bookings)
        rows = stuck.bookings_ahead(reach, position, until, facts.ENDED, limit, bare=bare)
        for booking in rows:
            position = (booking.starts_at, booking.id)
            _repair(booking, now, found, dry_run=dry_run)
        found.bookings += len(rows)
        if len(rows) < limit:
            break
    else:
        found.next = position[0]
    return found


def _repair(seen: Booking, now: datetime, found: Found, *, dry_run: bool) -> None:
    with atomic():
        Booking.take_turn(seen.organization_id, seen.mode, seen.id)
        booking = Booking.of(seen.organization_id, seen.mode, id=seen.id)
        if booking is None or booking.state in facts.ENDED:
            return
        known = {
            (row.rule, row.due_at)
            for row in Notification.of_subject(schedule.SUBJECT, booking.id)
            if row.state != N.CANCELED or row.schedule_version == booking.schedule_version
        }
        rules = schedule.rules_of(booking)
        try:
            moments = reminders.plan(rules, booking.starts_at, booking.booked_at, now)
        except Invalid as objection:
            log.error("rules can't be planned", booking_id=booking.id, field=objection.field)
            return
        planned = {(moment.rule.key, moment.due_at): moment.past for moment in moments}
        missing = {pair for pair, past in planned.items() if not past} - known
        if missing and not dry_run:
            found.ring += schedule.write(booking, now, frozenset(set(planned) - missing))
        found.missing += len(missing)


def reset(operator: Operator, now: datetime, *, dry_run: bool) -> Reset:
    """Put back in line what is stuck, at most so many of each sort: rows that a worker did not
    finish, rows that wait for a hold which is gone or for nothing, reminders and nudges that failed
    for a technical reason and are still of use. Every check of the start gate applies again."""
    reach = operator.reach
    late = stuck.stalled(reach, now, MOST)
    if not dry_run:
        for row in late:
            delivery.take_over(row, now)
    over = [hold.scope for hold in Hold.listed()]
    if not settings.current().reminders_enabled:
        over.append(reminders_scope())
    with atomic():
        waiting = stuck.forgotten(reach, over, now, MOST)
        if not dry_run:
            stuck.go_on(waiting, now)
    chosen = {"purpose": list(REMINDERS), "state": N.NOT_REACHED}
    failed = dead_letters.replay(operator, chosen, now, dry_run=dry_run, limit=MOST)
    done = Reset(len(late), len(waiting), failed.notifications)
    if not dry_run:
        told = [f"{name}={count}" for name, count in vars(done).items()]
        operators.note(operator, "reset-reminders", [(None, one) for one in told], now)
        log.warning("reminders reset", **vars(done))
    return done
