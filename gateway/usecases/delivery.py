"""One attempt to reach somebody: the start gate, the question to the carrier, its answer."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from gateway import settings
from gateway.domain.decision import Decision, Facts, decide
from gateway.domain.errors import NotSent
from gateway.domain.lifecycle import BookingState, CallState
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.provider import CallRequest, Placement, Provider, Result
from gateway.domain.wording import spoken_reminder
from gateway.failpoints import hit
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.call_log import CallLog
from gateway.models.consent import Consent
from gateway.models.notification import Notification
from gateway.models.sender import Sender
from gateway.usecases import outcomes, readiness

log = structlog.get_logger(__name__)

WAIT_FOR_LINE = 1.0  # seconds before another try when the same line is still being placed
SLOT_LASTS = timedelta(seconds=2)  # a slot missed for longer, in an outage, is not used in a burst


@dataclass(frozen=True)
class Opened:
    """An attempt whose row is committed, so that the carrier may be asked."""

    notification: Notification
    call: CallLog
    provider: Provider
    request: CallRequest


def attempt(
    notification_id: str, claim: int, clock: Callable[[], datetime], lease: timedelta
) -> None:
    """Place the call of a claimed notification. Safe to run any number of times: only the holder
    of the claim passes the start gate, and only once. `lease` is how long the row is held. Raises
    NotSent when the carrier surely did not take it; the caller then parks the row."""
    hit("worker.before_claim_commit")
    opened = _open(notification_id, claim, clock(), lease)
    if opened is None:
        return
    hit("worker.after_claim_commit")
    placement = opened.provider.place(opened.request)
    hit("worker.before_result_commit")
    _close(opened, placement, clock())
    hit("worker.after_result_commit")


def _open(notification_id: str, claim: int, now: datetime, lease: timedelta) -> Opened | None:
    """The start gate: one transaction that checks everything again and writes the attempt."""
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
        slot = row.slot_at
        if slot is None or now - slot > SLOT_LASTS:
            slot = Sender.reserve(sender, now)
        if slot > now:
            Notification.move(row, N.SCHEDULED, now, next_attempt_at=slot, slot_at=slot)
            return None
        call = _write_attempt(row, sender, now)
        if call is None:
            later = now + timedelta(seconds=WAIT_FOR_LINE * random.uniform(0.5, 1.5))
            Notification.move(row, N.SCHEDULED, now, next_attempt_at=later, slot_at=row.slot_at)
            return None
        moved = Notification.move(
            row, N.SENDING, now, from_=[N.DUE], tries=row.tries + 1, lease_until=now + lease,
            slot_at=None,
        )  # fmt: skip
        assert moved, "the row is locked and was due"
    return Opened(row, call, provider, _request(row, booking, call, sender))


def _facts(row: Notification, booking: Booking | None) -> Facts:
    canceled = booking is not None and booking.state == BookingState.CANCELED
    address = row.contact.phone_hash or ""
    return Facts(
        due_at=row.due_at,
        expires_at=row.expires_at,
        canceled=canceled or row.cancel_requested_at is not None,
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


def _write_attempt(row: Notification, sender: Sender, now: datetime) -> CallLog | None:
    to_hash = row.contact.phone_hash
    return CallLog.open(
        organization=row.organization_id,
        mode=row.mode,
        notification=row.id,
        booking=row.booking_id,
        step=row.step,
        attempt=row.tries + 1,
        provider=sender.provider,
        account=sender.account,
        open_key=f"{sender.provider}|{sender.account}|{sender.address}|{to_hash}",
        from_address=sender.address,
        to_address=row.contact.phone,
        to_hash=to_hash,
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


def _close(opened: Opened, placement: Placement, now: datetime) -> None:
    """Write down the carrier's answer. Events may have come first; what they told stays."""
    ids = {"notification_id": opened.notification.id, "call_id": opened.call.id}
    if placement.result == Result.ACCEPTED:
        late_veto = outcomes.accepted(opened.call, placement, now)
        log.info("call triggered", **ids, external_id=placement.external_id)
        if late_veto and placement.external_id:
            opened.provider.hang_up(opened.call.account, placement.external_id)
        return
    failure = placement.failure
    reason = str(failure.reason) if failure else None
    if placement.result == Result.UNKNOWN:
        outcomes.became_unknown(opened.call, now)
        log.warning("placement unknown", **ids, reason=reason)
        return
    outcomes.refused(opened.call, placement, now)
    log.warning("call failed", **ids, result=str(placement.result), reason=reason)
    if placement.result == Result.NOT_SENT:
        raise NotSent(f"not taken: {reason}", placement.retry_after)


def park(notification_id: str, claim: int, error: BaseException, now: datetime) -> None:
    """Decide what follows a failed job: another try by the purpose's series, written into the row,
    or the end. An attempt of which it is not known whether it left becomes unknown instead, and
    is never repeated here."""
    with atomic():
        row = Notification.get_or_none(
            Notification.id == notification_id, Notification.claim == claim
        )
        if row is None or row.state not in (N.DUE, N.SENDING):
            return
        if row.state == N.DUE:
            Notification.move(
                row, N.SCHEDULED, now, only_claim=True, next_attempt_at=now + timedelta(seconds=5)
            )
            return
        call = CallLog.latest(row.id)
        if call is not None and call.state == CallState.PLACING:
            outcomes.became_unknown(call, now)
        elif isinstance(error, NotSent) and call is not None and call.state == CallState.FAILED:
            _retry(row, call, error, now)  # not where events already tell of the very call


def _retry(row: Notification, call: CallLog, error: NotSent, now: datetime) -> None:
    purpose = "voice" if row.channel == "voice" else row.purpose
    then = outcomes.backoff().next_try(purpose, row.tries, now, error.retry_after)
    if then is not None and then < row.expires_at:
        Notification.move(
            row, N.SCHEDULED, now, from_=[N.SENDING], only_claim=True, next_attempt_at=then
        )
        log.info("retrying", notification_id=row.id, tries=row.tries)
        return
    state = N.NOT_REACHED if then is None else N.EXPIRED
    reason = call.reason or Reason.PROVIDER_ERROR
    outcomes.finish(
        row, state, now,
        reason=reason if state == N.NOT_REACHED else Reason.EXPIRED,
        failure_class=call.failure_class,
        dead=state == N.NOT_REACHED,
    )  # fmt: skip


def sweep(now: datetime) -> int:
    """Take back what its holder did not finish in time: a claim no worker took up waits again; an
    attempt that stopped in the middle becomes unknown. Returns how many rows there were."""
    rows = Notification.overdue_leases(now)
    for row in rows:
        with atomic():
            if row.state == N.DUE:
                Notification.move(
                    row, N.SCHEDULED, now, from_=[N.DUE], only_claim=True, next_attempt_at=now
                )
                continue
            call = CallLog.latest(row.id)
            if call is not None and call.state == CallState.PLACING:
                outcomes.became_unknown(call, now)
                log.warning("attempt stalled", notification_id=row.id, call_id=call.id)
            elif call is not None and call.state == CallState.FAILED:
                _retry(row, call, NotSent(), now)  # refused; its worker died before it was parked
                continue
            Notification.let_go(row.id, row.claim)
    return len(rows)
