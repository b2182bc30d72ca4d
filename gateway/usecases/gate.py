"""The start gate: the last check of everything, and the row of the attempt, before a carrier is
asked."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.lifecycle import BookingState, CallState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.provider import CallRequest, Provider
from gateway.domain.wording import spoken_reminder
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.hold import EVERYTHING, Hold, any_held, sender_scope
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import breaker, holds, readiness
from gateway.usecases.breaker import Passage

log = structlog.get_logger(__name__)

LINE_AT_LEAST = timedelta(seconds=1)  # between two tries while a line is taken
LINE_AT_MOST = timedelta(seconds=30)
STILL_RINGING = timedelta(seconds=5)  # an earlier call of the same notification is not over
NO_BUDGET = timedelta(seconds=3)
SLOT_LASTS = timedelta(seconds=2)  # a slot missed for longer, in an outage, is not used in a burst

# Bookings in these states have nobody left to remind.
ENDED = {
    BookingState.CANCELED: Reason.CANCELED,
    BookingState.CHECKED_IN: Reason.OVER,
    BookingState.FULFILLED: Reason.OVER,
    BookingState.NO_SHOW: Reason.OVER,
}


@dataclass(frozen=True)
class Opened:
    """An attempt whose row is committed, so that the carrier may be asked."""

    notification: Notification
    call: CallLog
    passage: Passage
    request: CallRequest

    @property
    def provider(self) -> Provider:
        """The carrier to ask."""
        return self.passage.provider


def open_attempt(
    notification_id: str, claim: int, now: datetime, lease: timedelta
) -> Opened | None:
    """Pass the start gate, in one transaction that checks everything again and writes the attempt;
    None when it may not leave now, and then the row says why or when. `lease` is how long a worker
    holds it. Raises NoProvider."""
    with atomic():
        row = Notification.held(notification_id, claim)
        if row is None:
            log.info("duplicate delivery ignored", notification_id=notification_id, claim=claim)
            return None
        booking = Booking.get_or_none(Booking.id == row.booking_id) if row.booking_id else None
        decision = decide(_facts(row, booking), now)
        if decision.state != N.SENDING:
            _turn_away(row, decision, now)
            return None
        provider, sender = readiness.voice_sender(row.organization_id, row.mode, now)
        passage = Passage(provider, sender.account)
        way = _way(row, sender, passage, now)
        if not isinstance(way, Passage):
            Notification.move(row, N.SCHEDULED, now, **way)
            return None
        call = _write_attempt(row, sender, provider, now)
        if call is None:
            _wait_for_line(row, sender, way, now)
            return None
        moved = Notification.move(
            row, N.SENDING, now, from_=[N.DUE], tries=row.tries + 1, lease_until=now + lease,
            slot_at=None, reason=None, failure_class=None,
        )  # fmt: skip
        assert moved, "the row is locked and was due"
    return Opened(row, call, way, _request(row, booking, call, sender))


def _facts(row: Notification, booking: Booking | None) -> Facts:
    ended = Reason.CANCELED if row.cancel_requested_at is not None else None
    if booking is not None:
        ended = ENDED.get(BookingState(booking.state), ended)
    address = row.contact.phone_hash or ""
    return Facts(
        due_at=row.due_at,
        expires_at=row.expires_at,
        ended=ended,
        planned_for=row.schedule_version,
        in_force=booking.schedule_version if booking else row.schedule_version,
        opted_out=bool(address)
        and Consent.withdrawn(row.organization_id, row.channel, row.purpose, address),
        has_address=bool(address),
    )


def _turn_away(row: Notification, decision: Decision, now: datetime) -> None:
    changes: dict[str, Any] = {}
    if decision.until is not None:
        changes["next_attempt_at"] = decision.until
    Notification.move(row, decision.state, now, reason=decision.reason, **changes)
    log.info("skipped", notification_id=row.id, state=str(decision.state), reason=decision.reason)


def _way(
    row: Notification, sender: Sender, passage: Passage, now: datetime
) -> Passage | dict[str, Any]:
    """The way out, or what is to be written into the row that has to wait: until when, and for
    what. Whatever waits for a hold or a busy sender does so until it is let go, and expires in
    time; no try is counted."""
    held = {"next_attempt_at": row.expires_at, "slot_at": None}
    over = Hold.over([EVERYTHING, passage.scope])
    if EVERYTHING in over:
        return held | {"held_by": EVERYTHING}
    hold = over.get(passage.scope)
    if hold is not None and hold.blocks(now):
        return held | {"held_by": passage.scope}
    if row.tries and CallLog.any_open(row.id):
        return {"next_attempt_at": now + STILL_RINGING}
    if row.failures and not passage.memory.budget.spend(now):
        return {"next_attempt_at": min(now + _until_budget(row), row.expires_at)}
    slot = _slot(row, sender, now)
    if slot is None:
        return held | {"held_by": sender_scope(sender.id)}
    if slot > now:
        return {"next_attempt_at": slot, "slot_at": slot}
    row.slot_at = slot
    if hold is not None:
        if not Hold.take_probe(hold, breaker.probe_until(now)):
            return held | {"held_by": passage.scope}
        return replace(passage, probe=hold)
    if not row.failures:
        passage.memory.budget.earn()
    return passage


def _until_budget(row: Notification) -> timedelta:
    """Longer each time, up to a minute or so: very many rows may wait for the same few tries."""
    in_vain = max(0, row.claim - row.tries - 1)
    return NO_BUDGET * random.uniform(0.5, 1.5) * 2.0 ** min(in_vain, 4)


def _slot(row: Notification, sender: Sender, now: datetime) -> datetime | None:
    """The moment at which the sender is this row's; None when it is busy for longer. A slot is
    taken seconds ahead at most, so that little is lost with a row that is canceled meanwhile."""
    if row.slot_at is not None and now - row.slot_at <= SLOT_LASTS:
        kept: datetime = row.slot_at
        return kept
    if row.slot_at is None and sender.rate_per_second and any_held(sender_scope(sender.id)):
        return None  # others wait for it already: those that are let go have their turn
    return Sender.reserve(sender, now, min(row.expires_at, now + holds.AHEAD))


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
    other = CallLog.on_line(_line(row, sender))
    if other is not None and other.state == CallState.UNKNOWN:
        looked_up: datetime = other.lookup_at or now
        return min(looked_up, now + LINE_AT_MOST) + LINE_AT_LEAST
    return now + LINE_AT_LEAST * random.uniform(0.5, 1.5)


def _line(row: Notification, sender: Sender) -> str:
    to_hash = row.contact.phone_hash
    return f"{sender.provider}|{sender.account}|{sender.address}|{to_hash}"


def _write_attempt(
    row: Notification, sender: Sender, provider: Provider, now: datetime
) -> CallLog | None:
    # Only a look-up could confuse two calls on one line; a carrier that has none needs no line.
    line = _line(row, sender) if provider.can_be_asked else None
    return CallLog.open(
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
        to_address=row.contact.phone,
        to_hash=row.contact.phone_hash,
        state=CallState.PLACING,
        created_at=now,
    )


def _request(
    row: Notification, booking: Booking | None, call: CallLog, sender: Sender
) -> CallRequest:
    configured = settings.current()
    return CallRequest(
        attempt_id=call.id,
        account=sender.account,
        to=call.to_address,
        from_=sender.address,
        say=row.wording.get("say") or _default_wording(row, booking),
        locale=row.contact.locale,
        callback_base_url=configured.public_url,
        transcribe=configured.transcribe_calls,
    )


def _default_wording(row: Notification, booking: Booking | None) -> str:
    assert booking is not None, "a request brings its own words"
    service = (booking.service or {}).get("name")
    zone = row.contact.time_zone or booking.time_zone
    return spoken_reminder(row.contact.name, service, booking.starts_at, zone)
