"""Leaving a sequence: whoever books, replies or opts out is told no more of it."""

from collections.abc import Iterable
from datetime import datetime

from gateway.domain.lifecycle import EnrolmentState
from gateway.domain.outcomes import Reason
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.enrolment import SUBJECT, Enrolment
from gateway.models.notification import Notification
from gateway.models.sequence import Sequence
from gateway.usecases import courses

E = EnrolmentState


def booked(person: Contact, now: datetime) -> list[str]:
    """A person booked. Call it inside the transaction of the booking. Returns calls to be ended
    after the commit; the clock does so too."""
    hashes = filter(None, (person.phone_hash, person.email_hash))
    return _leave(str(person.organization_id), person.mode, hashes, Reason.BOOKED, now)


def replied(organization_id: str, mode: str, address_hash: str, now: datetime) -> list[str]:
    """Somebody wrote to us. As `booked`."""
    return _leave(organization_id, mode, [address_hash], Reason.REPLIED, now)


def opted_out(
    organization_id: str, mode: str, channel: str, address_hash: str, now: datetime
) -> list[str]:
    """Somebody said something about a channel: if they want nothing of this kind on it any more,
    they leave the sequences that use it. As `booked`; a call or notification of theirs must not be
    locked before, unless `take_turn` came first."""
    if not Consent.withdrawn(organization_id, mode, channel, courses.PURPOSE, address_hash):
        return []
    return _leave(organization_id, mode, [address_hash], Reason.OPTED_OUT, now, channel)


def take_turn(notification_id: str) -> None:
    """Wait for whoever changes the enrolment that a notification is about, if it is about one: it
    is locked before its calls are."""
    row = Notification.get_or_none(Notification.id == notification_id)
    if row is not None and row.subject_type == SUBJECT:
        Enrolment.locked(row.subject_id)


def gone(person: Contact, reason: Reason, now: datetime) -> list[str]:
    """A person is to be told nothing more of any sequence. As `booked`."""
    calls = []
    for seen in (
        Enrolment.select(Enrolment.id)
        .where(Enrolment.contact == person.id, Enrolment.ended_at.is_null())
        .order_by(Enrolment.id)
    ):
        row = Enrolment.locked(seen.id)
        if row is not None:
            calls += courses.end(row, E.EXCLUDED, now, reason).calls
    return calls


def _leave(
    organization_id: str,
    mode: str,
    hashes: Iterable[str],
    why: Reason,
    now: datetime,
    channel: str | None = None,
) -> list[str]:
    calls: list[str] = []
    for seen in Enrolment.live_of_person(organization_id, mode, list(hashes)):
        if why not in seen.sequence.leave_on:
            continue
        if channel is not None and channel not in channels_of(seen.sequence):
            continue
        row = Enrolment.locked(seen.id)
        if row is not None:
            calls += courses.end(row, E.EXCLUDED, now, why).calls
    return calls


def channels_of(sequence: Sequence) -> set[str]:
    """All channels on which its steps may leave."""
    return {one.channel for step in sequence.plan for one in step.channels}
