"""Sequences of steps: which one is next for somebody who has been told some of them, and when."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from gateway.domain import channel_plan
from gateway.domain.channel_plan import Plan
from gateway.domain.outcomes import Reason

MOST_STEPS = 50
LONGEST_MINUTES = 1_051_200  # two years
# What people do that ends a sequence for them, unless it says otherwise.
LEAVE_ON = (str(Reason.BOOKED), str(Reason.REPLIED), str(Reason.OPTED_OUT))
SOONEST = timedelta(minutes=1)  # between two looks at what is still under way
SELDOM = timedelta(hours=6)
WORDS = ("say", "text", "subject", "template", "variables")


class Progress(StrEnum):
    """Where somebody stands with one step."""

    DONE = "done"  # its notification was made
    NEXT = "next"
    AHEAD = "ahead"
    SKIPPED = "skipped"  # put before one that was done already
    UNUSED = "unused"  # the enrolment ended before it


@dataclass(frozen=True)
class Step:
    """One thing to tell, `after_minutes` after the one before has left (the first one: after the
    enrolment). Its id is its own for good: whatever else is changed, nobody gets it twice."""

    id: str
    after_minutes: int
    channels: Plan
    say: str | None = None
    text: str | None = field(default=None, repr=False)
    subject: str | None = None
    template: str | None = None
    variables: Mapping[str, str] | None = field(default=None, repr=False)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Step":
        """The step that `to_json` kept."""
        return cls(**{**kept, "channels": channel_plan.from_json(kept["channels"])})

    def to_json(self) -> dict[str, Any]:
        """The step as a sequence holds it."""
        known = {name: value for name, value in vars(self).items() if value is not None}
        return {**known, "channels": channel_plan.to_json(self.channels)}

    def due_at(self, since: datetime) -> datetime:
        """When it is due if the step before left at `since`."""
        return since + timedelta(minutes=self.after_minutes)

    def wording(self, variables: Mapping[str, str]) -> dict[str, Any]:
        """Its words as a notification keeps them; a person's own values come before its own."""
        own = {name: value for name in WORDS if (value := getattr(self, name))}
        values = {**(self.variables or {}), **variables}
        return {**own, "variables": values} if self.template and values else own


def next_step(steps: Sequence[Step], done: Collection[str]) -> Step | None:
    """The step after the last of those in the list that were done; None when there is none. Steps
    come in the order of the list: one that was put before a done one is not made up for."""
    following = _reached(steps, done)
    return steps[following] if following < len(steps) else None


def _reached(steps: Sequence[Step], done: Collection[str]) -> int:
    return max((index + 1 for index, step in enumerate(steps) if step.id in done), default=0)


def progress(steps: Sequence[Step], done: Sequence[str], *, over: bool) -> dict[str, Progress]:
    """Where somebody stands with each step, in order: first those that were done and are not in
    the sequence any more."""
    listed = {step.id for step in steps}
    found = {id_: Progress.DONE for id_ in done if id_ not in listed}
    following = _reached(steps, done)
    for index, step in enumerate(steps):
        if step.id in done:
            found[step.id] = Progress.DONE
        elif index < following:
            found[step.id] = Progress.SKIPPED
        elif over:
            found[step.id] = Progress.UNUSED
        else:
            found[step.id] = Progress.NEXT if index == following else Progress.AHEAD
    return found


def look_again(following: Step | None, since: datetime, now: datetime) -> datetime:
    """When to look again at a step that has not left yet, or after which none follows and whose
    end is waited for. The next one can't be due before its minutes have passed from now; for an
    end it is looked less and less often."""
    if following is not None:
        return max(following.due_at(now), now + SOONEST)
    return now + min(max((now - since) / 2, SOONEST), SELDOM)
