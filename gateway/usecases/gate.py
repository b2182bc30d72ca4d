"""The start gate: the last check of everything, and the row of the attempt, before a carrier is
asked."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import metrics
from gateway.domain import lanes
from gateway.domain.decision import Decision, decide
from gateway.domain.errors import NoProvider
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import Provider, Request
from gateway.domain.rendering import Rendered
from gateway.models.attempts import AnyAttempt, table_of
from gateway.models.base import atomic
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import (
    breaker,
    consequences,
    drafts,
    facts,
    passage,
    readiness,
    steps,
    wording,
)
from gateway.usecases.breaker import Passage
from gateway.usecases.drafts import Ready
from gateway.usecases.facts import Occasion

log = structlog.get_logger(__name__)

LINE_AT_LEAST = timedelta(seconds=1)  # between two tries while a line is taken
LINE_AT_MOST = timedelta(seconds=30)
UNFILLABLE = Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)


@dataclass(frozen=True)
class Opened:
    """An attempt whose row is committed, so that the carrier may be asked: before `until`, when
    others take it over, and not before `leave_at`, its slot, where that is still to come."""

    notification: Notification
    attempt: AnyAttempt
    passage: Passage
    request: Request
    until: datetime
    leave_at: datetime | None = None

    @property
    def provider(self) -> Provider:
        """The carrier to ask."""
        return self.passage.provider


def open_attempt(
    notification_id: str, claim: int, now: datetime, lease: timedelta
) -> Opened | None:
    """Pass the start gate, in one transaction that checks everything again and writes the attempt;
    None when it may not leave now, and then the row says why or when. `lease` is how long a worker
    holds it."""
    with atomic():
        row = Notification.held(notification_id, claim)
        if row is None:
            log.info("duplicate delivery ignored", notification_id=notification_id, claim=claim)
            return None
        ready = examine(row, now)
        if not isinstance(ready, Ready):
            turn_away(row, ready, now)
            return None
        circumstances = ready.about.circumstances
        found = passage.way(row, ready.sender, ready.passage, now, circumstances)
        if isinstance(found, passage.Wait):
            if not (found.too_long(now) and steps.give_way(row, now)):
                passage.put_back(row, found, now)
            return None
        attempt = table_of(row.channel).write(**drafts.attempt_of(ready, now))
        if attempt is None:
            wait_for_line(ready, found, now)
            return None
        return begin(ready, attempt, found, now, lease)


def examine(row: Notification, now: datetime) -> Ready | Decision | Failure:
    """Whether a notification may leave, by all that is known of it, without changing anything;
    else what is decided of it, or why it can't be worded."""
    about, served = facts.occasion_of(row), _served(row, now)
    lost = served is None and readiness.is_lost(row)
    known = facts.gather(row, about, now, usable=served is not None)
    decision = decide(replace(known, channel_lost=lost), now)
    if decision.state != N.SENDING or served is None:
        return decision
    digits = facts.takes_digits(row)
    content = _content(row, about, now, digits=digits)
    if content is None:
        return UNFILLABLE
    return Ready(row, about, *served, content, digits)


def turn_away(row: Notification, why: Decision | Failure, now: datetime) -> None:
    """Write down that a notification does not leave now. Call it in the gate's transaction."""
    if isinstance(why, Decision):
        _turn_away(row, why, now)
    else:
        consequences.not_reached(row, why, now, dead=True)


def begin(
    ready: Ready, attempt: AnyAttempt, way: Passage, now: datetime, lease: timedelta
) -> Opened:
    """The attempt is written: the notification is under way with it."""
    row, slot, until = ready.row, ready.row.slot_at, now + lease
    if row.tries == 0 and row.reason is None:  # nothing kept it back on purpose
        late = (now - row.due_at).total_seconds()
        metrics.observe("lateness", lanes.queue_of_lane(row.lane), seconds=late)
    moved = Notification.move(
        row, N.SENDING, now, from_=[N.DUE], tries=row.tries + 1, lease_until=until,
        slot_at=None, step_until=None, reason=None, failure_class=None,
    )  # fmt: skip
    assert moved, "the row is locked and was due"
    request = drafts.request_of(ready, attempt)
    leave_at = slot if slot is not None and slot > now else None
    return Opened(row, attempt, way, request, until, leave_at)


def _served(row: Notification, now: datetime) -> tuple[Provider, Sender] | None:
    """The carrier and the sender for its channel, None when there are none."""
    try:
        return readiness.sender_for(row.organization_id, row.mode, row.channel, now)
    except NoProvider:
        return None


def _turn_away(row: Notification, decision: Decision, now: datetime) -> None:
    if decision.next_step and steps.advance(row, now, decision.reason):
        return
    # Why the last attempt came to nothing stays known: the carrier may yet say that it did not.
    why: dict[str, Any] = {} if row.tries else {"reason": decision.reason}
    if decision.until is None:
        consequences.turned_away(row, decision, now)
    elif decision.reason == Reason.CHANNEL_UNUSABLE:
        waits = passage.held(row, readiness.unserved(row)).changes
        Notification.move(row, decision.state, now, **waits, **why)
        log.error("channel lost its provider", channel=row.channel, mode=row.mode)
    else:
        Notification.move(row, decision.state, now, next_attempt_at=decision.until, **why)
    log.info("skipped", notification_id=row.id, state=str(decision.state), reason=decision.reason)


def _content(row: Notification, about: Occasion, now: datetime, *, digits: bool) -> Rendered | None:
    """The words, None when they can't be filled in: then nothing leaves."""
    try:
        return wording.render(
            row, about.booking, row.channel, about.organization, now, digits=digits,
            own=about.circumstances is None or about.circumstances.any_template,
        )  # fmt: skip
    except wording.Unfillable as objection:
        log.error("wording can't be filled in", notification_id=row.id, problem=str(objection))
        return None


def wait_for_line(ready: Ready, way: Passage, now: datetime) -> None:
    """Have the row wait while another attempt on its line is open. One that was to try whether the
    provider is well leaves that to the next."""
    if way.probe is not None:
        breaker.not_tried(way.probe, now)
    row = ready.row
    later = _line_free_at(row, ready.sender, now)
    Notification.move(row, N.SCHEDULED, now, next_attempt_at=later, slot_at=row.slot_at)


def _line_free_at(row: Notification, sender: Sender, now: datetime) -> datetime:
    """When to try again while another attempt on the same line is open: soon while it is being
    placed, else when its fate is looked up next, half a minute at the most."""
    other = table_of(row.channel).on_line(drafts.line_of(row, sender))
    if other is not None and other.state == other.UNKNOWN:
        looked_up: datetime = other.lookup_at or now
        return min(looked_up, now + LINE_AT_MOST) + LINE_AT_LEAST
    return now + LINE_AT_LEAST * random.uniform(0.5, 1.5)
