"""How an organization wants its waitlist to work: a part of its policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.domain import channel_plan
from gateway.domain.channel_plan import Plan, Step
from gateway.domain.errors import Invalid

LINE, PREFERENCES = "line", "preferences"
RANKS = (LINE, PREFERENCES)
LONGEST_MINUTES = 1440
USUAL_PLAN: Plan = (Step("whatsapp", "delivered", 3), Step("sms"))


@dataclass(frozen=True)
class Terms:
    """`rank`: who comes next, whoever waits longest or whom the slot suits best. `minutes`: how
    long a slot is held for somebody. `notice_minutes`: a slot that starts sooner than that is
    offered to nobody. `channels`: how people are told."""

    rank: str = LINE
    minutes: int = 15
    notice_minutes: int = 30
    channels: Plan = USUAL_PLAN

    @property
    def held_for(self) -> timedelta:
        """How long a slot is held for somebody."""
        return timedelta(minutes=self.minutes)

    @property
    def notice(self) -> timedelta:
        """How long before its start a slot is offered for the last time."""
        return timedelta(minutes=self.notice_minutes)

    def to_json(self) -> dict[str, Any]:
        """All of it, as `check` takes it."""
        return {
            "rank": self.rank,
            "minutes": self.minutes,
            "notice_minutes": self.notice_minutes,
            "channels": channel_plan.to_json(self.channels),
        }


USUAL = Terms()


def check(kept: Any, field: str = "waitlist") -> None:
    """Raises Invalid, naming the dotted field, unless every part that is given can be."""
    if not isinstance(kept, dict) or not set(kept) <= set(_CHECKS):
        raise Invalid(f"must be an object that may hold {', '.join(_CHECKS)}", field)
    for name, value in kept.items():
        _CHECKS[name](value, f"{field}.{name}")


def terms(kept: Mapping[str, Any]) -> Terms:
    """What is given, laid over what is usual. It must have passed `check`."""
    values = dict(kept)
    if "channels" in values:
        values["channels"] = channel_plan.read(values["channels"])
    return Terms(**values)


def _rank(value: Any, field: str) -> None:
    if value not in RANKS:
        raise Invalid(f"must be {' or '.join(RANKS)}", field)


def _minutes(value: Any, field: str) -> None:
    if type(value) is not int or not 1 <= value <= LONGEST_MINUTES:
        raise Invalid(f"must be a whole number from 1 to {LONGEST_MINUTES}", field)


def _channels(value: Any, field: str) -> None:
    channel_plan.read(value, field)


_CHECKS: dict[str, Callable[[Any, str], None]] = {
    "rank": _rank,
    "minutes": _minutes,
    "notice_minutes": _minutes,
    "channels": _channels,
}
