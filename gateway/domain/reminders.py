"""When to remind: rules become moments. Elapsed time is counted in UTC, so that a clock change
neither adds nor drops one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

from gateway.domain import channel_plan
from gateway.domain.channel_plan import Plan, Step
from gateway.domain.errors import Invalid

EVERY, BEFORE, AT, NUDGE = "every", "before", "at", "nudge"
KINDS = (EVERY, BEFORE, AT, NUDGE)
LEAD_MINUTES = 30  # of a nudge that names none
MOST_PER_RULE = 1000
MOST_IN_ALL = 2000
GRACE = timedelta(seconds=60)


@dataclass(frozen=True)
class Rule:
    """One reminder rule. `minutes` belongs to every, before and nudge (the lead, half an hour by
    default), `at` (UTC) to at; `within_minutes` bounds every to the last stretch before the start
    (None: the whole span). It goes to the contact, a nudge to the staff, unless `to` says
    otherwise. `channels` is a plan of several steps; `channel` is its first one, or the only one.
    The wording is `say` for voice, `text` (with `subject` for e-mail) for messages, or a template
    with variables."""

    kind: str
    channel: str = "voice"
    to: str = ""
    minutes: int | None = None
    at: datetime | None = None
    within_minutes: int | None = 10_080
    say: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    subject: str | None = field(default=None, repr=False)
    template: str | None = None
    variables: Mapping[str, str] | None = field(default=None, repr=False, hash=False)
    channels: Plan = ()

    def __post_init__(self) -> None:
        # One spelling for each rule, so that equal rules have equal keys and equal JSON.
        if not self.to:
            self._set("to", "staff" if self.kind == NUDGE else "contact")
        if self.kind == NUDGE and self.minutes is None:
            self._set("minutes", LEAD_MINUTES)
        if self.channels:
            self._set("channel", self.channels[0].channel)
        if self.channels == (Step(self.channel),):
            self._set("channels", ())

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def steps(self) -> Plan:
        """The channel plan, of one step or more."""
        return self.channels or (Step(self.channel),)

    @property
    def purpose(self) -> str:
        """What kind of work its notifications are."""
        return "nudge" if self.kind == NUDGE else "reminder"

    @property
    def key(self) -> str:
        """What makes it this rule and no other, in at most 120 characters; the wording is not part
        of it."""
        when = self.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ") if self.at else self.minutes
        return f"{self.kind}:{when}:{'+'.join(step.key for step in self.steps)}:{self.to}"

    def to_json(self) -> dict[str, Any]:
        """The rule as a booking row keeps it."""
        kept = {name: value for name, value in vars(self).items() if value not in (None, ())}
        if self.at is not None:
            kept["at"] = self.at.astimezone(UTC).isoformat()
        if self.channels:
            kept["channels"] = channel_plan.to_json(self.channels)
        if self.variables is not None:
            kept["variables"] = dict(self.variables)
        return kept | {"within_minutes": self.within_minutes}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Rule":
        """The rule that `to_json` kept."""
        at = datetime.fromisoformat(kept["at"]) if kept.get("at") else None
        plan = channel_plan.from_json(kept.get("channels") or [])
        return cls(**(kept | {"at": at, "channels": plan}))


# What a fresh organization starts with: a day and three hours before.
USUAL = (Rule(BEFORE, minutes=1440), Rule(BEFORE, minutes=180))


@dataclass(frozen=True)
class Moment:
    """One planned notification of a rule. `past` ones are kept to be shown and never sent.
    `successor_at` is the next moment of the same rule."""

    rule: Rule
    number: int
    due_at: datetime
    expires_at: datetime
    past: bool
    successor_at: datetime | None = None


def check(rules: Sequence[Rule]) -> None:
    """Raises Invalid, naming the dotted field, unless these rules can stand for any booking of an
    organization."""
    for index, rule in enumerate(rules):
        name = f"reminders.{index}"
        if rule.kind not in (EVERY, BEFORE, NUDGE):
            raise Invalid("must be every, before or nudge", f"{name}.kind")
        if type(rule.minutes) is not int or not 1 <= rule.minutes <= 1_051_200:
            raise Invalid("must be a whole number of at least 1", f"{name}.minutes")
        if rule.to not in ("contact", "staff"):
            raise Invalid("must be contact or staff", f"{name}.to")
        if rule.channels:
            channel_plan.check(rule.channels, f"{name}.channels")
        elif rule.channel not in channel_plan.CHANNELS:
            raise Invalid(f"must be one of {', '.join(channel_plan.CHANNELS)}", f"{name}.channel")


def plan(
    rules: Sequence[Rule], starts_at: datetime, booked_at: datetime, now: datetime
) -> list[Moment]:
    """Every moment of these rules for an appointment, in time order for each rule. A moment up to
    a minute ago is due now; an older one is marked past, but for a nudge: somebody assigned inside
    its lead time is told at once, as long as the start lies ahead. Raises Invalid for two equal
    rules, a rule of more than a thousand moments, more than two thousand in all, or a moment that
    falls on or after the start."""
    repeated = [key for key, count in Counter(rule.key for rule in rules).items() if count > 1]
    if repeated:
        raise Invalid("has the same rule twice", "reminders")
    moments = [
        moment
        for index, rule in enumerate(rules)
        for moment in _of_rule(rule, f"reminders.{index}", starts_at, booked_at, now)
    ]
    if len(moments) > MOST_IN_ALL:
        raise Invalid(f"makes more than {MOST_IN_ALL} reminders", "reminders")
    return moments


def _of_rule(
    rule: Rule, name: str, starts_at: datetime, booked_at: datetime, now: datetime
) -> list[Moment]:
    if rule.kind == EVERY:
        due = _every(rule, name, starts_at, booked_at)
    elif rule.kind in (BEFORE, NUDGE):
        if not rule.minutes or rule.minutes < 1:
            raise Invalid("must be at least 1", f"{name}.minutes")
        due = [starts_at - timedelta(minutes=rule.minutes)]
    elif rule.kind == AT and rule.at is not None:
        if rule.at >= starts_at:
            raise Invalid("must lie before the start", f"{name}.at")
        due = [rule.at]
    else:
        raise Invalid("is not a kind of reminder", f"{name}.kind")
    still_of_use = rule.kind == NUDGE and now < starts_at
    return [
        Moment(rule, number, at, starts_at, at < now - GRACE and not still_of_use, successor_at)
        for number, (at, successor_at) in enumerate(zip_longest(due, due[1:]), start=1)
    ]


def _every(rule: Rule, name: str, starts_at: datetime, booked_at: datetime) -> list[datetime]:
    if not rule.minutes or rule.minutes < 1:
        raise Invalid("must be at least 1", f"{name}.minutes")
    gap = timedelta(minutes=rule.minutes)
    first = 1
    if rule.within_minutes is not None:
        opens = starts_at - timedelta(minutes=rule.within_minutes)
        first = max(1, -((booked_at - opens) // gap))
    last = (starts_at - booked_at - timedelta(microseconds=1)) // gap
    if last - first + 1 > MOST_PER_RULE:
        raise Invalid(f"makes more than {MOST_PER_RULE} reminders", name)
    return [booked_at + gap * step for step in range(first, last + 1)]
