"""What an organization, or one invoice, wants of dunning: JSON laid over what is usual."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from gateway.domain import channel_plan
from gateway.domain.channel_plan import Plan, Step
from gateway.domain.errors import Invalid

MOST_STAGES = 20
LATEST_DAY = 3650
MOST_REMINDERS = 50
_TEMPLATE = re.compile(r"[a-z][a-z0-9_-]{0,119}", re.ASCII)
_AT = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


@dataclass(frozen=True)
class Stage:
    """What is sent once an invoice is so many days overdue. The days are its name."""

    days_overdue: int
    channels: Plan
    template: str

    def to_json(self) -> dict[str, Any]:
        """The stage as a policy holds it."""
        plan = channel_plan.to_json(self.channels)
        return {"days_overdue": self.days_overdue, "channels": plan, "template": self.template}


@dataclass(frozen=True)
class Rules:
    """When an invoice is reminded of: its stages by rising days overdue, each from `at` on by the
    clock of whoever owes; whole days on that clock between two reminders, and how many there are
    at the most, those that were asked for by hand included."""

    stages: tuple[Stage, ...]
    minimum_days_between: int = 3
    maximum: int = 5
    at: time = time(10)

    def to_json(self) -> dict[str, Any]:
        """The rules as a policy holds them."""
        return {
            "stages": [stage.to_json() for stage in self.stages],
            "minimum_days_between": self.minimum_days_between,
            "maximum": self.maximum,
            "at": f"{self.at:%H:%M}",
        }


_WRITE = (Step("sms", channel_plan.DELIVERED, 60), Step("email"))
USUAL = Rules(
    (
        Stage(1, _WRITE, "dunning"),
        Stage(8, _WRITE, "dunning_second"),
        Stage(15, _WRITE, "dunning_final"),
    )
)


def check(kept: Any, field: str = "dunning") -> None:
    """Raises Invalid, naming the dotted field, unless this is what a policy may say of dunning:
    any of stages, minimum_days_between, maximum, at; or None for no reminders at all."""
    if kept is None:
        return
    if not isinstance(kept, dict):
        raise Invalid("must be an object, or null for no reminders", field)
    for name, value in kept.items():
        where = f"{field}.{name}"
        if name == "stages":
            _check_stages(value, where)
        elif name == "minimum_days_between":
            _whole(value, 1, 365, where)
        elif name == "maximum":
            _whole(value, 1, MOST_REMINDERS, where)
        elif name != "at":
            raise Invalid("holds a name that is no part of dunning", field)
        elif not isinstance(value, str) or not _AT.fullmatch(value):
            raise Invalid("must be a time of day such as 10:00", where)


def from_json(kept: Mapping[str, Any] | None, over: Rules = USUAL) -> Rules:
    """The rules of a checked mapping; what it does not name is as in `over`. None: no stages."""
    if kept is None:
        return Rules(())
    stages = over.stages
    if "stages" in kept:
        stages = tuple(
            Stage(one["days_overdue"], channel_plan.read(one["channels"]), one["template"])
            for one in kept["stages"]
        )
    return Rules(
        stages,
        kept.get("minimum_days_between", over.minimum_days_between),
        kept.get("maximum", over.maximum),
        time.fromisoformat(kept["at"]) if "at" in kept else over.at,
    )


def _check_stages(value: Any, field: str) -> None:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_STAGES:
        raise Invalid(f"must be a list of 1 to {MOST_STAGES} stages", field)
    before = 0
    for index, one in enumerate(value):
        where = f"{field}.{index}"
        if not isinstance(one, dict) or set(one) != {"days_overdue", "channels", "template"}:
            raise Invalid("must be an object with days_overdue, channels, template", where)
        _whole(one["days_overdue"], 1, LATEST_DAY, f"{where}.days_overdue")
        if one["days_overdue"] <= before:
            raise Invalid("must be more than that of the stage before", f"{where}.days_overdue")
        before = one["days_overdue"]
        channel_plan.read(one["channels"], f"{where}.channels")
        if not isinstance(one["template"], str) or not _TEMPLATE.fullmatch(one["template"]):
            raise Invalid("must be the name of a template", f"{where}.template")


def _whole(value: Any, least: int, most: int, field: str) -> None:
    if type(value) is not int or not least <= value <= most:
        raise Invalid(f"must be a whole number from {least} to {most}", field)
