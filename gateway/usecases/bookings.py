"""Booking, moving and canceling appointments."""

from datetime import datetime, timedelta
from typing import Any, cast

from gateway.domain import times
from gateway.domain.errors import Conflict, Invalid, NotFound
from gateway.domain.lifecycle import BOOKING_MOVES, BookingState
from gateway.domain.outcomes import Reason
from gateway.models import attempts, booking_intake, booking_search, withdrawal
from gateway.models.attempts import AnyAttempt
from gateway.models.base import atomic, whole
from gateway.models.booking import Booking
from gateway.models.booking_intake import Written
from gateway.models.contact import Contact
from gateway.models.feed import FeedEntry, entry
from gateway.models.notification import Notification
from gateway.usecases import (
    facts,
    farewell,
    leaving,
    overdue,
    people,
    preferences,
    readiness,
    schedule,
    slots,
    snapshots,
    stopping,
)
from gateway.usecases.accounts import Caller
from gateway.usecases.wanted import Booked, Canceled, Wanted

EARLIEST, LATEST = timedelta(minutes=-5), timedelta(days=731)
_PLANNED = ("starts_at", "reminders", "contact_id", "staff_id", "policy")
_PLAIN = (
    "starts_at", "starts_at_text", "time_zone", "duration_minutes", "service", "metadata", "policy",
)  # fmt: skip


def book(caller: Caller, wanted: Wanted, now: datetime) -> Booked:
    """Book, with all its notifications, in one transaction. The same external id again is no
    second booking: the first is returned when the request is the same. Raises Conflict when it
    differs, Invalid for times and rules that can't be, NoProvider."""
    with whole():
        found = _written(caller, wanted, now)
        if isinstance(found, str):
            return Booked(_same(caller, wanted, found), created=False)
        booking, written = found
        _check_start(wanted.starts_at, now)
        rules = schedule.rules_of(booking)
        channels = map(schedule.channels_of, rules)
        readiness.require(caller.organization_id, caller.mode, channels, written.senders)
        if written.free:
            slots.taken_by(booking, now)
        job = preferences.of_booked(booking.contact, now)
        rows = schedule.planned(booking, now, rules=rules)
        planned = Notification.add(rows, [_said(booking, now)], [job])
        if written.enrolled:
            leaving.booked(booking.contact, now)
    return Booked(booking, True, schedule.ring_of(rows), planned=planned)


def _written(caller: Caller, wanted: Wanted, now: datetime) -> tuple[Booking, Written] | str:
    """The booking and what came of writing it: together with people whom nobody knew, or else with
    those that are kept. The id of the booking that was there under its external id, if one was:
    nobody is kept then, who may have been erased or changed since."""
    if wanted.external_id is not None and not people.goes_ahead(wanted.contact):
        known = booking_intake.known(caller.organization_id, caller.mode, wanted.external_id)
        if known is not None:
            return known
    seen = people.guessed(caller, wanted.contact, now)
    staff = people.seen(caller, "staff", wanted.staff, now)
    for attempt in range(3):
        if attempt == 2 and staff.fresh:  # another request made them just now
            staff = people.seen(caller, "staff", wanted.staff, now)
        if attempt or seen.row is None:
            seen = people.Seen(people.keep(caller, "contact", wanted.contact, now))
        contact = cast(Contact, seen.row)
        booking = _made_up(caller, wanted, contact, staff.row, now)
        fresh = [one.row for one in (seen, staff) if one.row is not None and one.fresh]
        written = booking_intake.write(booking, contact, fresh)
        if written.made:
            staff.bring_up(now)
            return booking, written
        if written.known:
            return written.known
    raise Conflict("another request books the same external_id")


def _same(caller: Caller, wanted: Wanted, booking_id: str) -> Booking:
    """The booking that has the external id, if it was the same request that made it."""
    found = show(caller, booking_id)
    if found.fingerprint != wanted.fingerprint:
        raise Conflict("a different booking has this external_id", "external_id")
    return found


def _check_start(starts_at: datetime, now: datetime) -> None:
    if not times.within(starts_at, EARLIEST, LATEST, now):
        raise Invalid("must lie between 5 minutes ago and two years ahead", "starts_at")


def _reminders(caller: Caller, wanted: Wanted) -> list[dict[str, Any]]:
    """The rules that will be in force, as they are kept."""
    if wanted.reminders is None:
        usual: list[dict[str, Any]] = caller.organization.reminders
        return usual
    return [rule.to_json() for rule in wanted.reminders]


def _made_up(
    caller: Caller, wanted: Wanted, contact: Contact, staff: Contact | None, now: datetime
) -> Booking:
    """The booking, yet to be written."""
    kept = _reminders(caller, wanted)
    booking = wanted.booking(caller.organization, caller.mode, contact, staff, kept, now)
    booking.overdue_at = overdue.planned(booking)
    return booking


def edit(
    caller: Caller, booking_id: str, changes: dict[str, Any], version: int | None, now: datetime
) -> Booked:
    """Change a booking, and what is pending with it. `changes` holds fields of Wanted, and `state`;
    a person given replaces the booking's person whole. `version` is the one the client read.
    Raises NotFound, Conflict (stale version, canceled booking, illegal state), Invalid."""
    with atomic():
        Booking.take_turn(caller.organization_id, caller.mode, booking_id)
        booking = show(caller, booking_id)
        if version is not None and version != booking.version:
            raise Conflict("the booking was changed since this version was read", "version")
        if booking.state == BookingState.CANCELED and changes.get("state") != "canceled":
            raise Conflict("the booking is canceled")
        if changes.get("state") == BookingState.CANCELED:
            canceled = cancel(caller, booking_id, now)
            return Booked(canceled.booking, False, ending=canceled.calls)
        values = _values(caller, booking, changes, now)
        replan = any(name in values for name in _PLANNED)
        if replan:
            values["schedule_version"] = booking.schedule_version + 1
        if not Booking.edit(booking.id, booking.version, now, **values):
            raise Conflict("another request changed the booking just now", "version")
        before, booking = booking, show(caller, booking_id)
        slots.moved(before, booking, now)
        overdue.plan(booking)
        over = booking.state in facts.ENDED
        ring = schedule.renew(booking, now) if replan and not over else []
        if over:
            withdrawal.cancel_pending(schedule.SUBJECT, booking.id, now, Reason.OVER)
        away = withdrawal.under_way(schedule.SUBJECT, booking.id)
        ending = stopping.stop_unsent(away if over else stopping.superseded(away, booking), now)
        preferences.changed([before.contact, booking.contact], now)
        snapshots.moved(before, booking, now)
        _tell(booking, now, "booking.changed")
    return Booked(booking, False, ring, ending)


def _values(
    caller: Caller, booking: Booking, changes: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The columns that really change."""
    values: dict[str, Any] = {name: changes[name] for name in _PLAIN if name in changes}
    if "starts_at" in values and values["starts_at"] != booking.starts_at:
        _check_start(values["starts_at"], now)
    if changes.get("reminders") is not None:
        values["reminders"] = [rule.to_json() for rule in changes["reminders"]]
    for role in ("contact", "staff"):
        if changes.get(role):
            values[f"{role}_id"] = people.keep(caller, role, changes[role], now).id
    if changes.get("state"):
        values["state"] = _legal(booking, changes["state"])
    elif values.get("starts_at", booking.starts_at) != booking.starts_at:
        # What was confirmed, or asked for, was about the former start.
        values["move_requested_at"] = None
        if booking.state == BookingState.CONFIRMED:
            values["state"] = BookingState.BOOKED
    return {name: value for name, value in values.items() if getattr(booking, name) != value}


def _legal(booking: Booking, wanted: str) -> BookingState:
    target, present = BookingState(wanted), BookingState(booking.state)
    if target != present and target not in BOOKING_MOVES[present]:
        raise Conflict(f"a {present} booking can't become {target}", "state")
    return target


def cancel(caller: Caller, booking_id: str, now: datetime) -> Canceled:
    """Cancel a booking and everything of it that did not leave yet; what is at the provider is
    asked to end. Canceling twice is the same as once. Raises NotFound, Conflict when the
    appointment is over."""
    with atomic():
        Booking.take_turn(caller.organization_id, caller.mode, booking_id)
        booking = show(caller, booking_id)
        if booking.state != BookingState.CANCELED:
            _legal(booking, BookingState.CANCELED)
            changed = Booking.edit(
                booking.id, booking.version, now, state=BookingState.CANCELED, canceled_at=now,
                schedule_version=booking.schedule_version + 1,
            )  # fmt: skip
            if not changed:
                raise Conflict("another request changed the booking just now", "version")
            slots.freed_by(booking, now)
            booking = show(caller, booking_id)
            overdue.plan(booking)
            farewell.write(booking, now)
            preferences.changed([booking.contact], now)
            _tell(booking, now)
        withdrawal.cancel_pending(schedule.SUBJECT, booking.id, now, Reason.CANCELED)
        away = withdrawal.under_way(schedule.SUBJECT, booking.id)
        calls = stopping.stop(away, now)
    return Canceled(booking, all(row.finished_at for row in away), calls)


def show(caller: Caller, booking_id: str) -> Booking:
    """One booking with its people. Raises NotFound."""
    booking = Booking.of(caller.organization_id, caller.mode, id=booking_id)
    if booking is None:
        raise NotFound
    return booking


def search(
    caller: Caller, filters: dict[str, Any], limit: int, before: tuple[datetime, str] | None
) -> list[Booking]:
    """Bookings newest first, at most `limit`, older than `before` (booked_at, id). Filters:
    external_id, phone (E.164), state, from_ and to (by start, UTC, from included, to not)."""
    if filters.get("phone"):
        filters = filters | {"phone_hash": people.address_hash(filters["phone"])}
    return booking_search.find(caller.organization_id, caller.mode, filters, limit, before)


def reminders(caller: Caller, booking_id: str) -> list[tuple[Notification, list[AnyAttempt]]]:
    """Each notification of a booking, in time order, with its attempts. Raises NotFound."""
    show(caller, booking_id)
    rows = Notification.of_subject(schedule.SUBJECT, booking_id)
    made: dict[str, list[AnyAttempt]] = {}
    for attempt in attempts.of_notifications([row.id for row in rows]):
        made.setdefault(str(attempt.notification_id), []).append(attempt)
    return [(row, made.get(row.id, [])) for row in rows]


def _tell(booking: Booking, now: datetime, type_: str | None = None) -> None:
    FeedEntry.append([_said(booking, now, type_)])


def _said(booking: Booking, now: datetime, type_: str | None = None) -> dict[str, Any]:
    whose = (booking.organization_id, booking.mode)
    return entry(*whose, now, "booking", booking.id, booking.state, None, type_)
