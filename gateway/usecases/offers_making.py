"""Offering what is free to whoever is next in line."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice

import structlog

from gateway.domain import channel_plan
from gateway.domain.policy import CONTACT, Policy
from gateway.domain.waitlist import PREFERENCES, Terms
from gateway.domain.waitlist_lifecycle import EntryState, SlotState
from gateway.models import waitlist_line
from gateway.models.consent import Consent
from gateway.models.contact import Contact
from gateway.models.notification import Notification
from gateway.models.offer import OFFER, Offer
from gateway.models.organization import Organization
from gateway.models.slot import Slot
from gateway.models.waitlist_entry import WaitlistEntry
from gateway.usecases import fresh, jobs, policies, preferences, readiness, work
from gateway.usecases.facts import Occasion, address_of

log = structlog.get_logger(__name__)

PURPOSE = "waitlist"
EXPIRE, LOOK = "offer.expire", "slot.look"
BATCH, MOST_RANKED = 50, 500


def next_in_line(
    slot: Slot, now: datetime, organization: Organization | None = None
) -> Offer | None:
    """Offer an open slot to whoever is next; None when nobody is, or nobody may be told before its
    time is up. Whoever is next and has quiet hours keeps the slot waiting for their end, unless
    that would be too late for it. Call it when it is the caller's turn (waitlist_line)."""
    if slot.state != SlotState.OPEN:
        return None
    if now >= slot.closes_at:
        Slot.move(slot, SlotState.EXPIRED, now)
        return None
    organization = organization or Organization.get_by_id(slot.organization_id)
    policy = policies.in_force(organization, None)
    line = _in_line(slot, policy.waitlist)
    first = list(islice(line, 1))
    later = _backlog_until(slot, policy.waitlist, now) if first else None
    if first and later is None:
        usable = _usable(slot, policy.waitlist)
        for entry in chain(first, line):
            may = _may_be_told(entry.contact, slot, organization, policy, usable, now)
            if may is None or may >= slot.closes_at:
                continue
            if may <= now:
                return _offer(slot, entry, policy.waitlist, now)
            later = may
            break
    _look_again(slot, later, now)
    return None


def _in_line(slot: Slot, terms: Terms) -> Iterator[WaitlistEntry]:
    """Who could have it, in the order in which they are asked."""
    if terms.rank == PREFERENCES:
        found = waitlist_line.behind(slot, MOST_RANKED)
        people = [entry.contact for entry in found]
        fits = preferences.scores(
            people, slot.service, slot.staff_id, slot.starts_at, slot.time_zone
        )  # fmt: skip
        # Sorting is stable: among equals whoever waits longest comes first.
        yield from sorted(found, key=lambda entry: -fits[entry.contact_id])
        return
    last: WaitlistEntry | None = None
    while found := waitlist_line.behind(slot, BATCH, last):
        yield from found
        last = found[-1]


def _usable(slot: Slot, terms: Terms) -> list[str]:
    """The channels of the plan on which anything could be sent."""
    channels = [step.channel for step in terms.channels]
    return [
        channel for channel in channels
        if readiness.usable(slot.organization_id, slot.mode, channel)
    ]  # fmt: skip


def _may_be_told(
    person: Contact,
    slot: Slot,
    organization: Organization,
    policy: Policy,
    usable: list[str],
    now: datetime,
) -> datetime | None:
    """From when on somebody may be told of it; None when there is no way to tell them. Whether they
    are told is decided when the message leaves."""
    if not any(_reachable(person, slot, channel) for channel in usable):
        return None
    quiet = policy.quiet_for(OFFER, CONTACT)
    if quiet is None:
        return now
    return quiet.quiet_until(now, Occasion(organization, None).zone(person)) or now


def _reachable(person: Contact, slot: Slot, channel: str) -> bool:
    _, hashed = address_of(person, channel)
    whose = (slot.organization_id, slot.mode, channel, PURPOSE)
    return bool(hashed) and not Consent.withdrawn(*whose, hashed)


def _backlog_until(slot: Slot, terms: Terms, now: datetime) -> datetime | None:
    """When offers may be made again: so many wait to leave under the organization's rate that one
    made now would be told of when a third of its time is gone."""
    rates = [
        rate.rate_per_second for rate in work.limits(slot.organization_id, PURPOSE)
        if rate.rate_per_second
    ]  # fmt: skip
    if not rates:
        return None
    ahead = timedelta(seconds=Notification.waiting(slot.organization_id, PURPOSE) / min(rates))
    patience = terms.held_for / 3
    return now + (ahead - patience) if ahead > patience else None


def _offer(slot: Slot, entry: WaitlistEntry, terms: Terms, now: datetime) -> Offer:
    expires_at = min(now + terms.held_for, slot.starts_at)
    WaitlistEntry.move(entry, EntryState.OFFERED, now)
    Slot.move(slot, SlotState.OFFERED, now)
    offer = Offer.add(
        now, organization=slot.organization_id, mode=slot.mode, slot=slot.id,
        waitlist_entry=entry.id, contact=entry.contact_id, expires_at=expires_at,
    )  # fmt: skip
    jobs.plan(EXPIRE, offer.id, expires_at, now, slot.organization_id, slot.mode)
    row = fresh.notification(
        now,
        subject=(OFFER, offer.id),
        purpose=PURPOSE,
        plan=channel_plan.to_json(terms.channels),
        due_at=now,
        organization=slot.organization_id,
        mode=slot.mode,
        rule=OFFER,
        kind=OFFER,
        contact=entry.contact_id,
        wording={},
        expires_at=expires_at,
    )
    Notification.add([row])
    log.info("slot offered", slot_id=slot.id, offer_id=offer.id)
    return offer


def _look_again(slot: Slot, later: datetime | None, now: datetime) -> None:
    """Look at the slot again when the next may be told, at the latest when it closes."""
    if slot.look_at != later:
        Slot.look_later(slot, later)
    at = min(later or slot.closes_at, slot.closes_at)
    jobs.plan(LOOK, slot.id, at, now, slot.organization_id, slot.mode)
