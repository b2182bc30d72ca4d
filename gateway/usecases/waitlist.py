"""Who waits for what is not free yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.errors import Invalid, NotFound, Over
from gateway.domain.outcomes import Reason
from gateway.domain.waitlist_lifecycle import EntryState, OfferState
from gateway.models import waitlist_line, waitlist_search
from gateway.models.base import atomic
from gateway.models.offer import Offer
from gateway.models.waitlist_entry import OPEN, WaitlistEntry
from gateway.usecases import jobs, offers_ending, people
from gateway.usecases.accounts import Caller

EXPIRE = "waitlist.expire"
LATEST = timedelta(days=731)
A_MOMENT = timedelta(seconds=5)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody waits for: a start from `since` to before `until` (UTC), of a service (id,
    name), with one staff member or with any. People are mappings as of a booking."""

    contact: Mapping[str, Any] = field(repr=False)
    service: Mapping[str, Any]
    since: datetime
    until: datetime
    staff: Mapping[str, Any] | None = field(default=None, repr=False)


def join(caller: Caller, wish: Wish, now: datetime) -> WaitlistEntry:
    """Put somebody at the end of the line. What is open already is offered at once, to whoever is
    next. Raises Invalid for a span that can't be, and for a person who can't be reached."""
    if wish.until <= max(wish.since, now):
        raise Invalid("must lie after from and in the future", "to")
    if wish.until > now + LATEST:
        raise Invalid("must lie at most two years ahead", "to")
    with atomic():
        person = people.keep(caller, "contact", dict(wish.contact), now)
        staff = people.keep(caller, "staff", dict(wish.staff), now) if wish.staff else None
        waitlist_line.take_turn(caller.organization_id, caller.mode)
        made = WaitlistEntry.add(
            now, organization=caller.organization_id, mode=caller.mode, contact=person.id,
            service=dict(wish.service), service_id=wish.service["id"],
            staff=staff.id if staff else None, since=wish.since, until=wish.until,
        )  # fmt: skip
        jobs.plan(EXPIRE, made.id, wish.until, now, caller.organization_id, caller.mode)
        offers_ending.look_for(made, now)
    return show(caller, made.id)


def leave(caller: Caller, entry_id: str, now: datetime) -> tuple[WaitlistEntry, list[str]]:
    """Take an entry off the list; what is held for it goes to the next in line. Returns it, and the
    calls that are to be ended after the commit. Leaving twice is the same as once. Raises NotFound,
    Conflict when it is at its end."""
    with atomic():
        waitlist_line.take_turn(caller.organization_id, caller.mode)
        entry = show(caller, entry_id)
        if entry.state == EntryState.REVOKED:
            return entry, []
        if entry.state not in OPEN:
            raise Over("the entry", str(entry.state))
        ending = _revoke(entry, now)
    return show(caller, entry_id), ending


def forget(organization_id: str, mode: str, contact_id: str, now: datetime) -> list[str]:
    """Take a person who is erased off every list. Returns the calls that are to be ended after the
    commit. Call it in that transaction, before calls and notifications are locked."""
    entries = WaitlistEntry.open_of(contact_id)
    if entries:
        waitlist_line.take_turn(organization_id, mode)
    ending: list[str] = []
    for entry in entries:
        ending += _revoke(entry, now)
    return ending


def _revoke(entry: WaitlistEntry, now: datetime) -> list[str]:
    offer = Offer.open_on(waitlist_entry=entry.id)
    WaitlistEntry.move(entry, EntryState.REVOKED, now)
    jobs.cancel(EXPIRE, entry.id, now)
    return offers_ending.end(offer, OfferState.REVOKED, now, Reason.CANCELED) if offer else []


def expire(entry_id: str, now: datetime) -> None:
    """The job: take an entry off the list whose span of time has passed. Safe to repeat, and too
    early."""
    seen = WaitlistEntry.get_or_none(WaitlistEntry.id == entry_id)
    if seen is None or now < seen.until:
        return
    with atomic():
        waitlist_line.take_turn(seen.organization_id, seen.mode)
        entry = WaitlistEntry.get_by_id(entry_id)
        if entry.state == EntryState.OFFERED:  # its offer's own timer comes first
            whose = (entry.organization_id, entry.mode)
            jobs.plan(EXPIRE, entry.id, now + A_MOMENT, now, *whose)
            return
        WaitlistEntry.move(entry, EntryState.EXPIRED, now)


def show(caller: Caller, entry_id: str) -> WaitlistEntry:
    """One entry with its people. Raises NotFound."""
    query = WaitlistEntry.with_people(caller.organization_id, caller.mode)
    found: WaitlistEntry | None = next(iter(query.where(WaitlistEntry.id == entry_id)), None)
    if found is None:
        raise NotFound
    return found


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[WaitlistEntry]:
    """Entries newest first, at most `limit`, older than `before` (created_at, id). Filters: state,
    service and staff (ids as given), phone (E.164)."""
    wanted = people.by_hash(filters)
    return waitlist_search.waiting(caller.organization_id, caller.mode, wanted, limit, before)
