"""On which channels one notification goes out, in which order, and what makes the next one
unnecessary."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.domain.errors import Invalid
from gateway.domain.lifecycle import AttemptState, CallState, MessageState

CHANNELS = ("voice", "whatsapp", "sms", "email")
DELIVERED, READ, ANSWERED = "delivered", "read", "answered"
UNLESS = (DELIVERED, READ, ANSWERED)
MOST_STEPS = 5
USUAL_MINUTES = 60
LONGEST_MINUTES = 10_080
# Who reports what: nobody tells of a text message or a call that it was read, and a message is not
# answered by somebody picking up.
_TELLS = {
    "voice": {DELIVERED, ANSWERED},
    "whatsapp": {DELIVERED, READ},
    "sms": {DELIVERED},
    "email": {DELIVERED, READ},
}
_KEYS = frozenset({"channel", "unless", "within_minutes"})
_HEARD = frozenset({CallState.IN_PROGRESS, CallState.COMPLETED})
_ARRIVED = frozenset({MessageState.DELIVERED, MessageState.READ})
_NOBODY = ("machine", "fax")


@dataclass(frozen=True)
class Step:
    """One channel of a plan. The next step starts unless `unless` came true within that many
    minutes of the carrier taking this one's attempt, and at once when the attempt fails for good
    or this channel can't be used. A step without `unless` is done with when it is taken."""

    channel: str
    unless: str | None = None
    within_minutes: int | None = None

    @property
    def key(self) -> str:
        """The step in at most 15 characters, the channel's name alone when it has no `unless`."""
        if self.unless is None:
            return self.channel
        return f"{self.channel}/{self.unless[0]}{self.within_minutes}"

    def to_json(self) -> dict[str, Any]:
        """The step as a notification's plan holds it."""
        return {name: value for name, value in vars(self).items() if value is not None}


Plan = tuple[Step, ...]


def satisfied(step: Step, state: AttemptState, answered_by: str | None = None) -> bool:
    """Whether what the step waits for is true of its attempt by now. `delivered`: the message
    arrived, the call was picked up, be it by an answering machine. `read`: the message was.
    `answered`: the call was picked up, and not by a machine (Twilio's AnsweredBy, where it is
    detected; else any answer counts). Without `unless` nothing is waited for: True."""
    if step.unless is None:
        return True
    if step.unless == READ:
        return state == MessageState.READ
    if step.unless == ANSWERED:
        return state in _HEARD and not (answered_by or "").startswith(_NOBODY)
    return state in _HEARD or state in _ARRIVED


def from_json(kept: Sequence[dict[str, Any]]) -> Plan:
    """The plan that `to_json` of each step kept."""
    return tuple(Step(**item) for item in kept)


def to_json(plan: Plan) -> list[dict[str, Any]]:
    """The plan as a notification holds it."""
    return [step.to_json() for step in plan]


def read(items: Any, field: str = "channels") -> Plan:
    """A plan as clients write it: a list of channels, each a name or an object with channel,
    unless and within_minutes. Every step but the last waits for `delivered`, an hour long, unless
    it says otherwise. Raises Invalid, naming the dotted field."""
    if not isinstance(items, list):
        raise Invalid("must be a list of channels", field)
    steps = [_step(item, f"{field}.{index}") for index, item in enumerate(items)]
    waiting = [_waiting(step) for step in steps[:-1]]
    last = steps[-1:]
    if last and last[0] != Step(last[0].channel):
        last = [_waiting(last[0])]
    plan = (*waiting, *last)
    check(plan, field)
    return plan


def _step(item: Any, field: str) -> Step:
    if isinstance(item, str):
        return Step(item)
    if not isinstance(item, dict) or not set(item) <= _KEYS or "channel" not in item:
        raise Invalid("must be a channel, or an object with channel, unless, within_minutes", field)
    return Step(**item)


def _waiting(step: Step) -> Step:
    minutes = USUAL_MINUTES if step.within_minutes is None else step.within_minutes
    return Step(step.channel, DELIVERED if step.unless is None else step.unless, minutes)


def check(plan: Sequence[Step], field: str = "channels") -> None:
    """Raises Invalid unless it is one to five steps, no channel twice, each but the last with
    something to wait for that its channel can tell, within a minute to a week."""
    if not 1 <= len(plan) <= MOST_STEPS:
        raise Invalid(f"must name 1 to {MOST_STEPS} channels", field)
    for index, step in enumerate(plan):
        _check_step(step, f"{field}.{index}")
        if step.unless is None and index < len(plan) - 1:
            raise Invalid("is missing: only the last step may lack it", f"{field}.{index}.unless")
        if step.channel in [earlier.channel for earlier in plan[:index]]:
            raise Invalid("is there twice", f"{field}.{index}.channel")


def _check_step(step: Step, field: str) -> None:
    if not isinstance(step.channel, str) or step.channel not in CHANNELS:
        raise Invalid(f"must be one of {', '.join(CHANNELS)}", f"{field}.channel")
    if step.unless is None:
        if step.within_minutes is not None:
            raise Invalid("is only for a step with unless", f"{field}.within_minutes")
        return
    if not isinstance(step.unless, str) or step.unless not in _TELLS[step.channel]:
        told = " or ".join(name for name in UNLESS if name in _TELLS[step.channel])
        raise Invalid(f"must be {told} on this channel", f"{field}.unless")
    minutes = step.within_minutes
    if type(minutes) is not int or not 1 <= minutes <= LONGEST_MINUTES:
        raise Invalid(
            f"must be a whole number from 1 to {LONGEST_MINUTES}", f"{field}.within_minutes"
        )
