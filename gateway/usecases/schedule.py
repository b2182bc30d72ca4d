"""A booking's rules made into notifications, and kept in step when it is edited."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.domain import channel_plan, lanes, reminders
from gateway.domain.decision import Facts, opens_at
from gateway.domain.lifecycle import PENDING
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.policy import Policy
from gateway.domain.quiet_hours import Action
from gateway.models import withdrawal
from gateway.models.booking import Booking
from gateway.models.contact import Contact
from gateway.models.notification import OPEN, Notification
from gateway.usecases import facts, fresh, policies

SUBJECT = "booking"
Ring = tuple[str, int, str]  # a claimed notification to be taken up now: id, claim, queue
_WORDS = ("say", "text", "subject", "template", "variables")


def rules_of(booking: Booking) -> list[reminders.Rule]:
    """The rules in force for a booking."""
    return rules_in(booking.reminders)


def rules_in(kept: Sequence[dict[str, Any]]) -> list[reminders.Rule]:
    """Rules as they are kept."""
    return [reminders.Rule.from_json(item) for item in kept]


def channels_of(rule: reminders.Rule) -> list[str]:
    """The channels of a rule's plan, in its order."""
    return [step.channel for step in rule.steps]


def write(
    booking: Booking, now: datetime, skip: frozenset[tuple[str, datetime]] = frozenset()
) -> list[Ring]:
    """Write the notifications of a booking under its present schedule version, but for the
    (rule, moment) pairs to skip. Returns those that are due already: they are written as claimed,
    for the caller to hand to the broker after the commit."""
    rows = planned(booking, now, skip)
    Notification.add(rows)
    return ring_of(rows)


def planned(
    booking: Booking,
    now: datetime,
    skip: frozenset[tuple[str, datetime]] = frozenset(),
    rules: Sequence[reminders.Rule] | None = None,
) -> list[dict[str, Any]]:
    """The same, to be written. `rules` are the booking's, if they are read already."""
    in_force = rules_of(booking) if rules is None else rules
    moments = reminders.plan(in_force, booking.starts_at, booking.booked_at, now)
    policy = policies.in_force(booking.organization, booking)
    # An organization's rule for staff says nothing about a booking that nobody is assigned to.
    return [
        _row(booking, person, moment, policy, now)
        for moment in moments
        if (moment.rule.key, moment.due_at) not in skip and not _passed_by(moment)
        if (person := _person(booking, moment.rule)) is not None
    ]


def ring_of(rows: Sequence[dict[str, Any]]) -> list[Ring]:
    """Those of fresh rows that are due already."""
    return [
        (row["id"], row["claim"], lanes.queue_of(row["plan"][0]["channel"]))
        for row in rows
        if row["state"] == N.DUE
    ]


def _passed_by(moment: reminders.Moment) -> bool:
    """A past moment of a repeating rule is no news; that of a single one is shown as missed."""
    return moment.past and moment.rule.kind == reminders.EVERY


def _row(
    booking: Booking, person: Contact, moment: reminders.Moment, policy: Policy, now: datetime
) -> dict[str, Any]:
    rule = moment.rule
    return fresh.notification(
        now,
        subject=(SUBJECT, booking.id),
        purpose=rule.purpose,
        plan=channel_plan.to_json(rule.steps),
        due_at=moment.due_at,
        opens_at=_opens(booking, person, moment, policy, now),
        past=moment.past,
        at_once=True,
        organization=booking.organization_id,
        mode=booking.mode,
        schedule_version=booking.schedule_version,
        rule=rule.key,
        number=moment.number,
        kind=rule.kind,
        booking=booking.id,
        contact=person.id,
        wording=wording_of(rule),
        expires_at=moment.expires_at,
    )


def wording_of(rule: reminders.Rule) -> dict[str, Any]:
    """A rule's own words, as a notification keeps them."""
    return {name: value for name in _WORDS if (value := getattr(rule, name))}


def _opens(
    booking: Booking, person: Contact, moment: reminders.Moment, policy: Policy, made_at: datetime
) -> datetime:
    """When it may leave first: its moment, unless quiet hours are to be forestalled."""
    quiet = policy.quiet_for(moment.rule.kind, person.role)
    if quiet is None or quiet.action != Action.ADVANCE:
        return moment.due_at
    zone = facts.Occasion(booking.organization, booking).zone(person)
    planned = Facts(
        due_at=moment.due_at, expires_at=moment.expires_at, ended=None, planned_for=0, in_force=0,
        opted_out=False, has_address=True, quiet=quiet, zone=zone, made_at=made_at,
    )  # fmt: skip
    return opens_at(planned)


def renew(booking: Booking, now: datetime) -> list[Ring]:
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
        if row.state not in OPEN and _told_somebody_else(row, booking, wanted[pair].rule):
            continue
        kept.add(pair)
        if row.state in OPEN:
            carried.append(row.id)
    withdrawal.cancel_pending(SUBJECT, booking.id, now, Reason.SUPERSEDED, keep=carried)
    # Those that still wait come first: whoever holds a row on its way may wait for one of them.
    kept_rows = [row for row in existing if row.id in carried]
    _carry(sorted(kept_rows, key=lambda row: row.state not in PENDING), wanted, booking)
    return write(booking, now, frozenset(kept))


def _told_somebody_else(row: Notification, booking: Booking, rule: reminders.Rule) -> bool:
    """Whether staff were told that are not assigned any more: who is now has to hear it too."""
    return rule.to == "staff" and row.contact_id != booking.staff_id


def _person(booking: Booking, rule: reminders.Rule) -> Contact | None:
    person: Contact | None = booking.staff if rule.to == "staff" else booking.contact
    return person


def _carry(
    rows: Sequence[Notification],
    wanted: dict[tuple[str, datetime], reminders.Moment],
    booking: Booking,
) -> None:
    policy = policies.in_force(booking.organization, booking)
    for row in rows:
        moment = wanted[row.rule, row.due_at]
        person = _person(booking, moment.rule)
        if person is None:
            continue
        Notification.carry(
            row.id,
            _opens(booking, person, moment, policy, row.created_at),
            schedule_version=booking.schedule_version,
            number=moment.number,
            expires_at=moment.expires_at,
            contact=person.id,
            wording=wording_of(moment.rule),
        )
