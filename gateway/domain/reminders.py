"""When to remind: rules become moments. Elapsed time is counted in UTC, so that a clock change
neither adds nor drops one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.domain.errors import Invalid

EVERY, BEFORE, AT = "every", "before", "at"
KINDS = (EVERY, BEFORE, AT)
MOST_PER_RULE = 1000
MOST_IN_ALL = 2000
GRACE = timedelta(seconds=60)


@dataclass(frozen=True)
class Rule:
    """One reminder rule. `minutes` belongs to every and before, `at` (UTC) to at; `within_minutes`
    bounds every to the last stretch before the start (None: the whole span)."""

    kind: str
    channel: str = "voice"
    to: str = "contact"
    minutes: int | None = None
    at: datetime | None = None
    within_minutes: int | None = 10_080
    say: str | None = None

    @property
    def key(self) -> str:
        """What makes it this rule and no other; the wording is not part of it."""
        when = self.at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ") if self.at else self.minutes
        return f"{self.kind}:{when}:{self.channel}:{self.to}"

    def to_json(self) -> dict[str, Any]:
        """The rule as a booking row keeps it."""
        kept = {name: value for name, value in vars(self).items() if value is not None}
        if self.at is not None:
            kept["at"] = self.at.astimezone(UTC).isoformat()
        return kept | {"within_minutes": self.within_minutes}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Rule":
        """The rule that `to_json` kept."""
        at = datetime.fromisoformat(kept["at"]) if kept.get("at") else None
        return cls(**(kept | {"at": at}))


# What a fresh organization starts with: a day and three hours before.
USUAL = (Rule(BEFORE, minutes=1440), Rule(BEFORE, minutes=180))


@dataclass(frozen=True)
class Moment:
    """One planned notification of a rule. `past` ones are kept to be shown and never sent."""

    rule: Rule
    number: int
    due_at: datetime
    expires_at: datetime
    past: bool


def check(rules: Sequence[Rule]) -> None:
    """Raises Invalid unless these rules can stand for any booking of an organization."""
    for index, rule in enumerate(rules):
        field = f"reminders.{index}"
        if rule.kind not in (EVERY, BEFORE):
            raise Invalid("must be every or before", f"{field}.kind")
        if type(rule.minutes) is not int or not 1 <= rule.minutes <= 1_051_200:
            raise Invalid("must be a whole number of at least 1", f"{field}.minutes")
        if rule.channel != "voice" or rule.to not in ("contact", "staff"):
            raise Invalid("must be voice, to contact or staff", field)


def plan(
    rules: Sequence[Rule], starts_at: datetime, booked_at: datetime, now: datetime
) -> list[Moment]:
    """Every moment of these rules for an appointment, in time order for each rule. A moment up to
    a minute ago is due now; an older one is marked past. Raises Invalid for two equal rules, a
    rule of more than a thousand moments, more than two thousand in all, or a moment that falls on
    or after the start."""
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
    rule: Rule, field: str, starts_at: datetime, booked_at: datetime, now: datetime
) -> list[Moment]:
    if rule.kind == EVERY:
        due = _every(rule, field, starts_at, booked_at)
    elif rule.kind == BEFORE:
        if not rule.minutes or rule.minutes < 1:
            raise Invalid("must be at least 1", f"{field}.minutes")
        due = [starts_at - timedelta(minutes=rule.minutes)]
    elif rule.kind == AT and rule.at is not None:
        if rule.at >= starts_at:
            raise Invalid("must lie before the start", f"{field}.at")
        due = [rule.at]
    else:
        raise Invalid("is not a kind of reminder", f"{field}.kind")
    return [
        Moment(rule, number, at, starts_at, past=at < now - GRACE)
        for number, at in enumerate(due, start=1)
    ]


def _every(rule: Rule, field: str, starts_at: datetime, booked_at: datetime) -> list[datetime]:
    if not rule.minutes or rule.minutes < 1:
        raise Invalid("must be at least 1", f"{field}.minutes")
    gap = timedelta(minutes=rule.minutes)
    first = 1
    if rule.within_minutes is not None:
        opens = starts_at - timedelta(minutes=rule.within_minutes)
        first = max(1, -((booked_at - opens) // gap))
    last = (starts_at - booked_at - timedelta(microseconds=1)) // gap
    if last - first + 1 > MOST_PER_RULE:
        raise Invalid(f"makes more than {MOST_PER_RULE} reminders", field)
    return [booked_at + gap * step for step in range(first, last + 1)]
