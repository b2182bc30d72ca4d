"""A booking's rules made into notifications, and kept in step when it is edited."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from gateway import settings
from gateway.domain import reminders
from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.models.base import new_id
from gateway.models.booking import Booking
from gateway.models.notification import OPEN, Notification

SUBJECT = "booking"


def rules_of(booking: Booking) -> list[reminders.Rule]:
    """The rules in force for a booking."""
    return [reminders.Rule.from_json(kept) for kept in booking.reminders]


def write(
    booking: Booking, now: datetime, skip: frozenset[tuple[str, datetime]] = frozenset()
) -> list[tuple[str, int]]:
    """Write the notifications of a booking under its present schedule version, but for the
    (rule, moment) pairs to skip. Returns (id, claim) of those that are due already: they are
    written as claimed, for the caller to hand to the broker after the commit."""
    moments = reminders.plan(rules_of(booking), booking.starts_at, booking.booked_at, now)
    rows = [
        _row(booking, moment, now)
        for moment in moments
        if (moment.rule.key, moment.due_at) not in skip and not _passed_by(moment)
    ]
    Notification.add(rows)
    return [(row["id"], row["claim"]) for row in rows if row["state"] == N.DUE]


def _passed_by(moment: reminders.Moment) -> bool:
    """A past moment of a repeating rule is no news; that of a single one is shown as missed."""
    return moment.past and moment.rule.kind == reminders.EVERY


def _row(booking: Booking, moment: reminders.Moment, now: datetime) -> dict[str, Any]:
    rule = moment.rule
    person = booking.staff_id if rule.to == "staff" else booking.contact_id
    if person is None:
        raise Invalid("needs staff with a phone number", "reminders")
    due = moment.due_at <= now and not moment.past
    return {
        "id": new_id("nt"),
        "organization": booking.organization_id,
        "mode": booking.mode,
        "subject_type": SUBJECT,
        "subject_id": booking.id,
        "schedule_version": booking.schedule_version,
        "rule": rule.key,
        "number": moment.number,
        "kind": rule.kind,
        "purpose": "reminder",
        "booking": booking.id,
        "contact": person,
        "plan": [{"channel": rule.channel}],
        "step": 0,
        "wording": {"say": rule.say} if rule.say else {},
        "metadata": {},
        "due_at": moment.due_at,
        "expires_at": moment.expires_at,
        "created_at": now,
        "tries": 0,
        **opening(moment.due_at, now, past=moment.past, due=due),
    }


def opening(due_at: datetime, now: datetime, *, past: bool, due: bool) -> dict[str, Any]:
    """The columns that say where a fresh notification stands: past, due (and claimed for the
    request that makes it), or waiting."""
    if past:
        return {
            "state": N.SUPPRESSED, "reason": Reason.PAST, "finished_at": now,
            "next_attempt_at": None, "lease_until": None, "claim": 0,
        }  # fmt: skip
    waiting = {"reason": None, "finished_at": None}
    if due:
        lease = timedelta(seconds=settings.current().claim_lease_seconds)
        claimed = {"next_attempt_at": None, "lease_until": now + lease, "claim": 1}
        return {"state": N.DUE, **claimed, **waiting}
    return {
        "state": N.SCHEDULED, "next_attempt_at": due_at, "lease_until": None, "claim": 0, **waiting
    }  # fmt: skip


def renew(booking: Booking, now: datetime) -> list[tuple[str, int]]:
    """Bring the notifications in step with an edited booking, whose schedule version is one higher
    by now. One whose rule and moment did not change stays what it is: still waiting, it moves to
    the present version; sent or being sent, it is not made again. What is no longer planned and
    did not leave yet is canceled as superseded."""
    moments = reminders.plan(rules_of(booking), booking.starts_at, booking.booked_at, now)
    wanted = {(moment.rule.key, moment.due_at): moment for moment in moments}
    existing = Notification.of_subject(SUBJECT, booking.id)
    kept: set[tuple[str, datetime]] = set()
    carried: list[str] = []
    for row in existing:
        pair = (row.rule, row.due_at)
        if pair not in wanted or row.state == N.CANCELED or pair in kept:
            continue
        kept.add(pair)
        if row.state in OPEN:
            carried.append(row.id)
    Notification.cancel_pending(SUBJECT, booking.id, now, Reason.SUPERSEDED, keep=carried)
    # Those that still wait come first: whoever holds a row on its way may wait for one of them.
    kept_rows = [row for row in existing if row.id in carried]
    _carry(sorted(kept_rows, key=lambda row: row.state not in PENDING), wanted, booking)
    return write(booking, now, frozenset(kept))


def _carry(
    rows: Sequence[Notification],
    wanted: dict[tuple[str, datetime], reminders.Moment],
    booking: Booking,
) -> None:
    for row in rows:
        moment = wanted[row.rule, row.due_at]
        say = moment.rule.say
        person = booking.staff_id if moment.rule.to == "staff" else booking.contact_id
        Notification.carry(
            row.id,
            schedule_version=booking.schedule_version,
            number=moment.number,
            expires_at=moment.expires_at,
            contact=person,
            wording={"say": say} if say else {},
        )
