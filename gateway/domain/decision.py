"""May this notification leave now? One pure answer, asked inside the transaction that claims it and
by the plan that is shown before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gateway.domain import times
from gateway.domain.lifecycle import NotificationState as N
from gateway.domain.outcomes import Reason
from gateway.domain.quiet_hours import Action, QuietHours
from gateway.domain.reminders import EVERY

_OF_THIS_CHANNEL = frozenset(
    {Reason.OPTED_OUT, Reason.INVALID_NUMBER, Reason.INVALID_ADDRESS, Reason.CHANNEL_UNUSABLE}
)


@dataclass(frozen=True)
class Facts:
    """What is true of a notification, its subject and its recipient, as far as is known. Moments
    are aware.

    `planned_for` is the schedule version that planned it, `in_force` the subject's present one;
    `ended` says why there is nothing to tell any more. `opted_out`, `has_address`,
    `channel_usable` (a carrier and a sender for it) and `channel` are those of the present step;
    `channel_lost` says of one that can't be used now that it could before, and that no other
    follows.
    `quiet` and `cap_per_day` are None where they do not bind it (domain/policy.py). `zone` is the
    recipient's, an IANA name; `sent_on_day` counts what others than this notification took of the
    cap, by the recipient's own day; `recipient_free_at` is when the gap since the last one is
    over. `made_at` is when it was planned. `successor_at` is the moment of the next reminder of
    the same repeating rule, if there is one."""

    due_at: datetime
    expires_at: datetime
    ended: Reason | None
    planned_for: int
    in_force: int
    opted_out: bool
    has_address: bool
    channel_usable: bool = True
    channel_lost: bool = False
    channel: str = "voice"
    kind: str = "at"
    role: str = "contact"
    confirmed: bool = False
    paid: bool = False
    quiet: QuietHours | None = None
    zone: str = "UTC"
    sent_on_day: Mapping[date, int] = field(default_factory=dict)
    cap_per_day: int | None = None
    recipient_free_at: datetime | None = None
    made_at: datetime | None = None
    successor_at: datetime | None = None


@dataclass(frozen=True)
class Decision:
    """`state` is where the notification goes: sending means that it may leave; scheduled, that it
    waits until `until`; anything else is its outcome."""

    state: N
    reason: Reason | None = None
    until: datetime | None = None

    @property
    def allowed(self) -> bool:
        """It may leave."""
        return self.state == N.SENDING

    @property
    def next_step(self) -> bool:
        """The objection is to the channel of this step alone: the next one of the channel plan, if
        there is one, may well do."""
        return self.state == N.SUPPRESSED and self.reason in _OF_THIS_CHANNEL


def opens_at(facts: Facts) -> datetime:
    """The earliest moment at which it may leave: its own, or where its quiet hours are to be
    forestalled the last minute before them. One that is made in that minute opens at once; one
    made in the quiet hours keeps its moment, and is deferred then. Of a repeating rule the last one
    of a night comes before it, and the others keep their moments, at which they are left out."""
    quiet, successor = facts.quiet, facts.successor_at
    if quiet is None or quiet.action != Action.ADVANCE:
        return facts.due_at
    window = quiet.window(facts.due_at, facts.zone)
    if window is None or (successor is not None and successor < window.end):
        return facts.due_at
    since, before = window.start, window.last_before
    if facts.made_at is None or facts.made_at <= before:
        return before
    return facts.made_at if facts.made_at < since else facts.due_at


def decide(facts: Facts, now: datetime) -> Decision:
    """Allow, defer or end it; the first objection counts, in this order:

    1. What no time undoes: the subject ended (its reason), the schedule moved on (superseded), the
       notification's own time is over (expired).
    2. It is not due: wait for `opens_at`. What may still change by then is not asked before.
    3. There is no need of it: the contact confirmed and it is one of a repeating rule (confirmed),
       the invoice is paid (paid).
    4. The channel of this step: opted out there, no address, no carrier or sender; the next step
       may do. Before any waiting, so that nobody waits for a channel that is of no use. Only one
       that was lost, and is the last, is waited for: somebody will notice, and put it right.
    5. The recipient heard from us just now: wait for the gap's end (rate_limited).
    6. Quiet hours: wait for their end, or end it (quiet_hours) when it is to be suppressed, when
       it would be over by then, or when the next one of a repeating rule comes by then; so one
       night's reminders do not arrive together in the morning.
    7. Enough for one day (frequency_cap), counted on the day on which it would really leave.

    A deferral holds: at any moment before its `until`, the same facts give the same answer, which
    is why waking early changes nothing. `until` is after `now` and never after `expires_at`."""
    return (
        _over(facts, now)
        or _not_due(facts, now)
        or _needless(facts)
        or _no_way(facts)
        or _too_soon(facts, now)
        or _quiet(facts, now)
        or _too_many(facts, now)
        or Decision(N.SENDING)
    )


def _over(facts: Facts, now: datetime) -> Decision | None:
    if facts.ended is not None:
        return Decision(N.CANCELED, facts.ended)
    if facts.planned_for != facts.in_force:
        return Decision(N.CANCELED, Reason.SUPERSEDED)
    if now >= facts.expires_at:
        return Decision(N.EXPIRED, Reason.EXPIRED)
    return None


def _not_due(facts: Facts, now: datetime) -> Decision | None:
    opens = opens_at(facts)
    return _wait(facts, Reason.NOT_DUE, opens) if now < opens else None


def _needless(facts: Facts) -> Decision | None:
    if facts.confirmed and facts.kind == EVERY and facts.role == "contact":
        return Decision(N.SUPPRESSED, Reason.CONFIRMED)
    return Decision(N.SUPPRESSED, Reason.PAID) if facts.paid else None


def _no_way(facts: Facts) -> Decision | None:
    if facts.opted_out:
        return Decision(N.SUPPRESSED, Reason.OPTED_OUT)
    if not facts.has_address:
        by_mail = facts.channel == "email"
        reason = Reason.INVALID_ADDRESS if by_mail else Reason.INVALID_NUMBER
        return Decision(N.SUPPRESSED, reason)
    if facts.channel_usable:
        return None
    if facts.channel_lost:
        return _wait(facts, Reason.CHANNEL_UNUSABLE, facts.expires_at)
    return Decision(N.SUPPRESSED, Reason.CHANNEL_UNUSABLE)


def _too_soon(facts: Facts, now: datetime) -> Decision | None:
    free = facts.recipient_free_at
    return _wait(facts, Reason.RATE_LIMITED, free) if free is not None and now < free else None


def _quiet(facts: Facts, now: datetime) -> Decision | None:
    end = facts.quiet.quiet_until(now, facts.zone) if facts.quiet else None
    if facts.quiet is None or end is None:
        return None
    succeeded = facts.successor_at is not None and facts.successor_at <= end
    if facts.quiet.action == Action.SUPPRESS or end >= facts.expires_at or succeeded:
        return Decision(N.SUPPRESSED, Reason.QUIET_HOURS)
    return Decision(N.SCHEDULED, Reason.QUIET_HOURS, end)


def _too_many(facts: Facts, now: datetime) -> Decision | None:
    if facts.cap_per_day is None:
        return None
    sent = facts.sent_on_day.get(times.local_day(now, facts.zone), 0)
    return Decision(N.SUPPRESSED, Reason.FREQUENCY_CAP) if sent >= facts.cap_per_day else None


def _wait(facts: Facts, reason: Reason, until: datetime) -> Decision:
    return Decision(N.SCHEDULED, reason, min(until, facts.expires_at))
