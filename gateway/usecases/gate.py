"""The start gate: the last check of everything, and the row of the attempt, before a carrier is
asked."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import metrics, settings
from gateway.domain import lanes
from gateway.domain.decision import Decision, decide
from gateway.domain.errors import NoProvider
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Failure, FailureClass, Reason
from gateway.domain.provider import CallRequest, MessageRequest, Provider, Request
from gateway.domain.rendering import Rendered
from gateway.models.attempts import AnyAttempt, table_of
from gateway.models.base import atomic
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import (
    breaker,
    consents,
    consequences,
    facts,
    passage,
    readiness,
    steps,
    wording,
)
from gateway.usecases.breaker import Passage
from gateway.usecases.facts import Occasion

log = structlog.get_logger(__name__)

LINE_AT_LEAST = timedelta(seconds=1)  # between two tries while a line is taken
LINE_AT_MOST = timedelta(seconds=30)
UNFILLABLE = Failure(FailureClass.TECHNICAL, Reason.TEMPLATE)


@dataclass(frozen=True)
class Opened:
    """An attempt whose row is committed, so that the carrier may be asked."""

    notification: Notification
    attempt: AnyAttempt
    passage: Passage
    request: Request

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
        about, served = facts.occasion_of(row), _served(row, now)
        lost = served is None and readiness.is_lost(row)
        known = facts.gather(row, about, now, usable=served is not None)
        decision = decide(replace(known, channel_lost=lost), now)
        if decision.state != N.SENDING or served is None:
            _turn_away(row, decision, now)
            return None
        (provider, sender), digits = served, facts.takes_digits(row)
        content = _content(row, about, now, digits=digits)
        if content is None:
            consequences.not_reached(row, UNFILLABLE, now, dead=True)
            return None
        found = passage.way(
            row, sender, Passage(provider, sender.account), now, about.circumstances
        )
        if isinstance(found, passage.Wait):
            if not (found.too_long(now) and steps.give_way(row, now)):
                passage.put_back(row, found, now)
            return None
        attempt = _write_attempt(row, sender, provider, content, now)
        if attempt is None:
            _wait_for_line(row, sender, found, now)
            return None
        moved = Notification.move(
            row, N.SENDING, now, from_=[N.DUE], tries=row.tries + 1, lease_until=now + lease,
            slot_at=None, step_until=None, reason=None, failure_class=None,
        )  # fmt: skip
        assert moved, "the row is locked and was due"
    return Opened(row, attempt, found, _request(row, attempt, content, digits=digits))


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


def _wait_for_line(row: Notification, sender: Sender, way: Passage, now: datetime) -> None:
    """Have the row wait while another attempt on its line is open. One that was to try whether the
    provider is well leaves that to the next."""
    if way.probe is not None:
        breaker.not_tried(way.probe, now)
    later = _line_free_at(row, sender, now)
    Notification.move(row, N.SCHEDULED, now, next_attempt_at=later, slot_at=row.slot_at)


def _line_free_at(row: Notification, sender: Sender, now: datetime) -> datetime:
    """When to try again while another attempt on the same line is open: soon while it is being
    placed, else when its fate is looked up next, half a minute at the most."""
    other = table_of(row.channel).on_line(_line(row, sender))
    if other is not None and other.state == other.UNKNOWN:
        looked_up: datetime = other.lookup_at or now
        return min(looked_up, now + LINE_AT_MOST) + LINE_AT_LEAST
    return now + LINE_AT_LEAST * random.uniform(0.5, 1.5)


def _line(row: Notification, sender: Sender) -> str:
    _, to_hash = facts.address_of(row.contact, row.channel)
    kind = "" if row.channel in ("voice", "sms") else f"|{row.channel}"
    return f"{sender.provider}|{sender.account}|{sender.address}|{to_hash}{kind}"


def _write_attempt(
    row: Notification, sender: Sender, provider: Provider, content: Rendered, now: datetime
) -> AnyAttempt | None:
    table = table_of(row.channel)
    address, to_hash = facts.address_of(row.contact, row.channel)
    if row.tries == 0 and row.reason is None:  # nothing kept it back on purpose
        late = (now - row.due_at).total_seconds()
        metrics.observe("lateness", lanes.queue_of_lane(row.lane), seconds=late)
    # Only a look-up could confuse two on one line; a carrier that has none needs no line.
    line = _line(row, sender) if provider.can_be_asked else None
    kind: dict[str, Any] = (
        {} if row.channel == "voice" else {"channel": row.channel, "subject": content.subject}
    )
    return table.write(
        organization=row.organization_id,
        mode=row.mode,
        notification=row.id,
        booking=row.booking_id,
        step=row.step,
        attempt=row.tries + 1,
        provider=sender.provider,
        account=sender.account,
        open_key=line,
        from_address=sender.address,
        to_address=address,
        to_hash=to_hash,
        text=content.text,
        template=content.template,
        template_version=content.version,
        state=table.BEGUN,
        created_at=now,
        **kind,
    )


def _request(row: Notification, attempt: AnyAttempt, content: Rendered, *, digits: bool) -> Request:
    configured = settings.current()
    where: dict[str, Any] = {
        "attempt_id": attempt.id,
        "account": attempt.account,
        "to": attempt.to_address,
        "from_": attempt.from_address,
        "locale": content.locale or row.contact.locale,
        "callback_base_url": configured.public_url,
    }
    if row.channel == "voice":
        return CallRequest(
            **where, say=content.text, transcribe=configured.transcribe_calls, digits=digits
        )
    unsubscribe = None
    if row.channel == "email":
        unsubscribe = consents.unsubscribe_url(attempt.id, configured.public_url)
    return MessageRequest(
        **where, channel=row.channel, content=content, unsubscribe_url=unsubscribe
    )
