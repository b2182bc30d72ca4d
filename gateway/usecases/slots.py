"""What became free: by a canceled or moved booking, or because somebody says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.domain.errors import Invalid, NotFound, Over
from gateway.domain.lifecycle import BookingState
from gateway.domain.outcomes import Reason
from gateway.domain.waitlist_lifecycle import SlotState
from gateway.models import waitlist_line, waitlist_search
from gateway.models.base import atomic
from gateway.models.booking import Booking
from gateway.models.slot import FREE, Slot
from gateway.usecases import offers_ending, people, policies, readiness
from gateway.usecases.accounts import Caller
from gateway.usecases.offers_making import next_in_line

LATEST = timedelta(days=731)
_HOLDING = (BookingState.BOOKED, BookingState.CONFIRMED, BookingState.CHECKED_IN)


@dataclass(frozen=True, kw_only=True)
class Freed:
    """What is free. `starts_at` is UTC, `service` a mapping of id, name, price, `staff` one of
    external_id, name and what else is known of the person."""

    starts_at: datetime
    duration_minutes: int
    service: Mapping[str, Any]
    staff: Mapping[str, Any] = field(repr=False)
    time_zone: str | None = None


def free(caller: Caller, freed: Freed, now: datetime) -> tuple[Slot, bool]:
    """Offer what became free, and whether it is new: the same staff member's free start again is
    the slot that is there. Raises Invalid for a start that can't be, NoProvider where nobody could
    be told."""
    if not now < freed.starts_at <= now + LATEST:
        raise Invalid("must lie in the future, at most two years ahead", "starts_at")
    policy = policies.in_force(caller.organization, None)
    with atomic():
        channels = [step.channel for step in policy.waitlist.channels]
        readiness.require(caller.organization_id, caller.mode, [channels])
        staff = people.keep(caller, "staff", dict(freed.staff), now)
        waitlist_line.take_turn(caller.organization_id, caller.mode)
        made = Slot.add(
            now, organization=caller.organization_id, mode=caller.mode,
            starts_at=freed.starts_at, duration_minutes=freed.duration_minutes,
            time_zone=freed.time_zone or caller.organization.time_zone,
            service=dict(freed.service), service_id=freed.service["id"], staff=staff.id,
            closes_at=freed.starts_at - policy.waitlist.notice,
        )  # fmt: skip
        if made is not None:
            next_in_line(made, now)
            return show(caller, made.id), True
        there = Slot.free_of_staff(caller.organization_id, caller.mode, staff.id)
        same = next(slot for slot in there if slot.starts_at == freed.starts_at)
    return show(caller, same.id), False


def freed_by(booking: Booking, now: datetime) -> None:
    """A booking is canceled, or was moved away from where `booking` has it: what it leaves is
    offered to whoever waits. Nothing is free where it names no service by an id, starts too soon,
    or the staff member is booked. Call it in the transaction of the change, with the booking
    locked, before anything else is locked."""
    service_id = (booking.service or {}).get("id")
    policy = policies.in_force(booking.organization, None)
    closes_at = booking.starts_at - policy.waitlist.notice
    if not service_id or closes_at <= now:
        return
    waitlist_line.take_turn(booking.organization_id, booking.mode)
    if booking.staff_id is not None and _booked(booking.staff_id, booking, booking.id):
        return
    made = Slot.add(
        now, organization=booking.organization_id, mode=booking.mode,
        starts_at=booking.starts_at, duration_minutes=booking.duration_minutes,
        time_zone=booking.time_zone, service=booking.service, service_id=service_id,
        staff=booking.staff_id, freed_by=booking.id, closes_at=closes_at,
    )  # fmt: skip
    if made is not None:
        next_in_line(made, now)


def moved(before: Booking, after: Booking, now: datetime) -> None:
    """A booking was changed: what it left is free, unless it still needs a part of it; and what it
    took is not free any more. As `freed_by`."""
    if (before.starts_at, before.staff_id) == (after.starts_at, after.staff_id):
        return
    if before.staff_id != after.staff_id or not _overlap(before, after):
        freed_by(before, now)
    if after.state in _HOLDING:
        taken_by(after, now)


def taken_by(booking: Booking, now: datetime) -> None:
    """Somebody was booked with a staff member: what was free of theirs at that time is withdrawn,
    also from whom it is offered to. Call it in the transaction of the change, before anything but
    the booking is locked."""
    if booking.staff_id is None:
        return
    whose = (booking.organization_id, booking.mode, booking.staff_id)
    if not any(_overlap(slot, booking) for slot in Slot.free_of_staff(*whose)):
        return
    waitlist_line.take_turn(booking.organization_id, booking.mode)
    for slot in Slot.free_of_staff(*whose):
        if _overlap(slot, booking):
            offers_ending.close(slot, SlotState.WITHDRAWN, now, Reason.OVER)


def is_gone(slot: Slot) -> bool:
    """Whether the staff member was booked for that time since it became free."""
    return slot.staff_id is not None and _booked(slot.staff_id, slot, None, slot.created_at)


def withdraw(caller: Caller, slot_id: str, now: datetime) -> tuple[Slot, list[str]]:
    """Offer a slot no more, nor hold it for anybody; and the calls that are to be ended after the
    commit. Withdrawing twice is the same as once. Raises NotFound, Conflict when it is taken or
    past."""
    with atomic():
        waitlist_line.take_turn(caller.organization_id, caller.mode)
        slot = show(caller, slot_id)
        if slot.state == SlotState.WITHDRAWN:
            return slot, []
        if slot.state not in FREE:
            raise Over("the slot", str(slot.state))
        ending = offers_ending.close(slot, SlotState.WITHDRAWN, now)
    return show(caller, slot_id), ending


def look(slot_id: str, now: datetime) -> None:
    """The job: offer what is still open to whoever may be told by now; close what is too near.
    Safe to repeat, and too early."""
    seen = Slot.get_or_none(Slot.id == slot_id)
    if seen is None or seen.state != SlotState.OPEN:
        return
    with atomic():
        waitlist_line.take_turn(seen.organization_id, seen.mode)
        slot = Slot.get_by_id(slot_id)
        if slot.state == SlotState.OPEN and is_gone(slot):
            offers_ending.close(slot, SlotState.WITHDRAWN, now, Reason.OVER)
        next_in_line(slot, now)


def show(caller: Caller, slot_id: str) -> Slot:
    """One slot with its staff member. Raises NotFound."""
    query = Slot.with_staff(caller.organization_id, caller.mode).where(Slot.id == slot_id)
    found: Slot | None = next(iter(query), None)
    if found is None:
        raise NotFound
    return found


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[Slot]:
    """Slots newest first, at most `limit`, older than `before` (created_at, id). Filters: state,
    service and staff (ids as given), from_ and to (by start, UTC, from included, to not)."""
    return waitlist_search.slots(caller.organization_id, caller.mode, filters, limit, before)


def _booked(staff_id: str, when: Any, but: str | None, since: datetime | None = None) -> bool:
    """Whether a staff member has another booking at that time, made after `since`."""
    near: Iterable[Booking] = Booking.near(when.organization_id, when.mode, staff_id, _end(when))
    return any(
        other.id != but and other.state in _HOLDING and _overlap(other, when)
        and (since is None or other.booked_at > since)
        for other in near
    )  # fmt: skip


def _overlap(one: Any, other: Any) -> bool:
    return bool(one.starts_at < _end(other) and other.starts_at < _end(one))


def _end(when: Any) -> datetime:
    end: datetime = when.starts_at + timedelta(minutes=when.duration_minutes or 1)
    return end
