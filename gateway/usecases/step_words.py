"""Whether the words of a sequence's steps can be said, to anybody and to one person."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.domain.errors import Invalid
from gateway.domain.sequences import Step
from gateway.domain.templates import Unfillable
from gateway.domain.wording import Occasion
from gateway.models.contact import Contact
from gateway.usecases import wording
from gateway.usecases.accounts import Caller
from gateway.usecases.facts import address_of


def require_templates(caller: Caller, steps: Sequence[Step]) -> None:
    """Raises Invalid, naming the step, unless there is a template of the name that each gives, for
    each channel on which it is used."""
    for index, step in enumerate(steps):
        for channel in _by_template(step):
            if wording.find(caller.organization, step.template or "", channel, None) is None:
                raise Invalid(
                    f"there is no template of this name for {channel}", f"steps.{index}.template"
                )


def require_values(
    caller: Caller,
    steps: Sequence[Step],
    person: Contact,
    variables: Mapping[str, str],
    now: datetime,
) -> None:
    """Raises Invalid unless each step can be worded for this person on the channels on which they
    have an address."""
    for index, step in enumerate(steps):
        for channel in _by_template(step):
            if address_of(person, channel)[1]:
                _require(caller, step, index, channel, person, variables, now)


def require_address(steps: Sequence[Step], person: Contact) -> None:
    """Raises Invalid unless the person has an address for one channel at least of each step."""
    for step in steps:
        channels = [one.channel for one in step.channels]
        if not any(address_of(person, channel)[1] for channel in channels):
            missing = "email" if channels == ["email"] else "phone"
            raise Invalid("is required for a step of the sequence", f"contact.{missing}")


def _by_template(step: Step) -> list[str]:
    """The channels on which a step uses its template."""
    if step.template is None:
        return []
    own = {True: step.say, False: step.text}
    return [one.channel for one in step.channels if not own[one.channel == "voice"]]


def _require(
    caller: Caller,
    step: Step,
    index: int,
    channel: str,
    person: Contact,
    variables: Mapping[str, str],
    now: datetime,
) -> None:
    organization = caller.organization
    template = wording.find(organization, step.template or "", channel, person.locale)
    if template is None:
        raise Invalid(f"step {index + 1} has no template for {channel}", "contact.locale")
    about = Occasion(
        organization=organization.name,
        time_zone=person.time_zone or organization.time_zone,
        now=now,
        channel=channel,
        name=person.name,
        variables={**(step.variables or {}), **variables},
    )
    try:
        wording.compose(template, about, person.locale)
    except Unfillable as objection:
        raise Invalid(f"step {index + 1} by {channel}: {objection.detail}", "variables") from None
